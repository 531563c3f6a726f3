import type { BlockReader, SeriesIndex } from '../block/block-reader.ts'

/**
 * About how much memory a reader holds of its tail, in bytes, once that is objects; measured, see the test. Symbols
 * that it reads come on top.
 */
export function readerCost(reader: BlockReader): number {
  const { meta } = reader
  let cost = baseBytes
  for (const { writer, intervals } of meta.covered)
    cost += writer.length + intervalBytes * (intervals.length + 1)
  for (let series = 0; series < meta.seriesCount; series++) {
    const { groups, labels } = reader.entry(series as SeriesIndex)
    cost += seriesBytes + groupBytes * groups.length + labelBytes * Object.keys(labels).length
  }
  return cost
}

const baseBytes = 4096
const intervalBytes = 64
const seriesBytes = 700
const groupBytes = 150
const labelBytes = 50
