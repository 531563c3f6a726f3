import type { BlockReader, SeriesIndex } from '../block/block-reader.ts'
import { type ChosenSource, containsSeq } from '../block/covered.ts'
import type { Rows } from '../block/rows.ts'
import { type Labels, labelsKey } from '../profile/labels.ts'
import type { Matcher } from '../profile/matcher.ts'
import { throwIfCancelled } from './cancel.ts'
import type { OpenSource } from './catalog.ts'
import { missing } from './missing.ts'
import type { TimeRange } from './time.ts'

/** A run of rows of one series of one block: what merges and plots read. */
export interface SeriesPart {
  readonly reader: BlockReader
  readonly series: SeriesIndex
  readonly rows: Rows
  /** Both belong to the run. */
  readonly firstRow: number
  readonly lastRow: number
  /** To be told where its bodies cannot be read. */
  readonly onUnreadable?: ((error: unknown) => void) | undefined
}

/** One series, from wherever it is stored. */
export interface SelectedSeries {
  readonly labels: Labels
  /** Ascending in the time of their first row; no row is in two of them. */
  readonly parts: readonly SeriesPart[]
}

export interface Selection {
  /** In the order of their labels' text. Series without a row in the range are left out. */
  readonly series: readonly SelectedSeries[]
  readonly warnings: readonly string[]
}

export interface SelectRequest extends TimeRange {
  readonly matchers: readonly Matcher[]
  /** Instead of all that match, of each block. */
  readonly seriesOf?: (reader: BlockReader) => readonly SeriesIndex[]
  readonly signal?: AbortSignal
}

/** Rows in the range of series that match. A block that cannot be read becomes a warning. */
export async function selectSeries(
  sources: readonly ChosenSource<OpenSource>[],
  request: SelectRequest,
): Promise<Selection> {
  const { signal } = request
  const seriesOf = request.seriesOf ?? ((reader) => reader.select(request.matchers))
  const warnings: string[] = []
  const found = new Map<string, { labels: Labels; parts: SeriesPart[]; seen: Set<string> | undefined }>()
  const selected = await Promise.all(
    sources.map(async ({ source: { reader, onUnreadable } }) => {
      const series = seriesOf(reader)
      if (series.length === 0) return []
      try {
        const rows = await reader.rows(series, signal === undefined ? {} : { signal })
        return series.map((each, index) => ({ series: each, rows: rows[index]! }))
      } catch (error) {
        throwIfCancelled(signal)
        // A query whose time is up says nothing about the block.
        if (!signal?.aborted) onUnreadable?.(error)
        warnings.push(missing(`block ${reader.name} is`, error))
        return []
      }
    }),
  )
  for (const [index, { source, exclude, mayRepeat }] of sources.entries()) {
    for (const { series, rows } of selected[index]!) {
      const labels = source.reader.labels(series)
      const key = labelsKey(labels)
      let entry = found.get(key)
      if (entry === undefined) {
        entry = { labels, parts: [], seen: undefined }
        found.set(key, entry)
      }
      if (mayRepeat) entry.seen ??= new Set()
      const { seen } = entry
      const excluded = exclude?.(labels)
      const isIn = (row: number): boolean => {
        const time = rows.timeMs[row]!
        if (time < request.startMs || time > request.endMs) return false
        if (excluded === undefined && !mayRepeat) return true
        const writer = rows.writers[rows.writer[row]!] ?? ''
        const seq = rows.seq[row]!
        if (excluded !== undefined && containsSeq(excluded, writer, seq)) return false
        if (!mayRepeat) return true
        const origin = `${seq} ${writer}`
        if (seen!.has(origin)) return false
        seen!.add(origin)
        return true
      }
      for (const [firstRow, lastRow] of runs(rows.length, isIn)) {
        const { reader, onUnreadable } = source
        entry.parts.push({ reader, series, rows, firstRow, lastRow, onUnreadable })
      }
    }
  }
  const series = [...found.entries()].filter(([, { parts }]) => parts.length > 0)
  series.sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    series: series.map(([, { labels, parts }]) => ({
      labels,
      parts: parts.sort((a, b) => a.rows.timeMs[a.firstRow]! - b.rows.timeMs[b.firstRow]!),
    })),
    warnings,
  }
}

/** Calls `isIn` once per row, in order. */
function runs(length: number, isIn: (row: number) => boolean): [first: number, last: number][] {
  const found: [number, number][] = []
  let first = -1
  for (let row = 0; row < length; row++) {
    if (isIn(row)) {
      if (first < 0) first = row
    } else if (first >= 0) {
      found.push([first, row - 1])
      first = -1
    }
  }
  if (first >= 0) found.push([first, length - 1])
  return found
}

/** Every row of a series, ascending in time, whichever parts they lie in. */
export function rowsInOrder(parts: readonly SeriesPart[]): { readonly rows: Rows; readonly row: number }[] {
  const all: { rows: Rows; row: number }[] = []
  let isOrdered = true
  let last = Number.NEGATIVE_INFINITY
  for (const { rows, firstRow, lastRow } of parts) {
    for (let row = firstRow; row <= lastRow; row++) {
      const time = rows.timeMs[row]!
      if (time < last) isOrdered = false
      last = time
      all.push({ rows, row })
    }
  }
  if (!isOrdered) all.sort((a, b) => a.rows.timeMs[a.row]! - b.rows.timeMs[b.row]!)
  return all
}
