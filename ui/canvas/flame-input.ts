import type { Direction } from '../model/flame-rows.ts'
import type { FlamePlace } from './flame-canvas.ts'

/** A change of what is in sight. */
export interface FlameMove {
  /** Of the width in sight: below 1 is closer. */
  readonly zoom?: number
  /** Sideways, by a share of what is in sight. */
  readonly pan?: number
  /** Down by so many levels. */
  readonly scroll?: number
  /** Where a zoom holds on to, in client pixels; else the focused frame. */
  readonly at?: number
}

export interface FlameActions {
  readonly rowUnder: (at: FlamePlace) => number
  readonly isUp: () => boolean
  readonly hover: (row: number, at: FlamePlace) => void
  readonly click: (row: number) => void
  /** Without a place the menu belongs to the focused frame. */
  readonly menu: (row: number, at: FlamePlace | undefined) => void
  readonly step: (direction: Direction) => void
  readonly enter: () => void
  readonly leave: () => void
  readonly move: (move: FlameMove) => void
}

/** Pointer, wheel and keys on a flame graph; gives a function that ends it. */
export function listenToFlame(host: HTMLElement, canvas: HTMLElement, act: FlameActions): () => void {
  const abort = new AbortController()
  const { signal } = abort
  let pressed: (FlamePlace & { readonly scrollTop: number }) | undefined
  let isDragging = false
  let last = { x: 0, y: 0 }
  const placeOf = (event: MouseEvent): FlamePlace => ({ x: event.clientX, y: event.clientY })

  canvas.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return
      pressed = { ...placeOf(event), scrollTop: host.scrollTop }
      last = placeOf(event)
      isDragging = false
    },
    { signal },
  )
  canvas.addEventListener(
    'pointermove',
    (event) => {
      const at = placeOf(event)
      if (pressed === undefined || event.buttons === 0) {
        act.hover(act.rowUnder(at), at)
        return
      }
      if (!isDragging && Math.hypot(at.x - pressed.x, at.y - pressed.y) < dragPx) return
      if (!isDragging) canvas.setPointerCapture(event.pointerId)
      isDragging = true
      canvas.style.cursor = 'grabbing'
      act.move({ pan: (last.x - at.x) / canvas.clientWidth })
      host.scrollTop = pressed.scrollTop + pressed.y - at.y
      last = at
    },
    { signal },
  )
  canvas.addEventListener('pointerleave', () => act.hover(-1, { x: 0, y: 0 }), { signal })
  canvas.addEventListener(
    'click',
    (event) => {
      if (!isDragging) act.click(act.rowUnder(placeOf(event)))
      pressed = undefined
      isDragging = false
    },
    { signal },
  )
  canvas.addEventListener(
    'contextmenu',
    (event) => {
      const at = placeOf(event)
      const row = act.rowUnder(at)
      if (row < 0) return
      event.preventDefault()
      act.menu(row, at)
    },
    { signal },
  )
  host.addEventListener(
    'wheel',
    (event) => {
      if (event.ctrlKey || event.metaKey) act.move({ zoom: Math.exp(event.deltaY / 300), at: event.clientX })
      else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        act.move({ pan: (event.deltaX || event.deltaY) / canvas.clientWidth })
      } else return
      event.preventDefault()
    },
    { signal, passive: false },
  )
  host.addEventListener(
    'keydown',
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const key = event.key
      if (key === 'ContextMenu' || (event.shiftKey && key === 'F10') || key === '.') act.menu(-1, undefined)
      else if (key === 'Enter') act.enter()
      else if (key === 'Backspace') act.leave()
      else if (key in moves) act.move(moves[key]!)
      else if (key in arrows) act.step(arrows[key]![act.isUp() ? 1 : 0])
      else return
      event.preventDefault()
    },
    { signal },
  )
  return () => abort.abort()
}

const dragPx = 4

/** Away from the root is down, or up where the root is at the bottom. */
const arrows: Readonly<Record<string, readonly [down: Direction, up: Direction]>> = {
  ArrowUp: ['in', 'out'],
  ArrowDown: ['out', 'in'],
  ArrowLeft: ['left', 'left'],
  ArrowRight: ['right', 'right'],
}

const moves: Readonly<Record<string, FlameMove>> = {
  '+': { zoom: 0.7 },
  '=': { zoom: 0.7 },
  '-': { zoom: 1 / 0.7 },
  a: { pan: -0.2 },
  d: { pan: 0.2 },
  w: { scroll: -3 },
  s: { scroll: 3 },
}
