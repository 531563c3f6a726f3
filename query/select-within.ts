import type { ChosenSource } from '../block/covered.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import type { OpenSource } from './catalog.ts'
import type { QueryLimits } from './query-limits.ts'
import type { SelectedSeries, SelectRequest, SeriesPart } from './select.ts'
import { type ProfileSelection, selectProfiles, widenAllocs } from './select-profiles.ts'

export interface LimitedSelection extends ProfileSelection {
  /** From here on everything is there: later than what was asked for where that was too much. */
  readonly startMs: number
}

/**
 * As `selectProfiles`, but no more than `limits` allow: the newest. What is cut off is cut off at one time for all
 * series, so that what is left is a whole answer to a shorter range.
 */
export async function selectWithin(
  sources: readonly ChosenSource<OpenSource>[],
  request: SelectRequest,
  limits: QueryLimits = {},
): Promise<LimitedSelection> {
  const cut = cutBlocks(sources, request, limits)
  const selection = await selectProfiles(cut.sources, { ...request, startMs: cut.startMs })
  const { series, startMs, why } = cutRows(selection.series, cut, limits)
  const warnings = [...selection.warnings]
  if (why !== undefined) {
    const since = new Date(startMs).toISOString()
    warnings.push(
      `what is before ${since} is missing from this answer: ${why}: ask for less time or fewer series`,
    )
  }
  return { ...selection, series, warnings, startMs }
}

interface Cut {
  readonly startMs: number
  readonly why: string | undefined
}

/** Leaves out blocks before anything but their tails was read: all that are older than the one that is too much. */
function cutBlocks(
  sources: readonly ChosenSource<OpenSource>[],
  { matchers, startMs }: SelectRequest,
  limits: QueryLimits,
): Cut & { readonly sources: readonly ChosenSource<OpenSource>[] } {
  const { maxProfiles = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = limits
  const widened = widenAllocs(matchers)
  const newestFirst = [...sources].sort((a, b) => endOf(b) - endOf(a))
  let profiles = 0
  let bytes = 0
  for (const { source } of newestFirst) {
    const { reader } = source
    for (const each of reader.select(widened)) {
      const { rows, groups } = reader.entry(each)
      bytes += rows.length
      for (const group of groups) profiles += group.profileCount
    }
    if (profiles <= maxProfiles && bytes <= maxBytes) continue
    const { minTimeMs } = reader.meta
    const kept = sources.filter((each) => endOf(each) >= minTimeMs)
    if (kept.length === sources.length) break
    const why =
      bytes > maxBytes
        ? `its rows are more than --query.max-bytes, ${formatByteSize(maxBytes)}`
        : tooManyProfiles(maxProfiles)
    return { sources: kept, startMs: Math.max(startMs, minTimeMs), why }
  }
  return { sources, startMs, why: undefined }
}

/** The newest rows, and with the oldest of them all that are of the same time. */
function cutRows(
  series: readonly SelectedSeries[],
  before: Cut,
  { maxProfiles = Number.POSITIVE_INFINITY }: QueryLimits,
): Cut & { readonly series: readonly SelectedSeries[] } {
  const parts = series.flatMap((each) => each.parts)
  const count = parts.reduce((sum, { firstRow, lastRow }) => sum + lastRow - firstRow + 1, 0)
  if (count <= maxProfiles) return { ...before, series }
  const times = new Float64Array(count)
  let filled = 0
  for (const { rows, firstRow, lastRow } of parts) {
    const run = rows.timeMs.subarray(firstRow, lastRow + 1)
    times.set(run, filled)
    filled += run.length
  }
  const startMs = times.sort()[count - maxProfiles]!
  const cut = series
    .map((each) => ({ ...each, parts: each.parts.flatMap((part) => partSince(part, startMs)) }))
    .filter((each) => each.parts.length > 0)
  return { series: cut, startMs, why: tooManyProfiles(maxProfiles) }
}

/** Rows ascend in time. */
function partSince(part: SeriesPart, startMs: number): SeriesPart[] {
  let { firstRow } = part
  while (firstRow <= part.lastRow && part.rows.timeMs[firstRow]! < startMs) firstRow++
  return firstRow > part.lastRow ? [] : [{ ...part, firstRow }]
}

function tooManyProfiles(maxProfiles: number): string {
  return `more than --query.max-profiles, ${maxProfiles}, match`
}

function endOf({ source }: ChosenSource<OpenSource>): number {
  return source.reader.meta.maxTimeMs
}
