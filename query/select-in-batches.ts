import type { BlockReader, SeriesIndex } from '../block/block-reader.ts'
import type { ChosenSource } from '../block/covered.ts'
import { labelsKey } from '../profile/labels.ts'
import type { OpenSource } from './catalog.ts'
import { type Selection, type SelectRequest, selectSeries } from './select.ts'

/**
 * As `selectSeries`, some series at a time, each whole in one batch: for those who look at the rows of everything and
 * keep little of them. In memory rows are ten times what they are in a block.
 */
export async function* selectInBatches(
  sources: readonly ChosenSource<OpenSource>[],
  request: Omit<SelectRequest, 'seriesOf'>,
  { maxRowBytes = defaultMaxRowBytes }: { readonly maxRowBytes?: number } = {},
): AsyncGenerator<Selection> {
  const matching = new Map(
    sources.map(({ source: { reader } }) => [reader, reader.select(request.matchers)] as const),
  )
  const bounds = boundsOf(matching, maxRowBytes)
  if (bounds.length === 0) {
    yield await selectSeries(sources, { ...request, seriesOf: (reader) => matching.get(reader) ?? [] })
    return
  }
  const batches = new Map([...matching].map(([reader, series]) => [reader, split(reader, series, bounds)]))
  for (let batch = 0; batch <= bounds.length; batch++) {
    yield await selectSeries(sources, {
      ...request,
      seriesOf: (reader) => batches.get(reader)?.[batch] ?? [],
    })
  }
}

/** Where the second batch begins, and all after it: by the labels of the block that has most, so that each is as large. */
function boundsOf(matching: ReadonlyMap<BlockReader, readonly SeriesIndex[]>, maxRowBytes: number): string[] {
  let all = 0
  let most = 0
  let largest: BlockReader | undefined
  for (const [reader, series] of matching) {
    let own = 0
    for (const each of series) own += reader.entry(each).rows.length
    all += own
    if (own > most) {
      most = own
      largest = reader
    }
  }
  if (largest === undefined || all <= maxRowBytes) return []
  const keys = (matching.get(largest) ?? [])
    .map((series) => ({ key: labelsKey(largest.labels(series)), bytes: largest.entry(series).rows.length }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const bounds: string[] = []
  let filled = 0
  for (const { key, bytes } of keys) {
    const share = (bytes * all) / most
    if (filled > 0 && filled + share > maxRowBytes) {
      bounds.push(key)
      filled = 0
    }
    filled += share
  }
  return bounds
}

function split(
  reader: BlockReader,
  series: readonly SeriesIndex[],
  bounds: readonly string[],
): SeriesIndex[][] {
  const batches: SeriesIndex[][] = Array.from({ length: bounds.length + 1 }, () => [])
  for (const each of series) batches[batchOf(labelsKey(reader.labels(each)), bounds)]!.push(each)
  return batches
}

/** How many bounds lie at or before the key. */
function batchOf(key: string, bounds: readonly string[]): number {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bounds[middle]! <= key) low = middle + 1
    else high = middle
  }
  return low
}

const defaultMaxRowBytes = 2 * 1024 * 1024
