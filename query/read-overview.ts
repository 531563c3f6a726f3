import type { ChosenSource } from '../block/covered.ts'
import { createMatcher, type Matcher } from '../profile/matcher.ts'
import type { OverviewAnswer } from './api/overview-types.ts'
import type { Catalog, OpenSource } from './catalog.ts'
import { type OverviewSeries, overview } from './overview.ts'
import { measuredTypes } from './overview-values.ts'
import type { QueryLimits } from './query-limits.ts'
import { identityOf } from './restarts.ts'
import { seenPods } from './seen-pods.ts'
import { rowsInOrder } from './select.ts'
import { selectWithin } from './select-within.ts'
import type { TimeRange } from './time.ts'
import { processOf } from './workload-of.ts'

export interface OverviewRequest {
  /** What now is, unix ms. */
  readonly atMs: number
  readonly signal: AbortSignal
  /** Of these, `maxBytes` counts: windows are narrow, however many profiles their blocks have. */
  readonly limits?: QueryLimits
}

/**
 * Reads rows alone, and these of the last hour and of narrow windows a day and a week ago. What cannot be read is
 * missing from the answer, with a warning.
 */
export async function readOverview(
  catalog: Catalog,
  { atMs, signal, limits = {} }: OverviewRequest,
): Promise<{ readonly answer: OverviewAnswer; readonly warnings: readonly string[] }> {
  const at = { now: atMs, hour: atMs - hourMs, day: atMs - dayMs, week: atMs - weekMs }
  const warnings: string[] = []
  const bytes = limits.maxBytes === undefined ? {} : { maxBytes: limits.maxBytes }
  const open = async (range: TimeRange, matchers: readonly Matcher[]) => {
    const opened = await catalog.open({ ...range, matchers, withoutBodies: true, signal })
    warnings.push(...opened.warnings)
    return opened.sources
  }
  const select = async (
    sources: readonly ChosenSource<OpenSource>[],
    range: TimeRange,
    matchers: readonly Matcher[],
  ): Promise<OverviewSeries[]> => {
    const narrow = sources.filter(({ source }) => overlaps(source, range))
    const selection = await selectWithin(narrow, { ...range, matchers, signal }, bytes)
    warnings.push(...selection.warnings)
    return selection.series.map(({ labels, parts }) => ({ labels, refs: rowsInOrder(parts) }))
  }
  const measured = [createMatcher('profile_type', '=~', measuredTypes.join('|'))]
  const window = (endMs: number) => ({ startMs: endMs - windowMs, endMs })
  const [recent, past] = await Promise.all([
    open({ startMs: at.day - windowMs, endMs: at.now }, []),
    open(window(at.week), measured),
  ])
  const [lastHour, day, week] = await Promise.all([
    select(recent, { startMs: at.hour - windowMs, endMs: at.now }, []),
    select(recent, window(at.day), measured),
    select(past, window(at.week), measured),
  ])
  const whole = { startMs: at.week, endMs: at.now }
  const uncounted = uncountedInstances(lastHour)
  const lives = uncounted === undefined ? [] : await select(await open(whole, uncounted), whole, uncounted)
  const seen = await seenPods(recent, { startMs: at.day, endMs: at.now, lastHour, signal, warnings })
  return {
    answer: overview({ atMs: at, windowMs, lastHour, day, week, seen, lives }),
    warnings: [...new Set(warnings)],
  }
}

/** Heaps of processes that no kubelet counts the restarts of; undefined where there are none, or too many to read. */
function uncountedInstances(lastHour: readonly OverviewSeries[]): Matcher[] | undefined {
  const counted = new Set<string>()
  for (const { labels, refs } of lastHour)
    if (refs.some((ref) => identityOf(ref) !== undefined)) counted.add(processOf(labels))
  const instances = new Set<string>()
  for (const { labels } of lastHour) {
    if (labels['profile_type'] !== 'heap' || labels['instance'] === undefined) continue
    if (!counted.has(processOf(labels))) instances.add(labels['instance'])
  }
  if (instances.size === 0 || instances.size > maxUncounted) return undefined
  const quoted = [...instances].map((instance) => instance.replaceAll(/[^A-Za-z0-9_]/g, '\\$&'))
  return [createMatcher('profile_type', '=', 'heap'), createMatcher('instance', '=~', quoted.join('|'))]
}

function overlaps({ reader }: OpenSource, { startMs, endMs }: TimeRange): boolean {
  return reader.meta.minTimeMs <= endMs && reader.meta.maxTimeMs >= startMs
}

/** Two scrapes at least, of those that are scraped every five minutes. */
const windowMs = 10 * 60_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const weekMs = 7 * dayMs
/** A week of each is 10,000 rows. */
const maxUncounted = 200
