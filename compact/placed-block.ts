import type { Covered } from '../block/block-reader.ts'
import { chooseSources } from '../block/covered.ts'
import type { PartitionRange } from '../block/partition.ts'
import type { StoredBlock } from './stored-blocks.ts'

/** What a block's tail says of which attempts it holds. */
export interface Coverage {
  readonly covered: readonly Covered[]
  /** For which series that is true. */
  readonly partition: PartitionRange
}

/** A block of the bucket whose tail was read. */
export interface PlacedBlock extends StoredBlock, Coverage {}

/** Blocks that no reader needs: whole coverage is with blocks of a higher level. */
export function findHidden(blocks: readonly PlacedBlock[]): PlacedBlock[] {
  const chosen = new Set(chooseSources(blocks.map(asSource)).map(({ source }) => source.block))
  return blocks.filter((block) => !chosen.has(block))
}

/**
 * Those of them that may go: what covers them has been in the bucket for `delayMs`, by the clock of the store. Readers
 * use listings that are up to 30 s old; a reader with an old one finds the sources still there.
 */
export function findDeletable(
  blocks: readonly PlacedBlock[],
  { nowMs, delayMs }: { readonly nowMs: number; readonly delayMs: number },
): PlacedBlock[] {
  return findHidden(blocks.filter(({ modifiedMs }) => modifiedMs + delayMs <= nowMs))
}

/** Whether everything that `part` covers is covered by `whole`. */
export function isCoveredBy(part: Coverage, whole: readonly Coverage[]): boolean {
  const above = whole.map((each, index) => ({ ...each, rank: 1, id: `${index}` }))
  const source = { covered: part.covered, partition: part.partition, rank: 0, id: 'part' }
  return !chooseSources([...above, source]).some((chosen) => chosen.source.id === 'part')
}

function asSource(block: PlacedBlock) {
  const { key, level, covered, partition } = block
  return { rank: level, id: key, covered, partition, block }
}
