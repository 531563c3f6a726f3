import { BlockCorruptError } from '../../block/errors.ts'
import { SharedWork } from '../shared-work.ts'
import type { ObjectPages } from './object-pages.ts'
import { pageBytes } from './page-index.ts'

/** Reads of the object itself, wherever it lies. */
export type Fetch = (
  offset: number,
  length: number,
  options: { readonly signal: AbortSignal },
) => Promise<Uint8Array>

/** Pages that are being fetched, or are fetched and not on disk yet. */
interface Flight {
  readonly first: number
  readonly count: number
  readonly work: SharedWork<Uint8Array>
}

/** What reads of an object need of the cache it is in. */
export interface CacheRoom {
  readonly maxConcurrent: <Result>(signal: AbortSignal, task: () => Promise<Result>) => Promise<Result>
  /** Stores pages from `first` on as far as there is room; never rejects. */
  readonly store: (first: number, bytes: Uint8Array) => Promise<void>
  readonly asked: (result: 'hit' | 'miss' | 'shared', sizeBytes: number) => void
  readonly corrupt: (pages: number) => void
}

/** Reads of one object through its pages on disk; a page that several want is fetched once. */
export class CachedObject {
  readonly #sizeBytes: number
  readonly #name: string
  readonly #room: CacheRoom
  readonly #flights = new Map<number, Flight>()

  constructor(object: { readonly name: string; readonly sizeBytes: number }, room: CacheRoom) {
    this.#name = object.name
    this.#sizeBytes = object.sizeBytes
    this.#room = room
  }

  /** Bytes `[offset, end)`, which must be within the object. */
  async read(
    pages: ObjectPages,
    [offset, end]: readonly [number, number],
    options: { readonly fetch: Fetch; readonly signal: AbortSignal | undefined },
  ): Promise<Uint8Array> {
    const out = new Uint8Array(end - offset)
    const copy = (bytes: Uint8Array, from: number) => {
      const start = Math.max(from, offset)
      const stop = Math.min(from + bytes.length, end)
      if (start < stop) out.set(bytes.subarray(start - from, stop - from), start - offset)
    }
    const first = Math.floor(offset / pageBytes)
    const last = Math.floor((end - 1) / pageBytes)
    await this.#fill(first, last, { ...options, pages, copy })
    return out
  }

  async #fill(first: number, last: number, reading: Reading): Promise<void> {
    const waiting: Promise<void>[] = []
    for (const { state, from, count } of this.#runs(first, last, reading.pages)) {
      if (state === 'stored') waiting.push(this.#readStored(from, count, reading))
      else if (state === 'missing') waiting.push(...this.#fetchAll(from, count, reading))
      else waiting.push(this.#join(this.#flights.get(from)!, reading, 'shared'))
    }
    const results = await Promise.allSettled(waiting)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Neighbours of one state; those in flight by their flight. */
  #runs(first: number, last: number, pages: ObjectPages): Run[] {
    const runs: Run[] = []
    for (let page = first; page <= last; page++) {
      const flight = this.#flights.get(page)
      const isFlying = flight !== undefined && !flight.work.isAbandoned
      const state = isFlying ? 'flying' : pages.isStored(page) ? 'stored' : 'missing'
      const run = runs.at(-1)
      const isSame = run?.state === state && (state !== 'flying' || this.#flights.get(run.from) === flight)
      if (isSame) run!.count++
      else runs.push({ state, from: page, count: 1 })
    }
    // A request of its own costs more than a few pages that are there.
    for (let i = runs.length - 2; i > 0; i--) {
      const [before, gap, after] = [runs[i - 1]!, runs[i]!, runs[i + 1]!]
      if (gap.state !== 'stored' || gap.count > maxGapPages) continue
      if (before.state !== 'missing' || after.state !== 'missing') continue
      before.count += gap.count + after.count
      runs.splice(i, 2)
    }
    return runs
  }

  async #readStored(from: number, count: number, reading: Reading): Promise<void> {
    for (let page = from; page < from + count; ) {
      const together = reading.pages.countTogether(page, Math.min(from + count - page, maxFetchPages))
      const { bytes, bad } = await reading.pages.read(page, together)
      reading.signal?.throwIfAborted()
      this.#room.asked('hit', Math.max(0, bytes.length - bad.length * pageBytes))
      reading.copy(bytes, page * pageBytes)
      if (bad.length > 0) {
        this.#room.corrupt(bad.length)
        await this.#fill(bad[0]!, bad.at(-1)!, reading)
      }
      page += together
    }
  }

  #fetchAll(from: number, count: number, reading: Reading): Promise<void>[] {
    const joined: Promise<void>[] = []
    for (let page = from; page < from + count; page += maxFetchPages) {
      const flight = this.#fetch(page, Math.min(maxFetchPages, from + count - page), reading.fetch)
      joined.push(this.#join(flight, reading, 'miss'))
    }
    return joined
  }

  async #join(flight: Flight, reading: Reading, result: 'miss' | 'shared'): Promise<void> {
    const bytes = await flight.work.wait(reading.signal)
    this.#room.asked(result, bytes.length)
    reading.copy(bytes, flight.first * pageBytes)
  }

  #fetch(first: number, count: number, fetch: Fetch): Flight {
    const offset = first * pageBytes
    const length = Math.min(count * pageBytes, this.#sizeBytes - offset)
    const land = () => {
      for (let page = first; page < first + count; page++) {
        if (this.#flights.get(page) === flight) this.#flights.delete(page)
      }
    }
    const work = new SharedWork<Uint8Array>((signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
      this.#room
        .maxConcurrent(signal, async () => {
          const bytes = await fetch(offset, length, { signal })
          if (bytes.length !== length) {
            throw new BlockCorruptError(this.#name, `bytes ${offset} on`, `${bytes.length}, want ${length}`)
          }
          resolve(bytes)
          // Until they are on disk, readers get them from here; and a slow disk slows down who fetches.
          await this.#room.store(first, bytes)
        })
        .catch(reject)
        .finally(land)
      return promise
    })
    const flight: Flight = { first, count, work }
    for (let page = first; page < first + count; page++) this.#flights.set(page, flight)
    return flight
  }
}

interface Reading {
  readonly pages: ObjectPages
  readonly copy: (bytes: Uint8Array, from: number) => void
  readonly fetch: Fetch
  readonly signal: AbortSignal | undefined
}

interface Run {
  readonly state: 'stored' | 'flying' | 'missing'
  readonly from: number
  count: number
}

const maxGapPages = 4
/** 4 MiB: more is fetched side by side. */
const maxFetchPages = 1024
