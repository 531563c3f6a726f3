import type { Context } from 'koa'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { overviewParameters, readParameters } from './parameters.ts'

/** One row per workload, from rows alone. */
export async function answerOverview(ctx: Context, { overviews, signal }: RouteRequest): Promise<void> {
  const given = readParameters(overviewParameters, new URLSearchParams(ctx.querystring))
  const { answer, warnings } = await overviews.overview(given.at ?? Date.now(), { signal })
  sendData(ctx, answer, warnings)
}
