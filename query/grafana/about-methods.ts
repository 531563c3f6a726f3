import type { MessageInitShape } from '@bufbuild/protobuf'
import { parseProfileTypeId } from './profile-type-id.ts'
import type { MethodRequest } from './querier-methods.ts'
import type {
  AnalyzeQueryRequest,
  AnalyzeQueryResponseSchema,
  GetProfileStatsRequest,
  GetProfileStatsResponseSchema,
} from './querier-pb.ts'
import { rangeOfRequest, selectorOf, understood } from './request-terms.ts'
import { splitQuery } from './split-query.ts'

/** Whether there is anything, and of when. Grafana shows how to begin where there is not. */
export async function getProfileStats(
  _: GetProfileStatsRequest,
  { options, signal, warn }: MethodRequest,
): Promise<MessageInitShape<typeof GetProfileStatsResponseSchema>> {
  const { catalog } = options
  const nowMs = Date.now()
  const listed = await catalog.list({ startMs: 0, endMs: nowMs + dayMs, signal })
  // Listings know nothing of what has not been cut yet.
  const range = { startMs: nowMs - dayMs, endMs: nowMs + dayMs }
  const opened = await catalog.open({ ...range, matchers: [], withoutBodies: true, signal })
  warn([...listed.warnings, ...opened.warnings])
  const metas = [...listed.blocks, ...opened.sources.map(({ source }) => source.reader.meta)]
  const oldestMs = Math.min(...metas.map(({ minTimeMs }) => minTimeMs))
  const newestMs = Math.max(...metas.map(({ maxTimeMs }) => maxTimeMs))
  if (metas.length === 0) return { dataIngested: false }
  return { dataIngested: true, oldestProfileTime: BigInt(oldestMs), newestProfileTime: BigInt(newestMs) }
}

const dayMs = 24 * 60 * 60 * 1000

/** What a query would look at, as far as tails of blocks say it. */
export async function analyzeQuery(
  asked: AnalyzeQueryRequest,
  { options, signal, warn }: MethodRequest,
): Promise<MessageInitShape<typeof AnalyzeQueryResponseSchema>> {
  const { type, selector: text } = splitQuery(asked.query)
  const id = type === '' ? undefined : understood(() => parseProfileTypeId(type))
  const { attempts, matchesSeries } = selectorOf(text, id)
  const matchers = attempts.at(-1) ?? []
  const range = rangeOfRequest(asked)
  const opened = await options.catalog.open({ ...range, matchers, withoutBodies: true, signal })
  warn(opened.warnings)
  let blocks = 0
  let profiles = 0
  let rowBytes = 0
  let bodyBytes = 0
  const series = new Set<string>()
  for (const { source } of opened.sources) {
    const { reader } = source
    const found = reader.select(matchers).filter((each) => matchesSeries(reader.labels(each)))
    if (found.length > 0) blocks++
    for (const each of found) {
      const { rows, groups } = reader.entry(each)
      series.add(JSON.stringify(reader.labels(each)))
      rowBytes += rows.length
      for (const group of groups) {
        profiles += group.profileCount
        bodyBytes += group.body.length + group.kept.length
      }
    }
  }
  const scope = {
    componentType: 'blocks',
    componentCount: 1n,
    blockCount: BigInt(blocks),
    seriesCount: BigInt(series.size),
    profileCount: BigInt(profiles),
    indexBytes: BigInt(rowBytes),
    profileBytes: BigInt(bodyBytes),
  }
  return {
    queryScopes: [scope],
    queryImpact: {
      totalBytesInTimeRange: BigInt(rowBytes + bodyBytes),
      totalQueriedSeries: BigInt(series.size),
    },
  }
}
