import { tombstonedBlock, tombstonesPrefix } from '../block/tombstone.ts'
import type { BucketReader, ObjectInfo } from '../bucket/bucket.ts'
import { AnswerScope } from './answer-scope.ts'
import { SharedWork } from './shared-work.ts'
import type { TimeRange } from './time.ts'

export interface BucketListingOptions {
  readonly bucket: BucketReader
  /** Before `blocks/` and `deleted/`, with its slash; "" for none. */
  readonly prefix: string
  /** How old a listing may be that an answer is made of; 30 s without it, 0 for a new one each time. */
  readonly maxAgeMs?: number
  /** Told what is stored, deleted or not, below `blocks/`: of one day, or of all where that is undefined. */
  readonly onListed?: (keys: ReadonlySet<string>, day: string | undefined) => void
  /** Instead of `performance.now()`. */
  readonly now?: () => number
}

type Objects = readonly ObjectInfo[]

/** Its day's objects, by day. */
type Days = ReadonlyMap<string, Objects>

interface Listing {
  /** What was in the bucket by then is in it; on the clock of `performance.now()`. */
  readonly beganMs: number
  readonly work: SharedWork<Days>
}

/**
 * What is in a bucket, listed once for all queries of the next while.
 *
 * A query asks heads, then pending blocks, then takes a listing. A block that it found with no collector is either in
 * the bucket since 120 s, for so long collectors keep what they uploaded, or was never cut. So any listing that began
 * less than 120 s ago has it, and 30 s leave room for clients that take long and for processes that stand still; days
 * that are over, where blocks come late and rarely, may be three times as old. Sources of a compaction stay for 30
 * minutes beside what replaces them: a listing of any age shows the ones or the others, or both. Where a collector may
 * not have kept its word, because it ended, callers ask for a listing that began after they asked it.
 */
export class BucketListing {
  readonly #options: BucketListingOptions
  readonly #maxAgeMs: number
  readonly #now: () => number
  readonly #days = new Map<string, Listing>()
  #whole: Listing | undefined

  constructor(options: BucketListingOptions) {
    this.#options = options
    this.#maxAgeMs = options.maxAgeMs ?? defaultMaxAgeMs
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * The blocks' objects that may overlap the range, without those that are deleted. Nothing is missing that was there
   * `sinceMs`, on the clock of `performance.now()`.
   */
  async list(
    range: TimeRange,
    options: { readonly sinceMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<ObjectInfo[]> {
    const { sinceMs = Number.NEGATIVE_INFINITY, signal } = options
    const nowMs = this.#now()
    // A block lies under the day it begins on, so the day before is asked for, too.
    const first = Math.floor(Math.min(lastMs, Math.max(0, range.startMs)) / dayMs) - 1
    const last = Math.floor(Math.min(lastMs, range.endMs) / dayMs)
    const isFresh = (listing: Listing | undefined, day: number): listing is Listing => {
      if (listing === undefined || listing.work.isAbandoned || listing.beganMs < sinceMs) return false
      return listing.beganMs > nowMs - this.#maxAgeMs * (isOver(day) ? overFactor : 1)
    }
    const stale: number[] = []
    for (let day = first; day <= last && stale.length <= maxListedDays; day++) {
      if (!isFresh(this.#whole, day) && !isFresh(this.#days.get(nameOf(day)), day)) stale.push(day)
    }
    const begun =
      stale.length > maxListedDays ? [this.#beginWhole()] : stale.map((day) => this.#beginDay(day))
    const used = new Set(begun)
    const ownDays = new Map<string, Listing>()
    for (const [name, listing] of this.#days) {
      const day = dayOf(name)
      if (day < first || day > last || (!used.has(listing) && !isFresh(listing, day))) continue
      // Of two that are fresh the newer one.
      if (isFresh(this.#whole, day) && this.#whole.beganMs > listing.beganMs) continue
      ownDays.set(name, listing)
    }
    const whole = this.#whole
    const found = new Map<string, Objects>()
    const isWholeUsed = whole !== undefined && (used.has(whole) || isFresh(whole, first))
    if (isWholeUsed) for (const [day, objects] of await whole.work.wait(signal)) found.set(day, objects)
    const own = [...ownDays]
    const listed = await Promise.all(own.map(([, { work }]) => work.wait(signal)))
    for (const [i, [day]] of own.entries()) found.set(day, listed[i]!.get(day) ?? [])
    const inRange = [...found].filter(([day]) => day >= nameOf(first) && day <= nameOf(last))
    return inRange.flatMap(([, objects]) => objects)
  }

  #beginWhole(): Listing {
    const listing = this.#begin(undefined, () => {
      if (this.#whole === listing) this.#whole = undefined
    })
    this.#whole = listing
    return listing
  }

  #beginDay(day: number): Listing {
    const name = nameOf(day)
    const listing = this.#begin(name, () => {
      if (this.#days.get(name) === listing) this.#days.delete(name)
    })
    if (this.#days.size > maxKeptDays) this.#days.clear()
    this.#days.set(name, listing)
    return listing
  }

  /** One that fails is forgotten, so that the next query tries again. */
  #begin(day: string | undefined, forget: () => void): Listing {
    const beganMs = this.#now()
    const work = new SharedWork(async (signal) => {
      try {
        return await this.#list(day, signal)
      } catch (error) {
        forget()
        throw error
      }
    })
    return { beganMs, work }
  }

  /**
   * Tombstones first: a block that is deleted because another replaces it is hidden by them only where the other one
   * is in the listing of blocks that follows.
   */
  async #list(day: string | undefined, signal: AbortSignal): Promise<Days> {
    const { bucket, prefix, onListed } = this.#options
    const scope = AnswerScope.current
    scope?.noteRequest()
    const below = day === undefined ? '' : `${day}/`
    const deleted = new Set<string>()
    for await (const { key } of bucket.list(`${prefix}${tombstonesPrefix}${below}`, { signal })) {
      const block = tombstonedBlock(key)
      if (block !== undefined) deleted.add(block)
    }
    scope?.noteRequest()
    const start = `${prefix}blocks/`
    const keys = new Set<string>()
    const days = new Map<string, ObjectInfo[]>()
    for await (const object of bucket.list(start + below, { signal })) {
      const key = object.key.slice(start.length)
      keys.add(key)
      if (deleted.has(key)) continue
      const own = key.slice(0, 'yyyy-mm-dd'.length)
      const objects = days.get(own)
      if (objects === undefined) days.set(own, [object])
      else objects.push(object)
    }
    onListed?.(keys, day)
    return days
  }
}

function nameOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

function dayOf(name: string): number {
  return Date.parse(name) / dayMs
}

function isOver(day: number): boolean {
  return Date.now() > (day + 1) * dayMs + settledMs
}

const dayMs = 24 * 60 * 60 * 1000
/** The last millisecond of the year 9999. */
const lastMs = 253_402_300_799_999
/** By then what was scraped on a day is in the bucket, and mostly compacted. */
const settledMs = 6 * 60 * 60 * 1000
const defaultMaxAgeMs = 30_000
const overFactor = 3
/** More of them cost more requests than a listing of all. */
const maxListedDays = 9
const maxKeptDays = 200
