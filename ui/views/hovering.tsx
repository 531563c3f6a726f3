import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export interface HoverPlace {
  readonly x: number
  readonly y: number
}

/** A note beside the pointer, kept within the window. */
export function Hovering({
  at,
  children,
}: {
  readonly at: HoverPlace
  readonly children: ComponentChildren
}) {
  const note = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = note.current
    if (element === null) return
    const { width, height } = element.getBoundingClientRect()
    const left = at.x + 14 + width > innerWidth - 8 ? Math.max(8, at.x - width - 14) : at.x + 14
    const top = at.y + 18 + height > innerHeight - 8 ? Math.max(8, at.y - height - 12) : at.y + 18
    element.style.transform = `translate(${left}px, ${top}px)`
  })
  return (
    <div class="hovering" ref={note} aria-hidden="true">
      {children}
    </div>
  )
}
