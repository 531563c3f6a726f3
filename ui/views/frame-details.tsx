import { differenceWords, formatChange } from '../model/difference.ts'
import { type FlameLayout, valuesOf } from '../model/flame-layout.ts'
import { frameName } from '../model/flame-rows.ts'
import { formatShare, formatValue } from '../model/format.ts'
import type { FlameHead } from '../workers/flame-messages.ts'
import { type DifferenceView, rowDifference } from './difference-view.ts'

/** What hovers beside a frame. */
export function FrameDetails(props: {
  readonly layout: FlameLayout
  readonly row: number
  readonly head: FlameHead
  readonly file: string | undefined
  readonly zoom: number
  readonly difference: DifferenceView | undefined
}) {
  const { layout, row, head, file, zoom, difference } = props
  const { unit } = head
  const root = layout.total[0] || 1
  const total = layout.total[row]!
  const self = layout.self[row]!
  const share = (value: number) => formatShare(value / root)
  return (
    <>
      <strong class="frame-name">{frameName(layout, row)}</strong>
      {file !== undefined && file !== '' && <span class="muted frame-file">{file}</span>}
      {layout.rest.has(row) && <span class="muted">click or Enter loads them</span>}
      {difference === undefined ? (
        <dl class="hover-facts">
          <dt>total</dt>
          <dd>{formatValue(total, unit)}</dd>
          <dd>{share(total)}</dd>
          <dt>self</dt>
          <dd>{formatValue(self, unit)}</dd>
          <dd>{share(self)}</dd>
          {zoom > 0 && row !== zoom && total <= layout.total[zoom]! && (
            <>
              <dt>of zoom</dt>
              <dd />
              <dd>{formatShare(total / (layout.total[zoom] || 1))}</dd>
            </>
          )}
        </dl>
      ) : (
        <ComparedFacts layout={layout} row={row} head={head} difference={difference} />
      )}
    </>
  )
}

function ComparedFacts(props: {
  readonly layout: FlameLayout
  readonly row: number
  readonly head: FlameHead
  readonly difference: DifferenceView
}) {
  const { layout, row, head, difference } = props
  const values = valuesOf(layout, row)
  const change = rowDifference(layout, row, difference)
  const { format } = difference
  return (
    <>
      <span class={`change change-${change.kind}`}>
        {differenceWords(change, head.type, head.unit)}
        {change.kind === 'same' ? '' : ` (${formatChange(values.baseTotal, values.total)})`}
      </span>
      <dl class="hover-facts hover-facts-4">
        <dt />
        <dd class="muted">A</dd>
        <dd class="muted">B</dd>
        <dd class="muted">Δ</dd>
        <dt>total</dt>
        <dd>{format(values.baseTotal)}</dd>
        <dd>{format(values.total)}</dd>
        <dd>{signed(values.total - values.baseTotal, format)}</dd>
        <dt>self</dt>
        <dd>{format(values.baseSelf)}</dd>
        <dd>{format(values.self)}</dd>
        <dd>{signed(values.self - values.baseSelf, format)}</dd>
      </dl>
    </>
  )
}

/** With its sign, which colour alone must not say. */
export function signed(delta: number, format: (value: number) => string): string {
  if (delta === 0) return '0'
  return `${delta > 0 ? '+' : '−'}${format(Math.abs(delta))}`
}

/** The same in one sentence, for screen readers. */
export function frameWords(
  layout: FlameLayout,
  row: number,
  options: { readonly head: FlameHead; readonly difference: DifferenceView | undefined },
): string {
  const { head, difference } = options
  const name = frameName(layout, row)
  if (difference !== undefined) {
    const { total, baseTotal } = valuesOf(layout, row)
    const words = differenceWords(rowDifference(layout, row, difference), head.type, head.unit)
    return `${name}: ${words}; A ${difference.format(baseTotal)}, B ${difference.format(total)}`
  }
  const root = layout.total[0] || 1
  const total = layout.total[row]!
  return `${name}: total ${formatValue(total, head.unit)}, ${formatShare(total / root)}; self ${formatValue(layout.self[row]!, head.unit)}`
}
