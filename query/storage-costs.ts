import type { BlockReader } from '../block/block-reader.ts'
import type { ChosenSource } from '../block/covered.ts'
import { rowFlags } from '../block/rows.ts'
import type { StorageAnswer } from './api/overview-types.ts'
import type { OpenSource } from './catalog.ts'
import type { SeriesPart } from './select.ts'
import { selectInBatches } from './select-in-batches.ts'
import type { TimeRange } from './time.ts'

interface Costs {
  series: number
  profiles: number
  attempts: number
  scrapedBytes: number
  storedBytes: number
}

/**
 * What the rows of a range cost, by the values of a label. A block's bytes are shared by its series as their own parts
 * of it are large, symbols and tail along with them; of a series that lies only partly in the range, by its rows. What
 * is in no block yet has no cost there.
 */
export async function storageCosts(
  sources: readonly ChosenSource<OpenSource>[],
  { by, signal, ...range }: TimeRange & { readonly by: string; readonly signal: AbortSignal },
): Promise<{ readonly answer: StorageAnswer; readonly warnings: readonly string[] }> {
  const stored = sources.filter(({ source }) => source.place !== 'head').map(({ source }) => source.reader)
  const factors = new Map(stored.map((reader) => [reader, factorOf(reader)]))
  const groups = new Map<string, Costs>()
  const warnings: string[] = []
  for await (const selection of selectInBatches(sources, { ...range, matchers: [], signal })) {
    warnings.push(...selection.warnings)
    for (const { labels, parts } of selection.series) {
      const value = labels[by] ?? ''
      let costs = groups.get(value)
      if (costs === undefined) {
        costs = { series: 0, profiles: 0, attempts: 0, scrapedBytes: 0, storedBytes: 0 }
        groups.set(value, costs)
      }
      costs.series++
      for (const part of parts) addPart(costs, part, factors.get(part.reader) ?? 0)
    }
  }
  const sorted = [...groups]
    .map(([value, costs]) => ({ value, ...costs, storedBytes: Math.round(costs.storedBytes) }))
    .sort(
      (a, b) =>
        b.storedBytes - a.storedBytes || b.scrapedBytes - a.scrapedBytes || (a.value < b.value ? -1 : 1),
    )
  const sum = (of: (costs: Costs) => number) => sorted.reduce((total, costs) => total + of(costs), 0)
  return {
    answer: {
      by,
      storedBytes: sum(({ storedBytes }) => storedBytes),
      scrapedBytes: sum(({ scrapedBytes }) => scrapedBytes),
      groups: sorted,
    },
    warnings,
  }
}

function addPart(
  costs: Costs,
  { reader, series, rows, firstRow, lastRow }: SeriesPart,
  factor: number,
): void {
  const count = lastRow - firstRow + 1
  costs.attempts += count
  for (let row = firstRow; row <= lastRow; row++) {
    if ((rows.flags[row]! & rowFlags.body) === 0) continue
    costs.profiles++
    costs.scrapedBytes += rows.sizeBytes[row]!
  }
  costs.storedBytes += (ownBytes(reader, series) * factor * count) / rows.length
}

/** By how much the block is larger than what its series call their own. */
function factorOf(reader: BlockReader): number {
  const own = reader.select([]).reduce((sum, series) => sum + ownBytes(reader, series), 0)
  return own === 0 ? 0 : reader.meta.sizeBytes / own
}

function ownBytes(reader: BlockReader, series: SeriesPart['series']): number {
  const { rows, sums, totals, groups } = reader.entry(series)
  let bytes = rows.length + sums.length + totals.length
  for (const { body, kept } of groups) bytes += body.length + kept.length
  return bytes
}
