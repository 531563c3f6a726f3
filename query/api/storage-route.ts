import type { Context } from 'koa'
import { storageCosts } from '../storage-costs.ts'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { rangeOf, readParameters, storageParameters } from './parameters.ts'

/** What costs most. The last day unless the request says otherwise: every row of the range is read. */
export async function answerStorage(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  const given = readParameters(storageParameters, new URLSearchParams(ctx.querystring))
  const end = given.end ?? Date.now()
  const range = rangeOf({ start: given.start ?? end - dayMs, end })
  const opened = await options.catalog.open({ ...range, matchers: [], withoutBodies: true, signal })
  const { answer, warnings } = await storageCosts(opened.sources, { ...range, by: given.by, signal })
  sendData(ctx, answer, [...opened.warnings, ...warnings])
}

const dayMs = 24 * 3_600_000
