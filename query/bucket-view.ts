import type { ByteSource } from '../block/block-reader.ts'
import type { BucketReader } from '../bucket/bucket.ts'
import { isBucketError } from '../bucket/errors.ts'
import type { BlockCopy } from './block-source.ts'
import { BucketListing } from './bucket-listing.ts'
import { bucketSource } from './bucket-source.ts'
import type { PageCache } from './cache/page-cache.ts'
import { throwIfCancelled } from './cancel.ts'
import { type Copy, type Shelf, storedCopies } from './candidates.ts'
import { ListingPatience } from './listing-patience.ts'
import { Patience } from './patience.ts'
import type { TimeRange } from './time.ts'

export interface BucketViewOptions {
  readonly bucket: BucketReader
  /** Before `blocks/` in the bucket, with its slash; "" for none. */
  readonly prefix: string
  /** Whether there is no other bucket, so that it need not be named. */
  readonly isOnly: boolean
  /** Absent where the bucket is a disk of this machine, or there is to be none. */
  readonly cache?: PageCache | undefined
  readonly listingMaxAgeMs?: number | undefined
  readonly onFetched: (sizeBytes: number) => void
}

/** One bucket as queries see it: which blocks it has, and their bytes through the cache. */
export class BucketView implements Shelf {
  readonly name: string
  readonly #options: BucketViewOptions
  readonly #prefix: string
  readonly #listing: BucketListing
  readonly #patience = new ListingPatience()

  constructor(options: BucketViewOptions) {
    const { bucket, prefix } = options
    // Looking into a folder is no request that somebody counts.
    const maxAgeMs = options.listingMaxAgeMs ?? (bucket.isLocal === true ? 0 : undefined)
    this.#options = options
    this.name = bucket.name
    this.#prefix = `${prefix}blocks/`
    this.#listing = new BucketListing({
      bucket,
      prefix,
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
      onListed: (keys, day) => this.#retain(keys, day),
    })
  }

  /** Blocks that may overlap the range; rejects with why there is no listing. See `BucketListing.list`. */
  async list(
    range: TimeRange,
    options: { readonly sinceMs: number | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<Copy[]> {
    const { sinceMs, signal } = options
    const durationMs = this.#patience.begin()
    using patience = new Patience(signal, durationMs)
    try {
      const objects = await this.#listing.list(range, {
        signal: patience.signal,
        ...(sinceMs === undefined ? {} : { sinceMs }),
      })
      this.#patience.succeeded()
      const place = { shelf: this, prefix: this.#prefix, name: this.name, isOnly: this.#options.isOnly }
      return objects.flatMap((object) => storedCopies(object, range, place))
    } catch (error) {
      throwIfCancelled(signal)
      // That a query has no time left says nothing about the bucket.
      if (signal?.aborted) throw error
      const isShort = durationMs !== undefined
      throw new Error(this.#patience.failed(error, { wasShort: isShort }), { cause: error })
    }
  }

  /** A block that may or may not be there, by its key below `blocks/`. */
  copy(key: string, sizeBytes: number): BlockCopy {
    const { bucket, cache, onFetched } = this.#options
    const stored = this.#patient(bucketSource(bucket, this.#prefix + key, sizeBytes, { onFetched }))
    return cache?.source(stored, { bucket: this.#cacheName, key }) ?? stored
  }

  /** A listing may be older than an outage: an answer of many blocks must not wait for each of them. */
  #patient(source: ByteSource): ByteSource {
    const { name, sizeBytes } = source
    return {
      name,
      sizeBytes,
      read: async (offset, length, { signal } = {}) => {
        const durationMs = this.#patience.begin()
        using patience = new Patience(signal, durationMs)
        try {
          const bytes = await source.read(offset, length, { signal: patience.signal })
          this.#patience.succeeded()
          return bytes
        } catch (error) {
          const isAway = patience.signal.aborted || isBucketError(error, 'UNAVAILABLE')
          if (signal?.aborted || !isAway) throw error
          const message = this.#patience.failed(error, { wasShort: durationMs !== undefined })
          throw Object.assign(new Error(message, { cause: error }), { code: 'UNAVAILABLE' })
        }
      },
    }
  }

  get #cacheName(): string {
    return `${this.name} ${this.#options.prefix}`
  }

  #retain(keys: ReadonlySet<string>, day: string | undefined): void {
    void this.#options.cache?.retain(this.#cacheName, (key) => {
      if (day !== undefined && !key.startsWith(`${day}/`)) return true
      return keys.has(key)
    })
  }
}
