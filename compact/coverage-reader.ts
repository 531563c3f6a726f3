import { isBlockError } from '../block/errors.ts'
import { openBlock } from '../block/open-block.ts'
import type { BucketReader } from '../bucket/bucket.ts'
import { isBucketError } from '../bucket/errors.ts'
import { mapConcurrently } from '../lib/map-concurrently.ts'
import type { Coverage, PlacedBlock } from './placed-block.ts'
import type { StoredBlock } from './stored-blocks.ts'
import { storedSource } from './stored-source.ts'

export interface CoverageReaderOptions {
  readonly bucket: BucketReader
  /** A tail that does not read; the block is in no answer. A transient error rejects instead of coming here. */
  readonly onUnreadable: (block: StoredBlock, error: Error) => void
}

const maxConcurrentReads = 16

/** Reads of each block's tail what it covers, once. */
export class CoverageReader {
  readonly #options: CoverageReaderOptions
  readonly #known = new Map<string, Coverage>()

  constructor(options: CoverageReaderOptions) {
    this.#options = options
  }

  /** Without those that are gone meanwhile, or do not read. */
  async place(
    blocks: readonly StoredBlock[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<PlacedBlock[]> {
    const placed = await mapConcurrently(blocks, maxConcurrentReads, async (block) => {
      const coverage = this.#known.get(idOf(block)) ?? (await this.#read(block, signal))
      if (coverage === undefined) return []
      this.#known.set(idOf(block), coverage)
      return [{ ...block, ...coverage }]
    })
    return placed.flat()
  }

  /** By `idOf`. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id)
  }

  async #read(block: StoredBlock, signal: AbortSignal): Promise<Coverage | undefined> {
    try {
      const { meta } = await openBlock(storedSource(this.#options.bucket, block), { signal })
      return { covered: meta.covered, partition: meta.partition }
    } catch (error) {
      signal.throwIfAborted()
      if (isBucketError(error, 'NOT_FOUND')) return undefined
      if (!isBlockError(error)) throw error
      this.#options.onUnreadable(block, error)
      return undefined
    }
  }
}

/** The same key may hold other bytes later. */
export function idOf({ key, sizeBytes, modifiedMs }: StoredBlock): string {
  return `${key} ${sizeBytes} ${modifiedMs}`
}
