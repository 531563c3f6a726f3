import { parseBlockKey } from '../block/block-key.ts'
import { tombstonedBlock, tombstonesPrefix } from '../block/tombstone.ts'
import type { BucketOptions, BucketReader } from '../bucket/bucket.ts'

/** A block in a bucket, as listings show it. */
export interface StoredBlock {
  /** Below `blocks/`. */
  readonly key: string
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly level: number
  readonly sizeBytes: number
  /** By the store's clock. */
  readonly modifiedMs: number
  /** It has a tombstone: readers do not see it, and it goes for good later. */
  readonly isDeleted: boolean
}

/** What every block's key begins with, below the prefix. */
export const blocksPrefix = 'blocks/'

/**
 * Every block of a bucket, in the order of keys, which is that of their beginnings. Tombstones are listed after
 * the blocks: one that was written meanwhile counts.
 */
export async function listStoredBlocks(
  bucket: BucketReader,
  options: BucketOptions = {},
): Promise<readonly StoredBlock[]> {
  const found: Omit<StoredBlock, 'isDeleted'>[] = []
  for await (const { key, sizeBytes, modifiedMs } of bucket.list(blocksPrefix, options)) {
    const parsed = parseBlockKey(key)
    if (parsed === undefined) continue
    const { minTimeMs, maxTimeMs, level } = parsed
    found.push({ key: key.slice(blocksPrefix.length), minTimeMs, maxTimeMs, level, sizeBytes, modifiedMs })
  }
  const deleted = new Set(await listTombstones(bucket, options))
  return found.map((block) => ({ ...block, isDeleted: deleted.has(block.key) }))
}

/** The keys below `blocks/` of all blocks that have a tombstone, whether they are still there or not. */
export async function listTombstones(
  bucket: BucketReader,
  options: BucketOptions = {},
): Promise<readonly string[]> {
  const blockKeys: string[] = []
  for await (const { key } of bucket.list(tombstonesPrefix, options)) {
    const blockKey = tombstonedBlock(key)
    if (blockKey !== undefined) blockKeys.push(blockKey)
  }
  return blockKeys
}
