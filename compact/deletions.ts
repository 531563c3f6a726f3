import {
  decodeTombstone,
  encodeTombstone,
  maxTombstoneBytes,
  type Tombstone,
  tombstonedBlock,
  tombstoneKey,
  tombstonesPrefix,
} from '../block/tombstone.ts'
import type { Bucket, BucketOptions } from '../bucket/bucket.ts'
import { isBucketError } from '../bucket/errors.ts'
import type { DeletionReason } from './policy.ts'
import { blocksPrefix, type StoredBlock } from './stored-blocks.ts'

/** Who is told of what was deleted. */
export interface DeletionEvents {
  /** Hidden from readers from now on, and can be brought back. */
  tombstoned(block: StoredBlock, reason: DeletionReason): void
  /** Gone for good. */
  gone(blockKey: string, tombstone: Tombstone): void
}

type At = BucketOptions & { readonly nowMs: number }

/** For how long a deleted block can be brought back. */
export const finalAfterMs = 48 * 60 * 60 * 1000
/** What was erased shall not come back; readers use listings that are up to 90 s old. */
export const erasedAfterMs = 2 * 60_000

/** Deletes blocks in two steps: a tombstone now, the block and its tombstone when nobody asked for it back. */
export class Deletions {
  readonly #bucket: Bucket
  readonly #events: DeletionEvents
  /** By block key. They never change. */
  readonly #known = new Map<string, Tombstone>()

  constructor({ bucket, events }: { readonly bucket: Bucket; readonly events: DeletionEvents }) {
    this.#bucket = bucket
    this.#events = events
  }

  async tombstone(block: StoredBlock, reason: DeletionReason, { nowMs, ...options }: At): Promise<void> {
    const tombstone = { reason, atMs: nowMs, sizeBytes: block.sizeBytes }
    await this.#bucket.put(tombstoneKey(block.key), encodeTombstone(tombstone), options)
    this.#known.set(block.key, tombstone)
    this.#events.tombstoned(block, reason)
  }

  /** What was made again after it had been deleted, as when somebody brought back what it was made of, counts again. */
  async uncover(blocks: readonly { readonly key: string }[], options: BucketOptions = {}): Promise<void> {
    for (const { key } of blocks) {
      await this.#bucket.delete(tombstoneKey(key), options)
      this.#known.delete(key)
    }
  }

  /** The block first: while its tombstone is there, nobody sees it. */
  async remove(blockKey: string, tombstone: Tombstone, options: BucketOptions = {}): Promise<void> {
    await this.#bucket.delete(`${blocksPrefix}${blockKey}`, options)
    await this.#bucket.delete(tombstoneKey(blockKey), options)
    this.#known.delete(blockKey)
    this.#events.gone(blockKey, tombstone)
  }

  /** All that are in the bucket, oldest blocks first. */
  async list(options: BucketOptions = {}): Promise<ReadonlyMap<string, Tombstone>> {
    const found = new Map<string, Tombstone>()
    for await (const { key, modifiedMs } of this.#bucket.list(tombstonesPrefix, options)) {
      const blockKey = tombstonedBlock(key)
      if (blockKey === undefined) continue
      const tombstone = this.#known.get(blockKey) ?? (await this.#read(key, modifiedMs, options))
      if (tombstone !== undefined) found.set(blockKey, tombstone)
    }
    this.#known.clear()
    for (const [blockKey, tombstone] of found) this.#known.set(blockKey, tombstone)
    return found
  }

  /** Removes those that nobody brought back in time; says how many. */
  async finish({ nowMs, ...options }: At): Promise<number> {
    let count = 0
    for (const [blockKey, tombstone] of await this.list(options)) {
      const afterMs = tombstone.reason === 'erased' ? erasedAfterMs : finalAfterMs
      if (nowMs - tombstone.atMs < afterMs) continue
      await this.remove(blockKey, tombstone, options)
      count++
    }
    return count
  }

  async #read(key: string, modifiedMs: number, options: BucketOptions): Promise<Tombstone | undefined> {
    try {
      return decodeTombstone(await this.#bucket.getRange(key, 0, maxTombstoneBytes, options), key)
    } catch (error) {
      // Brought back since it was listed.
      if (isBucketError(error, 'NOT_FOUND')) return undefined
      if (!(error instanceof SyntaxError)) throw error
      // It hides its block all the same, so it must end some day.
      return { reason: 'unknown', atMs: modifiedMs, sizeBytes: 0 }
    }
  }
}
