import type { BlockReader, SeriesIndex } from '../block/block-reader.ts'
import type { Rows } from '../block/rows.ts'

/** Some rows of one series in one block. */
export interface MergePart {
  readonly reader: BlockReader
  readonly series: SeriesIndex
  readonly rows: Rows
  /** Both inclusive. */
  readonly firstRow: number
  readonly lastRow: number
}

/** One profile that takes part. */
export interface Picked {
  readonly part: MergePart
  readonly row: number
}
