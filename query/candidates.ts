import { parseBlockKey } from '../block/block-key.ts'
import type { BlockReader } from '../block/block-reader.ts'
import type { ObjectInfo } from '../bucket/bucket.ts'
import { type BlockCopy, type BlockSource, blockSource } from './block-source.ts'
import type { PendingBlock } from './head-source.ts'
import type { TimeRange } from './time.ts'

export type Place = 'head' | 'pending' | 'bucket'

/** A block as a listing shows it; what is inside is known once it was opened. */
export interface ListedBlock {
  readonly key: string
  readonly place: Place
  /** Which collector has it; absent where it is in the bucket or with this process. */
  readonly collector?: string
  /** Which bucket has it; absent where there is one bucket, or none has it. */
  readonly bucket?: string
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly level: number
  readonly sizeBytes: number
  readonly reader?: BlockReader
}

/** One place of a block that may take part in an answer. */
export interface Copy extends ListedBlock {
  /** What is open of it is known by this: the same key in another place may be in reach when this one is not. */
  readonly id: string
  readonly source: BlockCopy
}

/** A block that may take part in an answer, with all its places in one. */
export interface Candidate extends Copy {
  readonly source: BlockSource
}

/** Where blocks are looked for that nobody has listed. */
export interface Shelf {
  copy(key: string, sizeBytes: number): BlockCopy
}

/** None where the block is outside of the range, or the key is no block's. */
export function pendingCopies(
  { key, source }: PendingBlock,
  range: TimeRange,
  collector: string | undefined,
): Copy[] {
  const parsed = parseBlockKey(key)
  if (parsed === undefined || !overlaps(parsed, range)) return []
  const by = collector === undefined ? {} : { collector }
  return [{ ...parsed, id: source.name, key, place: 'pending', ...by, sizeBytes: source.sizeBytes, source }]
}

/** None where the object is outside of the range, or no block. `prefix` is `blocks/` and what is before it. */
export function storedCopies(
  { key: name, sizeBytes }: ObjectInfo,
  range: TimeRange,
  place: { readonly shelf: Shelf; readonly prefix: string; readonly name: string; readonly isOnly: boolean },
): Copy[] {
  const parsed = parseBlockKey(name)
  if (parsed === undefined || !overlaps(parsed, range)) return []
  const key = name.slice(place.prefix.length)
  const bucket = place.isOnly ? {} : { bucket: place.name }
  const source = place.shelf.copy(key, sizeBytes)
  return [{ ...parsed, id: `${place.name} ${key}`, key, place: 'bucket', ...bucket, sizeBytes, source }]
}

/**
 * Copies of one block become one candidate. A file of this process is nearest; then a bucket, so that collectors are
 * spared; then a collector. What no listing had yet is looked for on the shelves all the same when it cannot be read
 * elsewhere: uploaded and deleted since, perhaps. A bucket that could not be listed is no shelf: asked for each block
 * of a collector that is slow, it would hold up the answer for as long as it is away.
 */
export function joinCopies(
  pending: readonly Copy[],
  stored: readonly Copy[],
  shelves: readonly Shelf[],
): Candidate[] {
  const isOwn = ({ collector }: Copy) => collector === undefined
  const order = [...pending.filter(isOwn), ...stored, ...pending.filter((copy) => !isOwn(copy))]
  // Copies are equal to the byte, and where they are not, they are not read as one.
  return [...Map.groupBy(order, ({ key, sizeBytes }) => `${key} ${sizeBytes}`).values()].map((copies) => {
    const [nearest] = copies as [Copy]
    const { key, sizeBytes } = nearest
    const isListed = copies.some(({ place }) => place === 'bucket')
    const more = isListed ? [] : shelves.map((shelf) => shelf.copy(key, sizeBytes))
    const sources = [...copies.map(({ source }) => source), ...more]
    return { ...nearest, source: blockSource(sources as [BlockCopy, ...BlockCopy[]]) }
  })
}

function overlaps(
  block: { readonly minTimeMs: number; readonly maxTimeMs: number },
  { startMs, endMs }: TimeRange,
): boolean {
  return block.minTimeMs <= endMs && block.maxTimeMs >= startMs
}
