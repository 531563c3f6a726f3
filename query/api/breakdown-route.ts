import type { Context } from 'koa'
import { breakdown } from '../breakdown.ts'
import { joinCaptures } from '../process-series.ts'
import { rowsInOrder } from '../select.ts'
import { defaultAggregation } from '../series-values.ts'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { breakdownParameters, rangeOf, readParameters } from './parameters.ts'
import { selectTotals } from './select-totals.ts'
import type { BreakdownAnswer } from './view-types.ts'

/** What each value of a label has of the whole, from totals. */
export async function answerBreakdown(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(breakdownParameters, new URLSearchParams(ctx.querystring))
  const range = rangeOf(given)
  const selected = await selectTotals(given, range, request)
  const { by } = given
  const { type, unit } = selected
  const agg = given.agg ?? defaultAggregation(selected.kind)
  const all = by === 'capture' ? selected.series : joinCaptures(selected.series)
  const series = all.map(({ labels, parts }) => ({ labels, refs: rowsInOrder(parts) }))
  const groups = breakdown(series, { ...range, by, type, agg })
  const sum = (of: (group: (typeof groups)[number]) => number) =>
    groups.reduce((total, group) => total + of(group), 0)
  const answer: BreakdownAnswer = {
    ...{ type, unit, by, groups },
    coveredSeconds: sum(({ coveredSeconds }) => coveredSeconds),
    rangeSeconds: (range.endMs - range.startMs) / 1000,
    profiles: sum(({ profiles }) => profiles),
    series: sum((group) => group.series),
  }
  sendData(ctx, answer, selected.warnings)
}
