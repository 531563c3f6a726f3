import type { BlockReader } from '../../block/block-reader.ts'
import { sampleKind } from '../../profile/kind.ts'
import type { MergeOptions } from '../merge-profiles.ts'
import type { SeriesPart } from '../select.ts'
import type { ViewSides } from '../view-sides.ts'

/** Whether a merge is some 20 ms of work at most: the event loop has that, and a thread costs more to start. */
export function isSmallMerge({ profile, base }: ViewSides, type: string | undefined): boolean {
  let symbolBytes = 0
  let sumBytes = 0
  let bodies = 0
  const seen = new Set<BlockReader>()
  const parts: { readonly part: SeriesPart; readonly agg: MergeOptions['agg'] }[] = []
  for (const side of base === undefined ? [profile] : [profile, base]) {
    // Anybody may have made it, so as to take much memory; a thread of its own is all that this ends.
    if (side.kind === 'file') return false
    for (const part of side.parts) parts.push({ part, agg: side.range.agg })
  }
  for (const { part, agg } of parts) {
    const { reader, series, rows, firstRow, lastRow } = part
    if (!seen.has(reader)) symbolBytes += reader.meta.sectionBytes['symbols'] ?? 0
    seen.add(reader)
    const { sums, totals } = reader.entry(series)
    const isWhole = firstRow === 0 && lastRow === rows.length - 1
    const count = lastRow - firstRow + 1
    if (sums.length === 0) bodies += count
    else if (hasSnapshots(part, { agg, type })) bodies += Math.min(count, 2 * groupRows)
    else if (isWhole) sumBytes += totals.length || sums.length
    else {
      sumBytes += sums.length
      bodies += Math.min(count, 2 * groupRows)
    }
    if (symbolBytes > maxSymbolBytes || sumBytes > maxSumBytes || bodies > maxBodies) return false
  }
  return true
}

/** Whether single profiles are looked at, rather than sums. */
function hasSnapshots(
  { reader, series, rows }: SeriesPart,
  { agg, type }: { readonly agg: MergeOptions['agg']; readonly type: string | undefined },
): boolean {
  if (agg !== undefined) return agg !== 'sum' && agg !== 'avg'
  const profileType = reader.labels(series)['profile_type'] ?? ''
  return rows.sampleTypes.some(
    (sampleType) =>
      (type === undefined || sampleType.type === type) && sampleKind(sampleType, profileType) === 'counter',
  )
}

/** About as many profiles are in one group. */
const groupRows = 64
const maxSymbolBytes = 1024 * 1024
const maxSumBytes = 128 * 1024
const maxBodies = 300
