import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { useStore } from '../store.ts'
import { frameActions } from './frame-actions.ts'
import type { HoverPlace } from './hovering.tsx'

/** What can be done with a frame, at a place on the screen. Escape and a click elsewhere close it. */
export function FrameMenu(props: {
  readonly name: string
  readonly at: HoverPlace
  readonly onZoom: (() => void) | undefined
  readonly onClose: () => void
}) {
  const { name, at, onZoom, onClose } = props
  const store = useStore()
  const menu = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = menu.current
    if (element === null) return
    const { width, height } = element.getBoundingClientRect()
    element.style.left = `${Math.max(8, Math.min(at.x, innerWidth - width - 8))}px`
    element.style.top = `${Math.max(8, Math.min(at.y, innerHeight - height - 8))}px`
    element.querySelector<HTMLElement>('[role="menuitem"]')?.focus()
  }, [at])
  useEffect(() => {
    const onDown = (event: PointerEvent) => {
      if (!(event.target instanceof Node && menu.current?.contains(event.target))) onClose()
    }
    const onScroll = () => onClose()
    addEventListener('pointerdown', onDown)
    addEventListener('resize', onScroll)
    return () => {
      removeEventListener('pointerdown', onDown)
      removeEventListener('resize', onScroll)
    }
  }, [onClose])
  const items = () => [...(menu.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])]
  const onKeyDown = (event: KeyboardEvent) => {
    const all = items()
    const index = all.indexOf(document.activeElement as HTMLElement)
    const to: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1 + all.length,
      Home: 0,
      End: all.length - 1,
    }
    if (event.key === 'Escape' || event.key === 'Tab') onClose()
    else if (event.key in to) all[to[event.key]! % all.length]?.focus()
    else {
      const action = frameActions.find(({ key }) => key !== '' && key === event.key)
      if (action === undefined) {
        event.stopPropagation()
        return
      }
      onClose()
      action.run(store, name)
    }
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div class="frame-menu" role="menu" tabIndex={-1} aria-label={name} ref={menu} onKeyDown={onKeyDown}>
      <p class="frame-menu-name" aria-hidden="true">
        {name}
      </p>
      {onZoom !== undefined && (
        <button
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            onClose()
            onZoom()
          }}
        >
          Zoom in <kbd>Enter</kbd>
        </button>
      )}
      {frameActions.map(({ title, key, run }) => (
        <button
          key={title}
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            onClose()
            run(store, name)
          }}
        >
          {title} {key !== '' && <kbd>{key}</kbd>}
        </button>
      ))}
    </div>
  )
}
