import type { Context } from 'koa'
import { explainSelector } from '../explain-selector.ts'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { explainParameters, rangeOf, readParameters } from './parameters.ts'

/** For whoever finds nothing. */
export async function answerExplain(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  const given = readParameters(explainParameters, new URLSearchParams(ctx.querystring))
  const request = { ...rangeOf(given), matchers: given.query, signal }
  const { answer, warnings } = await explainSelector(options.catalog, request)
  sendData(ctx, answer, warnings)
}
