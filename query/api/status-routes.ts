import type { Context } from 'koa'
import { ApiError, sendData } from './answer.ts'
import type { Route, RouteRequest } from './create-api.ts'
import { blocksParameters, noParameters, rangeOf, readParameters } from './parameters.ts'
import type {
  BlockItem,
  BlocksAnswer,
  CollectorStatusAnswer,
  CollectorsAnswer,
  ConfigAnswer,
  RuntimeInfoAnswer,
  ScrapesAnswer,
  TargetsAnswer,
} from './types.ts'

/** What the program says about itself. */
export const statusRoutes: Readonly<Record<string, Route>> = {
  '/targets': answerTargets,
  '/status/collectors': plain(
    ({ options }): CollectorsAnswer => options.collectors?.status() ?? { collectors: [], unresolved: [] },
  ),
  '/status/collector': plain(({ options }): CollectorStatusAnswer => {
    if (options.collector === undefined)
      throw new ApiError('not_found', 'show collector: this program scrapes nothing')
    return { version: options.build.version, ...options.collector() }
  }),
  '/status/scrapes': plain(({ options }): ScrapesAnswer => {
    if (options.scrapes === undefined)
      throw new ApiError('not_found', 'show scrapes: this program scrapes nothing')
    return options.scrapes()
  }),
  '/status/buildinfo': plain(({ options }) => options.build),
  '/status/flags': plain(({ options }) => options.flags),
  '/status/config': plain(({ options }): ConfigAnswer => {
    if (options.config === undefined) throw new ApiError('not_found', 'show config: this program has none')
    return { yaml: options.config() }
  }),
  '/status/runtimeinfo': plain((): RuntimeInfoAnswer => {
    const { rss, heapUsed } = process.memoryUsage()
    const serverTime = Date.now()
    return {
      startTime: Math.round(serverTime - process.uptime() * 1000),
      serverTime,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
    }
  }),
  '/status/blocks': answerBlocks,
}

function plain(answer: (request: RouteRequest) => unknown): Route {
  return (ctx, request) => {
    readParameters(noParameters, new URLSearchParams(ctx.querystring))
    sendData(ctx, answer(request))
  }
}

async function answerTargets(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const own: TargetsAnswer = options.targets?.() ?? { activeTargets: [], droppedTargets: [] }
  if (options.collectors === undefined) return sendData(ctx, own)
  const { targets, warnings } = await options.collectors.targets({ signal })
  sendData(ctx, targets, warnings)
}

async function answerBlocks(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  const given = readParameters(blocksParameters, new URLSearchParams(ctx.querystring))
  const { blocks, warnings } = await options.catalog.list({
    ...rangeOf({ start: given.start ?? 0, end: given.end }),
    signal,
  })
  const answer: BlocksAnswer = {
    blocks: blocks.map(
      ({ key, place, collector, minTimeMs, maxTimeMs, level, sizeBytes, reader }): BlockItem => ({
        name: key,
        place,
        ...(collector === undefined ? {} : { collector }),
        minTime: minTimeMs,
        maxTime: maxTimeMs,
        level,
        sizeBytes,
        ...(reader === undefined
          ? {}
          : {
              series: reader.meta.seriesCount,
              profiles: reader.meta.profileCount,
              attempts: reader.meta.attemptCount,
            }),
      }),
    ),
  }
  sendData(ctx, answer, warnings)
}
