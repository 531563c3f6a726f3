import type { Context } from 'koa'
import { frameBlocks } from '../frame-blocks.ts'
import { ApiError, setWarnings } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { headParameters, rangeOf, readParameters } from './parameters.ts'

/** The head's blocks of what is asked for, each after its length: see docs/format/head.md. */
export async function answerHead(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  const given = readParameters(headParameters, new URLSearchParams(ctx.querystring))
  if (options.head === undefined) throw new ApiError('not_found', 'read head: this program scrapes nothing')
  const warnings: string[] = []
  const blocks = await options.head.readHead({
    matchers: given['match[]'][0] ?? [],
    ...rangeOf(given),
    withoutBodies: given.without_bodies,
    signal,
    warn: (why) => warnings.push(why),
  })
  setWarnings(ctx, warnings)
  ctx.type = 'application/octet-stream'
  ctx.body = frameBlocks(blocks)
}
