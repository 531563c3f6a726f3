import type { BlockReader } from '../block/block-reader.ts'
import { rowFlags } from '../block/rows.ts'
import { type Labels, sortLabels } from '../profile/labels.ts'
import { createMatcher, type Matcher } from '../profile/matcher.ts'
import type { Catalog } from '../query/catalog.ts'
import { type SelectedSeries, selectSeries } from '../query/select.ts'
import type { TimeRange } from '../query/time.ts'

export interface ExportRequest extends TimeRange {
  readonly catalog: Catalog
  readonly matchers: readonly Matcher[]
  readonly signal?: AbortSignal
  /** What cannot be read and is missing from the export. */
  readonly warn: (warning: string) => void
  /** What is as it should be, and good to know. */
  readonly note: (text: string) => void
}

/** One service on one day: what is held in memory at a time. */
export interface Unit extends TimeRange {
  /** `yyyy-mm-dd`, of UTC. */
  readonly day: string
  /** "" where the series have none. */
  readonly namespace: string
  readonly serviceName: string
  readonly series: readonly SelectedSeries[]
}

export interface UnitOptions {
  /** Rows before the day, and in the range, that are selected too. */
  readonly lookbackMs?: number
}

/** Everything that is selected, day by day, in the order of namespaces and services. */
export async function* selectUnits(
  request: ExportRequest,
  { lookbackMs = 0 }: UnitOptions = {},
): AsyncGenerator<Unit, void, undefined> {
  for (const { day, startMs, endMs } of daysOf(request)) {
    const range = { startMs: Math.max(request.startMs, startMs - lookbackMs), endMs }
    let sources = await openSources(request, range)
    let openedMs = performance.now()
    const { symbolBytes, services } = survey(sources, request.matchers)
    for (const [index, labels] of services.entries()) {
      request.signal?.throwIfAborted()
      // A reader keeps the symbols that it has read, and what a compaction replaced is deleted half an hour later.
      if (index > 0 && (symbolBytes > maxHeldSymbolBytes || performance.now() - openedMs > maxOpenMs)) {
        sources = await openSources(request, range)
        openedMs = performance.now()
      }
      const { namespace = '', service_name: serviceName = '' } = labels
      const matchers = [
        ...request.matchers,
        createMatcher('namespace', '=', namespace),
        createMatcher('service_name', '=', serviceName),
      ]
      const selection = await selectSeries(sources, { ...range, matchers, ...signalOf(request) })
      for (const warning of selection.warnings) request.warn(warning)
      const series = selection.series.filter(({ parts }) =>
        parts.some(({ rows, lastRow }) => rows.timeMs[lastRow]! >= startMs),
      )
      if (series.length > 0) yield { day, startMs, endMs, namespace, serviceName, series }
    }
  }
}

/** Series that have the same values of some labels, over the whole range. */
export interface SeriesGroup {
  /** The labels they are grouped by, those that are there. */
  readonly labels: Labels
  readonly series: readonly SelectedSeries[]
}

/** Everything that is selected, by the values of labels, in their order. */
export async function* selectGroups(
  request: ExportRequest,
  by: readonly string[],
): AsyncGenerator<SeriesGroup, void, undefined> {
  const { startMs, endMs, signal } = request
  const sources = await openSources(request, request)
  for (const labels of valuesIn(
    sources.map(({ source }) => source.reader),
    request.matchers,
    by,
  )) {
    signal?.throwIfAborted()
    const matchers = [...request.matchers, ...by.map((name) => createMatcher(name, '=', labels[name] ?? ''))]
    const selection = await selectSeries(sources, { startMs, endMs, matchers, ...signalOf(request) })
    for (const warning of selection.warnings) request.warn(warning)
    if (selection.series.length > 0) yield { labels, series: selection.series }
  }
}

/** The days of UTC that the range touches, each with its part of the range. */
export function daysOf({ startMs, endMs }: TimeRange): (TimeRange & { readonly day: string })[] {
  const days: (TimeRange & { day: string })[] = []
  for (let at = startMs; at <= endMs; ) {
    const nextMs = (Math.floor(at / dayMs) + 1) * dayMs
    days.push({
      day: new Date(at).toISOString().slice(0, 10),
      startMs: at,
      endMs: Math.min(endMs, nextMs - 1),
    })
    at = nextMs
  }
  return days
}

async function openSources(request: ExportRequest, { startMs, endMs }: TimeRange) {
  const { catalog, matchers, warn } = request
  const { sources, warnings } = await catalog.open({ startMs, endMs, matchers, ...signalOf(request) })
  for (const warning of warnings) warn(warning)
  return sources
}

/** How many profiles of a time on retention took, leaving their totals. */
export function countThinned(series: readonly SelectedSeries[], startMs: number): number {
  let count = 0
  for (const { parts } of series) {
    for (const { rows, firstRow, lastRow } of parts) {
      for (let row = firstRow; row <= lastRow; row++)
        if (rows.flags[row]! & rowFlags.thinned && rows.timeMs[row]! >= startMs) count++
    }
  }
  return count
}

/** What decides how to go on, without a hold on what was opened. */
function survey(sources: Awaited<ReturnType<typeof openSources>>, matchers: readonly Matcher[]) {
  const readers = sources.map(({ source }) => source.reader)
  return {
    symbolBytes: readers.reduce((sum, { meta }) => sum + (meta.sectionBytes['symbols'] ?? 0), 0),
    services: valuesIn(readers, matchers, ['namespace', 'service_name']),
  }
}

/** The values of some labels, of every series that matches: each once. */
function valuesIn(
  readers: readonly BlockReader[],
  matchers: readonly Matcher[],
  by: readonly string[],
): readonly Labels[] {
  const found = new Map<string, Labels>()
  for (const reader of readers) {
    for (const series of reader.select(matchers)) {
      const labels = reader.labels(series)
      const key = by.map((name) => labels[name] ?? '').join('\u00ff')
      if (!found.has(key)) found.set(key, sortLabels(by.map((name) => [name, labels[name] ?? ''])))
    }
  }
  return [...found.keys()].sort().map((key) => found.get(key)!)
}

function signalOf({ signal }: ExportRequest): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

const dayMs = 24 * 60 * 60 * 1000
/** As they are stored; they are up to a hundred times that in memory. */
const maxHeldSymbolBytes = 512 * 1024
const maxOpenMs = 5 * 60 * 1000
