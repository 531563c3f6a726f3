import { diffColor, diffStep } from '../model/diff-colors.ts'
import { differenceOf, formatChange } from '../model/difference.ts'
import type { Order, Row } from '../model/table-rows.ts'
import { measureOf } from '../model/table-rows.ts'
import { useStore } from '../store.ts'
import type { DifferenceView } from './difference-view.ts'
import { signed } from './frame-details.tsx'
import { SortHead } from './sort-head.tsx'

/** Columns of a comparison: A, B, and what changed. */
export function ChangeHead({ order }: { readonly order: Order }) {
  const measure = measureOf(order)
  return (
    <>
      <th scope="col" class="number">
        A
      </th>
      <SortHead order={order} by={`${measure}size`} title="B" hint="Sort by the larger side" />
      <SortHead order={order} by={measure} title="Δ" hint="Sort by what changed most" />
      <th scope="col" class="number">
        Δ %
      </th>
    </>
  )
}

export function ChangeCells(props: {
  readonly row: Row
  readonly measure: 'flat' | 'cum'
  readonly difference: DifferenceView
}) {
  const { row, measure, difference } = props
  const { format, palette } = difference
  const dark = useStore().dark.value
  const [base, value] = measure === 'flat' ? [row.baseFlat, row.flat] : [row.baseCum, row.cum]
  const { delta, change } = differenceOf(base, value)
  const { fill } = diffColor(diffStep(change), { palette, dark })
  return (
    <>
      <td class="number">{base === 0 ? '' : format(base)}</td>
      <td class="number">{value === 0 ? '' : format(value)}</td>
      <td class="number">{signed(delta, format)}</td>
      <td class="number change-cell">
        <span style={{ background: fill }}>{formatChange(base, value)}</span>
      </td>
    </>
  )
}
