import { useEffect, useRef, useState } from 'preact/hooks'
import { useStore } from '../store.ts'
import { ErrorNotice, Loading } from './notices.tsx'

const sizes = [20, 40, 80, 120, 200] as const

interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** The call graph as Graphviz draws it, in a worker; moved with the pointer, the wheel or the buttons. */
export function GraphTab() {
  const store = useStore()
  const { data: svg, error, loading } = store.view.graph.value
  const nodes = Number(store.url.value.nodes || 80)
  const size = Math.max(
    0,
    sizes.findIndex((count) => count >= nodes),
  )
  const host = useRef<HTMLDivElement>(null)
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 })
  useEffect(() => {
    const element = host.current
    if (element === null || svg === undefined) return
    // Parsed rather than set as HTML: names in it are not ours.
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement
    const drawing = document.importNode(parsed, true)
    drawing.setAttribute('role', 'img')
    drawing.setAttribute('aria-label', 'Call graph; the table of functions says the same in text')
    const width = Number.parseFloat(drawing.getAttribute('width') ?? '1') * ptToPx
    const height = Number.parseFloat(drawing.getAttribute('height') ?? '1') * ptToPx
    drawing.setAttribute('width', `${width}px`)
    drawing.setAttribute('height', `${height}px`)
    for (const link of drawing.querySelectorAll('a')) {
      for (const name of ['href', 'xlink:href']) link.removeAttribute(name)
    }
    element.replaceChildren(drawing)
    fitNames(drawing)
    const scale = Math.min(1.2, element.clientWidth / width, Math.max(0.35, element.clientHeight / height))
    setView({ x: Math.max(0, (element.clientWidth - width * scale) / 2), y: 8, scale })
  }, [svg])
  useEffect(() => {
    const drawing = host.current?.firstElementChild
    if (drawing instanceof SVGElement)
      drawing.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`
  }, [view, svg])
  const zoom = (factor: number, at?: { readonly x: number; readonly y: number }) =>
    setView(({ x, y, scale }) => {
      const element = host.current
      const point = at ?? { x: (element?.clientWidth ?? 0) / 2, y: (element?.clientHeight ?? 0) / 2 }
      const next = Math.min(4, Math.max(0.05, scale * factor))
      const ratio = next / scale
      return { x: point.x - (point.x - x) * ratio, y: point.y - (point.y - y) * ratio, scale: next }
    })
  const pan = (dx: number, dy: number) => setView(({ x, y, scale }) => ({ x: x + dx, y: y + dy, scale }))
  useGraphPointer(host, { zoom, pan, pick: (name) => store.go({ fn: name }, { replace: true }) })
  return (
    <div class={`views graph-tab${loading ? ' is-loading' : ''}`}>
      <div class="graph-tools">
        <label class="field">
          <span>Nodes</span>
          <input
            type="range"
            min={0}
            max={sizes.length - 1}
            step={1}
            value={size}
            aria-valuetext={`${sizes[size]} nodes`}
            onChange={(event) =>
              store.go({ nodes: String(sizes[Number(event.currentTarget.value)] ?? 80) }, { replace: true })
            }
          />
          <output>{sizes[size]}</output>
        </label>
        <div class="group" role="group" aria-label="Zoom">
          <button type="button" class="button button-icon" aria-label="Wider" onClick={() => zoom(1 / 1.3)}>
            −
          </button>
          <button type="button" class="button button-icon" aria-label="Closer" onClick={() => zoom(1.3)}>
            +
          </button>
        </div>
        <span class="hint">Drag to move, wheel to zoom, click a box to mark it</span>
      </div>
      {error !== undefined && <ErrorNotice error={error} />}
      {svg === undefined && error === undefined && <Loading what="Drawing the graph…" />}
      <div
        class="graph"
        ref={host}
        hidden={svg === undefined}
        tabIndex={0}
        role="region"
        aria-label="Call graph. Arrow keys move it, plus and minus zoom."
        onKeyDown={(event) => {
          const step: Readonly<Record<string, readonly [number, number]>> = {
            ArrowLeft: [60, 0],
            ArrowRight: [-60, 0],
            ArrowUp: [0, 60],
            ArrowDown: [0, -60],
          }
          const by = step[event.key]
          if (by !== undefined) pan(...by)
          else if (event.key === '+' || event.key === '=') zoom(1.3)
          else if (event.key === '-') zoom(1 / 1.3)
          else return
          event.preventDefault()
        }}
      />
    </div>
  )
}

/** Graphviz reckons with letters of its own: what is wider in this browser's is pressed into its box. */
function fitNames(drawing: Element): void {
  for (const node of drawing.querySelectorAll<SVGGElement>('g.node')) {
    const box = node.querySelector('polygon')?.getBBox()
    if (box === undefined) continue
    for (const text of node.querySelectorAll('text')) {
      const room = box.width - 6
      if (text.getComputedTextLength() <= room) continue
      text.setAttribute('textLength', String(room))
      text.setAttribute('lengthAdjust', 'spacingAndGlyphs')
    }
  }
}

/** Graphviz counts in points. */
const ptToPx = 4 / 3

function useGraphPointer(
  host: { readonly current: HTMLDivElement | null },
  act: {
    readonly zoom: (factor: number, at: { readonly x: number; readonly y: number }) => void
    readonly pan: (dx: number, dy: number) => void
    readonly pick: (name: string) => void
  },
): void {
  const latest = useRef(act)
  latest.current = act
  useEffect(() => {
    const element = host.current
    if (element === null) return
    const abort = new AbortController()
    const { signal } = abort
    let moved = 0
    element.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault()
        const box = element.getBoundingClientRect()
        const at = { x: event.clientX - box.left, y: event.clientY - box.top }
        latest.current.zoom(Math.exp(-event.deltaY / 400), at)
      },
      { signal, passive: false },
    )
    element.addEventListener('pointerdown', () => (moved = 0), { signal })
    element.addEventListener(
      'pointermove',
      (event) => {
        if (event.buttons !== 1) return
        moved += Math.abs(event.movementX) + Math.abs(event.movementY)
        if (moved > 4) element.setPointerCapture(event.pointerId)
        latest.current.pan(event.movementX, event.movementY)
      },
      { signal },
    )
    element.addEventListener(
      'click',
      (event) => {
        if (moved > 4) return
        const node = event.target instanceof Element ? event.target.closest('g.node') : null
        const name = node === null ? undefined : nodeName(node)
        if (name !== undefined) latest.current.pick(name)
      },
      { signal },
    )
    return () => abort.abort()
  }, [])
}

/** pprof's DOT says the whole name in the tooltip, its value in brackets behind it. */
function nodeName(node: Element): string | undefined {
  const tooltip = node.querySelector('a')?.getAttributeNS('http://www.w3.org/1999/xlink', 'title')
  return tooltip?.replace(/ \([^()]*\)$/, '')
}
