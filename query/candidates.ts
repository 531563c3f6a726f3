import { parseBlockKey } from '../block/block-key.ts'
import type { BlockReader, ByteSource } from '../block/block-reader.ts'
import type { BucketReader, ObjectInfo } from '../bucket/bucket.ts'
import { bucketSource } from './bucket-source.ts'
import { firstReadable } from './first-readable.ts'
import type { PendingBlock } from './head-source.ts'
import type { TimeRange } from './time.ts'

export type Place = 'head' | 'pending' | 'bucket'

/** A block as a listing shows it; what is inside is known once it was opened. */
export interface ListedBlock {
  readonly key: string
  readonly place: Place
  /** Which collector has it; absent where it is in the bucket or with this process. */
  readonly collector?: string
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly level: number
  readonly sizeBytes: number
  readonly reader?: BlockReader
}

/** A block that may take part in an answer. */
export interface Candidate extends ListedBlock {
  readonly source: ByteSource
}

/** None where the block is outside of the range, or the key is no block's. */
export function pendingCandidates(
  { key, source }: PendingBlock,
  range: TimeRange,
  collector: string | undefined,
): Candidate[] {
  const parsed = parseBlockKey(key)
  if (parsed === undefined || !overlaps(parsed, range)) return []
  const by = collector === undefined ? {} : { collector }
  return [{ ...parsed, key, place: 'pending', ...by, sizeBytes: source.sizeBytes, source }]
}

/** None where the object is outside of the range, or no block. `prefix` is `blocks/` and what is before it. */
export function storedCandidates(
  { key: name, sizeBytes }: ObjectInfo,
  range: TimeRange,
  place: { readonly bucket: BucketReader; readonly prefix: string },
): Candidate[] {
  const parsed = parseBlockKey(name)
  if (parsed === undefined || !overlaps(parsed, range)) return []
  const source = bucketSource(place.bucket, name, sizeBytes)
  return [{ ...parsed, key: name.slice(place.prefix.length), place: 'bucket', sizeBytes, source }]
}

/**
 * Copies of one block become one candidate. A file of this process is nearest; then the bucket, so that collectors
 * are spared; then a collector. What the listing did not have yet is looked for in the bucket all the same when
 * it cannot be read elsewhere: uploaded and deleted since, perhaps.
 */
export function joinCopies(
  pending: readonly Candidate[],
  stored: readonly Candidate[],
  place: { readonly bucket: BucketReader | undefined; readonly prefix: string },
): Candidate[] {
  const { bucket, prefix } = place
  const isOwn = ({ collector }: Candidate) => collector === undefined
  const order = [...pending.filter(isOwn), ...stored, ...pending.filter((candidate) => !isOwn(candidate))]
  return [...Map.groupBy(order, ({ key }) => key).values()].map((copies) => {
    const [nearest] = copies as [Candidate]
    const sources = copies.map(({ source }) => source)
    if (bucket !== undefined && !copies.some((copy) => copy.place === 'bucket')) {
      sources.push(bucketSource(bucket, prefix + nearest.key, nearest.sizeBytes))
    }
    return { ...nearest, source: firstReadable(sources as [ByteSource]) }
  })
}

function overlaps(
  block: { readonly minTimeMs: number; readonly maxTimeMs: number },
  { startMs, endMs }: TimeRange,
): boolean {
  return block.minTimeMs <= endMs && block.maxTimeMs >= startMs
}
