import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** A button that opens a small panel below itself; Escape and a click elsewhere close it. */
export function Popover(props: {
  readonly label: ComponentChildren
  readonly title: string
  readonly class?: string
  readonly align?: 'left' | 'right'
  readonly children: (close: () => void) => ComponentChildren
}) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!open) return
    const onDown = (event: PointerEvent) => {
      if (!(event.target instanceof Node && root.current?.contains(event.target))) setOpen(false)
    }
    addEventListener('pointerdown', onDown)
    root.current?.querySelector<HTMLElement>('.popover input, .popover button, .popover a')?.focus()
    return () => removeEventListener('pointerdown', onDown)
  }, [open])
  const close = () => {
    setOpen(false)
    button.current?.focus()
  }
  return (
    <div
      class={`popover-root ${props.class ?? ''}`}
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return
        event.preventDefault()
        event.stopPropagation()
        close()
      }}
    >
      <button
        ref={button}
        type="button"
        class="button"
        title={props.title}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {props.label}
      </button>
      {open && (
        <div class={`popover popover-${props.align ?? 'right'}`} role="dialog" aria-label={props.title}>
          {props.children(close)}
        </div>
      )}
    </div>
  )
}
