import type { FlameLayout } from '../model/flame-layout.ts'
import { ancestors, frameName } from '../model/flame-rows.ts'
import { shortName } from '../model/frame-colors.ts'

/** Where the zoom is: each caller is a way back. */
export function FlameCrumbs(props: {
  readonly layout: FlameLayout
  readonly zoom: number
  readonly zoomTo: (row: number) => void
  /** Of the flame graph. */
  readonly label: string
}) {
  const { layout, zoom, zoomTo } = props
  const label = `Zoomed to: ${props.label}`
  const path = ancestors(layout, zoom)
  const shown = path.length > 5 ? [path[0]!, -1, ...path.slice(-3)] : path
  if (zoom === 0) {
    return (
      <nav class="crumbs" aria-label={label}>
        <span class="hint">Click a frame to zoom in, right-click for more</span>
      </nav>
    )
  }
  return (
    <nav class="crumbs" aria-label={label}>
      <ol>
        {shown.map((row) => (
          <li key={row}>
            {row < 0 ? (
              <span class="muted">…</span>
            ) : row === zoom ? (
              <span aria-current="location" title={frameName(layout, row)}>
                {shortName(frameName(layout, row))}
              </span>
            ) : (
              <button type="button" title={frameName(layout, row)} onClick={() => zoomTo(row)}>
                {shortName(frameName(layout, row))}
              </button>
            )}
          </li>
        ))}
      </ol>
      <button
        type="button"
        class="button button-small button-primary"
        title="Reset the zoom (0)"
        onClick={() => zoomTo(0)}
      >
        Reset zoom
      </button>
    </nav>
  )
}
