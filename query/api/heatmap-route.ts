import type { Context } from 'koa'
import { heatmap } from '../heatmap.ts'
import { rowsInOrder } from '../select.ts'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { heatmapParameters, rangeOf, readParameters } from './parameters.ts'
import { selectTotals } from './select-totals.ts'
import type { HeatmapAnswer } from './view-types.ts'

/** Where the profiles of a plot lie, once there are too many of them to draw. */
export async function answerHeatmap(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(heatmapParameters, new URLSearchParams(ctx.querystring))
  const range = rangeOf(given)
  const { series, type, unit, warnings } = await selectTotals(given, range, request)
  const { columns, rows } = given
  const cells = heatmap(
    series.map(({ parts }) => rowsInOrder(parts)),
    { ...range, type, columns, rows },
  )
  const answer: HeatmapAnswer = { ...cells, unit, rangeSeconds: (range.endMs - range.startMs) / 1000 }
  sendData(ctx, answer, warnings)
}
