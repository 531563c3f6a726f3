import { formatChange } from '../model/difference.ts'
import { type FlameLayout, valuesOf } from '../model/flame-layout.ts'
import { childRows, frameName } from '../model/flame-rows.ts'
import { formatShare, formatValue } from '../model/format.ts'
import type { FlameHead } from '../workers/flame-messages.ts'
import type { DifferenceView } from './difference-view.ts'

const shownAtMost = 100

/** The flame graph as a table: a frame and those next to it, away from the root. Closed until somebody wants it. */
export function FrameTable(props: {
  readonly layout: FlameLayout
  readonly row: number
  readonly head: FlameHead
  readonly difference: DifferenceView | undefined
  readonly onZoom: (row: number) => void
  readonly onFocus: (row: number) => void
}) {
  const { layout, row, onZoom, onFocus } = props
  const { from, to } = childRows(layout, row)
  const rows = Array.from({ length: Math.min(shownAtMost, to - from) }, (_, index) => from + index)
  return (
    <details class="frame-table">
      <summary>Frames as a table</summary>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Frames as a table">
        <table class="table">
          <caption>
            {frameName(layout, row)} and the {to - from} frames next to it
          </caption>
          <thead>
            <tr>
              <th scope="col">Frame</th>
              {props.difference === undefined ? (
                <>
                  <th scope="col" class="number">
                    Total
                  </th>
                  <th scope="col" class="number">
                    Share
                  </th>
                  <th scope="col" class="number">
                    Self
                  </th>
                </>
              ) : (
                ['A', 'B', 'Δ %'].map((title) => (
                  <th key={title} scope="col" class="number">
                    {title}
                  </th>
                ))
              )}
              <th scope="col">
                <span class="visually-hidden">Zoom</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {[row, ...rows].map((one, index) => (
              <tr key={one}>
                <th scope="row" class={index === 0 ? 'frame-table-first' : 'frame-table-child'}>
                  <button type="button" class="link-button" onClick={() => onFocus(one)}>
                    {frameName(layout, one)}
                  </button>
                </th>
                <Values {...props} row={one} />
                <td>
                  <button type="button" class="button button-small" onClick={() => onZoom(one)}>
                    {layout.rest.has(one) ? 'Load' : 'Zoom'}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {to - from > rows.length && <p class="hint">The {shownAtMost} widest are shown.</p>}
      {layout.parent[row]! >= 0 && (
        <button type="button" class="button button-small" onClick={() => onFocus(layout.parent[row]!)}>
          Back to {frameName(layout, layout.parent[row]!)}
        </button>
      )}
    </details>
  )
}

function Values(props: {
  readonly layout: FlameLayout
  readonly row: number
  readonly head: FlameHead
  readonly difference: DifferenceView | undefined
}) {
  const { layout, row, head, difference } = props
  if (difference !== undefined) {
    const { total, baseTotal } = valuesOf(layout, row)
    return (
      <>
        <td class="number">{difference.format(baseTotal)}</td>
        <td class="number">{difference.format(total)}</td>
        <td class="number">{formatChange(baseTotal, total)}</td>
      </>
    )
  }
  return (
    <>
      <td class="number">{formatValue(layout.total[row]!, head.unit)}</td>
      <td class="number">{formatShare(layout.total[row]! / (layout.total[0] || 1))}</td>
      <td class="number">{formatValue(layout.self[row]!, head.unit)}</td>
    </>
  )
}
