import { Int64Sums } from '../lib/int64-sums.ts'
import type { Labels } from '../profile/labels.ts'
import type { Aggregation } from './api/types.ts'
import type { BreakdownGroup } from './api/view-types.ts'
import { type RowRef, stepValues } from './series-values.ts'
import type { TimeRange } from './time.ts'

export interface TotalsSeries {
  readonly labels: Labels
  /** Ascending in time. */
  readonly refs: readonly RowRef[]
}

/** What a merge of the range would say of each value of a label, from totals; by total, descending, then by value. */
export function breakdown(
  series: Iterable<TotalsSeries>,
  options: TimeRange & { readonly by: string; readonly type: string; readonly agg: Aggregation },
): BreakdownGroup[] {
  const { by, type, agg, startMs, endMs } = options
  const steps = { startMs, stepMs: endMs - startMs + 1, count: 1 }
  const groups = new Map<
    string,
    { series: number; profiles: number; coveredSeconds: number; index: number }
  >()
  const sums = new Int64Sums()
  for (const { labels, refs } of series) {
    const { values, coveredSeconds, profiles } = stepValues(refs, type, { steps, agg })
    if (profiles === 0) continue
    const value = labels[by] ?? ''
    let group = groups.get(value)
    if (group === undefined) {
      group = { series: 0, profiles: 0, coveredSeconds: 0, index: groups.size }
      groups.set(value, group)
      sums.grow(groups.size)
    }
    group.series++
    group.profiles += profiles
    group.coveredSeconds += coveredSeconds[0] ?? 0
    sums.addBig(group.index, BigInt(values[0] ?? 0))
  }
  const rangeSeconds = (endMs - startMs) / 1000
  return [...groups]
    .sort(([a, { index: i }], [b, { index: j }]) => {
      const difference = sums.getBig(j) - sums.getBig(i)
      return difference > 0n ? 1 : difference < 0n ? -1 : a < b ? -1 : 1
    })
    .map(([value, { index, ...coverage }]) => ({
      value,
      total: sums.format(index),
      ...coverage,
      rangeSeconds,
    }))
}
