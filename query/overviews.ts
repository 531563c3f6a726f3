import type { ChosenSource } from '../block/covered.ts'
import type { Labels } from '../profile/labels.ts'
import { createMatcher, type Matcher } from '../profile/matcher.ts'
import type { OverviewAnswer } from './api/overview-types.ts'
import type { Catalog, OpenSource } from './catalog.ts'
import { LruCache } from './lru-cache.ts'
import { overview } from './overview.ts'
import {
  type Life,
  lifeOf,
  type PastSeries,
  pastSeries,
  type RecentSeries,
  recentSeries,
} from './overview-series.ts'
import { measuredTypes } from './overview-values.ts'
import { type SeenPod, seenLately, seenPods } from './seen-pods.ts'
import { rowsInOrder } from './select.ts'
import { selectInBatches } from './select-in-batches.ts'
import type { RowRef } from './series-values.ts'
import type { TimeRange } from './time.ts'
import { processOf } from './workload-of.ts'

interface Reading {
  readonly signal: AbortSignal
  readonly warnings: string[]
}

type Sources = readonly ChosenSource<OpenSource>[]

/**
 * Makes overviews, and keeps what a page that asks every half minute would have read again. Rows alone are read: of the
 * last hour, and of narrow windows a day and a week ago.
 */
export class Overviews {
  readonly #catalog: Catalog
  readonly #past = new LruCache<readonly PastSeries[]>(maxKeptSeries)
  readonly #seen = new LruCache<readonly SeenPod[]>(maxKeptSeries)

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** What cannot be read is missing from the answer, with a warning. `atMs` is what now is. */
  async overview(
    atMs: number,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<{ readonly answer: OverviewAnswer; readonly warnings: readonly string[] }> {
    const ago = (durationMs: number) => Math.floor((atMs - durationMs) / pastStepMs) * pastStepMs
    const at = { now: atMs, hour: atMs - hourMs, day: ago(dayMs), week: ago(weekMs) }
    const reading: Reading = { signal, warnings: [] }
    const [lastHour, day, week] = await Promise.all([
      this.#lastHour(at, reading),
      this.#pastOf(at.day, reading),
      this.#pastOf(at.week, reading),
    ])
    const seen = await this.#seenSince(at, lastHour, reading)
    const lives = await this.#livesOf(lastHour, { startMs: at.week, endMs: at.now }, reading)
    return {
      answer: overview({ atMs: at, windowMs, lastHour, day, week, seen, lives }),
      warnings: [...new Set(reading.warnings)],
    }
  }

  async #lastHour(
    at: { readonly now: number; readonly hour: number },
    reading: Reading,
  ): Promise<RecentSeries[]> {
    const range = { startMs: at.hour - windowMs, endMs: at.now }
    const sources = await this.#open(range, [], reading)
    return readSeries(sources, { ...range, matchers: [] }, reading, (labels, refs) =>
      recentSeries(labels, refs, { atMs: at, windowMs }),
    )
  }

  async #pastOf(endMs: number, { signal, warnings }: Reading): Promise<readonly PastSeries[]> {
    const known = this.#past.get(String(endMs))
    if (known !== undefined) return known
    const range = { startMs: endMs - windowMs, endMs }
    const own: Reading = { signal, warnings: [] }
    const sources = await this.#open(range, measured, own)
    const window = { endMs, windowMs }
    const series = await readSeries(sources, { ...range, matchers: measured }, own, (labels, refs) =>
      pastSeries(labels, refs, window),
    )
    warnings.push(...own.warnings)
    // What is missing may be there the next time; what is older than a few minutes is all there.
    if (own.warnings.length === 0 && endMs < Date.now() - settledMs)
      this.#past.set(String(endMs), series, series.length)
    return series
  }

  /** A day of blocks is looked into once in a quarter of an hour: who was there since is known from the last one. */
  async #seenSince(
    at: { readonly now: number; readonly day: number },
    lastHour: readonly RecentSeries[],
    { signal, warnings }: Reading,
  ): Promise<SeenPod[]> {
    const sinceMs = at.now - dayMs
    const known = this.#seen.get(String(at.day))
    if (known !== undefined) {
      return [
        ...known.filter(({ newestMs }) => newestMs >= sinceMs && newestMs <= at.now),
        ...seenLately(lastHour),
      ]
    }
    const own: Reading = { signal, warnings: [] }
    const range = { startMs: sinceMs, endMs: at.now }
    const seen = await seenPods(await this.#open(range, [], own), { ...range, ...own, lastHour })
    warnings.push(...own.warnings)
    if (own.warnings.length === 0) this.#seen.set(String(at.day), seen, seen.length)
    return seen
  }

  /** A week of the processes that no kubelet counts the restarts of; of none where they are too many to read. */
  async #livesOf(lastHour: readonly RecentSeries[], range: TimeRange, reading: Reading): Promise<Life[]> {
    const counted = new Set(
      lastHour.flatMap(({ labels, process }) => (process === undefined ? [] : [processOf(labels)])),
    )
    const instances = new Set<string>()
    for (const { labels } of lastHour) {
      if (labels['profile_type'] !== 'heap' || labels['instance'] === undefined) continue
      if (!counted.has(processOf(labels))) instances.add(labels['instance'])
    }
    if (instances.size === 0 || instances.size > maxUncounted) return []
    const quoted = [...instances].map((instance) => instance.replaceAll(/[^A-Za-z0-9_]/g, '\\$&'))
    const matchers = [
      createMatcher('profile_type', '=', 'heap'),
      createMatcher('instance', '=~', quoted.join('|')),
    ]
    const sources = await this.#open(range, matchers, reading)
    return readSeries(sources, { ...range, matchers }, reading, (labels, refs) =>
      lifeOf(labels, refs, range.startMs),
    )
  }

  async #open(
    range: TimeRange,
    matchers: readonly Matcher[],
    { signal, warnings }: Reading,
  ): Promise<Sources> {
    const opened = await this.#catalog.open({ ...range, matchers, withoutBodies: true, signal })
    warnings.push(...opened.warnings)
    return opened.sources
  }
}

async function readSeries<Kept>(
  sources: Sources,
  request: TimeRange & { readonly matchers: readonly Matcher[] },
  { signal, warnings }: Reading,
  keep: (labels: Labels, refs: readonly RowRef[]) => Kept,
): Promise<Kept[]> {
  const kept: Kept[] = []
  const matchers = [...request.matchers, scheduled]
  for await (const selection of selectInBatches(sources, { ...request, matchers, signal })) {
    warnings.push(...selection.warnings)
    for (const { labels, parts } of selection.series) kept.push(keep(labels, rowsInOrder(parts)))
  }
  return kept
}

/** What somebody took now, beside the scrapes, would count its process twice. */
const scheduled = createMatcher('capture', '=', '')
const measured = [createMatcher('profile_type', '=~', measuredTypes.join('|'))]
/** Two scrapes at least, of those that are scraped every five minutes. */
const windowMs = 10 * 60_000
/** Windows of the past end at a multiple of it, so that the same are asked for. */
const pastStepMs = 15 * 60_000
const settledMs = 10 * 60_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const weekMs = 7 * dayMs
/** A week of each is 10,000 rows. */
const maxUncounted = 200
/** A few hundred bytes each. */
const maxKeptSeries = 200_000
