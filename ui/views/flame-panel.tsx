import { useEffect, useRef, useState } from 'preact/hooks'
import { createFlameCanvas, type FlameCanvas, type FlameScene, rowHeightPx } from '../canvas/flame-canvas.ts'
import { ancestors, type FlameLayout, findPath, formatPath } from '../model/flame-layout.ts'
import { formatShare, formatValue } from '../model/format.ts'
import { shortName } from '../model/frame-colors.ts'
import { useStore } from '../store.ts'
import { Hovering, type HoverPlace } from './hovering.tsx'
import { useMatches } from './search-box.tsx'

export function FlamePanel(props: {
  readonly layout: FlameLayout
  readonly unit: string
  readonly files: ReadonlyMap<string, string>
}) {
  const { layout, unit, files } = props
  const store = useStore()
  const matches = useMatches(layout)
  const zoom = Math.max(0, findPath(layout, store.url.value.zoom))
  const [hover, setHover] = useState<{ readonly row: number; readonly at: HoverPlace }>()
  const [focused, setFocused] = useState<number>()
  const zoomTo = (row: number) => store.go({ zoom: row <= 0 ? '' : formatPath(layout, row) })
  const host = useRef<HTMLDivElement>(null)
  const canvas = useRef<FlameCanvas | undefined>(undefined)
  const latest = useRef({ zoomTo, setHover, setFocused })
  latest.current = { zoomTo, setHover, setFocused }
  useEffect(() => {
    if (host.current === null) return
    const created = createFlameCanvas(host.current, {
      onHover: (row, at) => latest.current.setHover(row === undefined ? undefined : { row, at }),
      onFocus: (row) => latest.current.setFocused(row),
      onZoom: (row) => latest.current.zoomTo(row),
    })
    canvas.current = created
    return () => created.close()
  }, [])
  const dark = store.dark.value
  const marked = matches?.names
  useEffect(() => {
    const scene: FlameScene = { layout, zoom, marked, dark, files }
    canvas.current?.show(scene)
  }, [layout, zoom, marked, dark, files])
  useEffect(() => {
    setHover(undefined)
    setFocused(undefined)
  }, [layout])
  return (
    <div class="flame">
      <Crumbs layout={layout} zoom={zoom} zoomTo={zoomTo} />
      <div
        ref={host}
        class="flame-host"
        style={{ height: `${layout.levels.length * rowHeightPx}px` }}
        tabIndex={0}
        role="application"
        aria-label="Flame graph. Arrow keys move between frames, Enter zooms in, Backspace zooms out. The table of functions says the same in text."
      />
      <p class="visually-hidden" aria-live="polite">
        {focused === undefined || focused >= layout.name.length ? '' : frameWords(layout, focused, unit)}
      </p>
      {hover !== undefined && hover.row < layout.name.length && (
        <Hovering at={hover.at}>
          <FrameDetails
            layout={layout}
            row={hover.row}
            unit={unit}
            file={files.get(nameOf(layout, hover.row))}
            zoom={zoom}
          />
        </Hovering>
      )}
    </div>
  )
}

/** Where the zoom is: each caller is a way back. */
function Crumbs(props: {
  readonly layout: FlameLayout
  readonly zoom: number
  readonly zoomTo: (row: number) => void
}) {
  const { layout, zoom, zoomTo } = props
  const path = ancestors(layout, zoom)
  const shown = path.length > 5 ? [path[0]!, -1, ...path.slice(-3)] : path
  return (
    <nav class="crumbs" aria-label="Zoomed to">
      {zoom === 0 ? (
        <span class="hint">Click a frame to zoom in</span>
      ) : (
        <>
          <ol>
            {shown.map((row) => (
              <li key={row}>
                {row < 0 ? (
                  <span class="muted">…</span>
                ) : row === zoom ? (
                  <span aria-current="location" title={nameOf(layout, row)}>
                    {shortName(nameOf(layout, row))}
                  </span>
                ) : (
                  <button type="button" title={nameOf(layout, row)} onClick={() => zoomTo(row)}>
                    {shortName(nameOf(layout, row))}
                  </button>
                )}
              </li>
            ))}
          </ol>
          <button
            type="button"
            class="button button-small"
            title="Reset the zoom (0)"
            onClick={() => zoomTo(0)}
          >
            Reset zoom
          </button>
        </>
      )}
    </nav>
  )
}

function FrameDetails(props: {
  readonly layout: FlameLayout
  readonly row: number
  readonly unit: string
  readonly file: string | undefined
  readonly zoom: number
}) {
  const { layout, row, unit, file, zoom } = props
  const root = layout.total[0] || 1
  const total = layout.total[row]!
  const self = layout.self[row]!
  return (
    <>
      <strong class="frame-name">{nameOf(layout, row)}</strong>
      {file !== undefined && file !== '' && <span class="muted frame-file">{file}</span>}
      <dl class="hover-facts">
        <dt>total</dt>
        <dd>{formatValue(total, unit)}</dd>
        <dd>{formatShare(total / root)}</dd>
        <dt>self</dt>
        <dd>{formatValue(self, unit)}</dd>
        <dd>{formatShare(self / root)}</dd>
        {zoom > 0 && row !== zoom && total <= layout.total[zoom]! && (
          <>
            <dt>of zoom</dt>
            <dd />
            <dd>{formatShare(total / (layout.total[zoom] || 1))}</dd>
          </>
        )}
      </dl>
    </>
  )
}

function frameWords(layout: FlameLayout, row: number, unit: string): string {
  const root = layout.total[0] || 1
  const total = layout.total[row]!
  return `${nameOf(layout, row)}: total ${formatValue(total, unit)}, ${formatShare(total / root)}; self ${formatValue(layout.self[row]!, unit)}`
}

function nameOf(layout: FlameLayout, row: number): string {
  return layout.names[layout.name[row] ?? -1] ?? ''
}
