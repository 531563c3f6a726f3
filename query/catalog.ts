import { type Counter, Gauge, Counter as PromCounter, type Registry } from 'prom-client'
import { parseBlockKey } from '../block/block-key.ts'
import type { BlockReader, ByteSource } from '../block/block-reader.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import type { BucketReader, ObjectInfo } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import type { Matcher } from '../profile/matcher.ts'
import { bucketSource } from './bucket-source.ts'
import { throwIfCancelled } from './cancel.ts'
import { type ChosenSource, chooseSources, type Source } from './covered.ts'
import { LruCache } from './lru-cache.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { type PendingFile, pendingSource } from './pending-files.ts'

/** What is acknowledged and in no block yet: a function call in `conprof all`, HTTP elsewhere. */
export interface HeadSource {
  /** How warnings name it. */
  readonly name?: string
  /** Each a block of just what is asked for. */
  readHead(request: HeadRequest): Promise<readonly Uint8Array[]>
}

export interface HeadRequest {
  readonly matchers: readonly Matcher[]
  readonly startMs: number
  readonly endMs: number
  /** Rows alone: what plots and lists need. */
  readonly withoutBodies: boolean
  readonly signal?: AbortSignal
}

export interface CatalogOptions {
  readonly bucket?: BucketReader
  /** Before `blocks/` in the bucket, with its slash; "" for none. */
  readonly prefix?: string
  readonly pending?: () => readonly PendingFile[] | Promise<readonly PendingFile[]>
  readonly heads?: readonly HeadSource[]
  readonly log: Logger
  readonly registry: Registry
  /** Bound on what open blocks keep in memory; 32 MiB without it. */
  readonly cacheBytes?: number
}

export type Place = 'head' | 'pending' | 'bucket'

/** A block that takes part in an answer. */
export interface OpenSource extends Source {
  readonly place: Place
  readonly reader: BlockReader
}

export interface OpenSources {
  readonly sources: readonly ChosenSource<OpenSource>[]
  /** What could not be read: the answer lacks it. */
  readonly warnings: readonly string[]
}

/** A block as a listing shows it; what is inside is known once it was opened. */
export interface ListedBlock {
  readonly key: string
  readonly place: Place
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly level: number
  readonly sizeBytes: number
  readonly reader?: BlockReader
}

interface Candidate extends ListedBlock {
  readonly open: (sizeBytes: number) => ByteSource
}

/** Which blocks there are. Whatever cannot be reached becomes a warning; only an abort rejects. */
export class Catalog {
  readonly #options: CatalogOptions
  readonly #prefix: string
  readonly #readers: LruCache<BlockReader>
  readonly #opened: Counter<'result'>
  readonly #failures: Counter<'place'>

  constructor(options: CatalogOptions) {
    this.#options = options
    this.#prefix = `${options.prefix ?? ''}blocks/`
    this.#readers = new LruCache(options.cacheBytes ?? 32 * 1024 * 1024)
    const registers = [options.registry]
    this.#opened = new PromCounter({
      name: 'conprof_query_blocks_opened_total',
      help: 'Blocks that queries used, by whether their tail was cached.',
      labelNames: ['result'],
      registers,
    })
    this.#failures = new PromCounter({
      name: 'conprof_query_block_failures_total',
      help: 'Heads, listings and blocks that could not be read, so that an answer carried a warning.',
      labelNames: ['place'],
      registers,
    })
    const readers = this.#readers
    new Gauge({
      name: 'conprof_query_cached_block_bytes',
      help: 'Estimate of the memory that open blocks hold.',
      registers,
      collect() {
        this.set(readers.cost)
      },
    })
  }

  /**
   * Every block that overlaps the range, each attempt in one of them. Heads are read first, then pending files,
   * then the listing: what moves on meanwhile is seen twice and dropped once, never missed.
   */
  async open(
    request: Omit<HeadRequest, 'withoutBodies'> & { readonly withoutBodies?: boolean },
  ): Promise<OpenSources> {
    const { signal } = request
    const warnings: string[] = []
    const heads = await this.#readHeads(
      { ...request, withoutBodies: request.withoutBodies ?? false },
      warnings,
    )
    const candidates = await this.#list(request, warnings)
    const opened = await mapConcurrently(candidates, maxConcurrentOpens, async (candidate) => {
      try {
        return await this.#openCandidate(candidate, signal)
      } catch (error) {
        throwIfCancelled(signal)
        this.#warn(candidate.place, `block ${candidate.key}`, error, warnings)
        return undefined
      }
    })
    const blocks = opened.filter((source) => source !== undefined)
    return { sources: chooseSources([...blocks, ...heads]), warnings }
  }

  /** Everything there is in the range, without opening anything. Heads are not asked. */
  async list(range: {
    readonly startMs: number
    readonly endMs: number
    readonly signal?: AbortSignal
  }): Promise<{ readonly blocks: readonly ListedBlock[]; readonly warnings: readonly string[] }> {
    const warnings: string[] = []
    const candidates = await this.#list(range, warnings)
    const blocks = candidates.map(({ open: _, ...listed }) => {
      const reader = this.#readers.get(`${listed.place}:${listed.key}`)
      return reader === undefined ? listed : { ...listed, reader }
    })
    return { blocks: blocks.sort((a, b) => b.minTimeMs - a.minTimeMs), warnings }
  }

  async #readHeads(request: HeadRequest, warnings: string[]): Promise<OpenSource[]> {
    const answers = await Promise.all(
      (this.#options.heads ?? []).map(async (head, index) => {
        const name = head.name ?? `head ${index}`
        try {
          const blocks = await head.readHead(request)
          return await Promise.all(
            blocks.map(async (bytes, part): Promise<OpenSource> => {
              const reader = await openBlock(memorySource(`${name}/${part}`, bytes))
              const { covered } = reader.meta
              return { rank: 0, id: `${name}/${part}`, covered, place: 'head', reader }
            }),
          )
        } catch (error) {
          throwIfCancelled(request.signal)
          this.#warn('head', name, error, warnings)
          return []
        }
      }),
    )
    return answers.flat()
  }

  async #list(
    range: { readonly startMs: number; readonly endMs: number; readonly signal?: AbortSignal },
    warnings: string[],
  ): Promise<Candidate[]> {
    const { startMs, endMs, signal } = range
    const overlaps = (block: { readonly minTimeMs: number; readonly maxTimeMs: number }): boolean =>
      block.minTimeMs <= endMs && block.maxTimeMs >= startMs
    const candidates: Candidate[] = []
    try {
      for (const file of (await this.#options.pending?.()) ?? []) {
        const key = parseBlockKey(file.key)
        if (key === undefined || !overlaps(key)) continue
        const open = () => pendingSource(file)
        candidates.push({ ...key, key: file.key, place: 'pending', sizeBytes: file.sizeBytes, open })
      }
    } catch (error) {
      this.#warn('pending', 'pending blocks', error, warnings)
    }
    const { bucket } = this.#options
    if (bucket !== undefined) {
      try {
        for (const object of await this.#listBucket(bucket, range)) {
          const key = parseBlockKey(object.key)
          if (key === undefined || !overlaps(key)) continue
          const open = (sizeBytes: number) => bucketSource(bucket, object.key, sizeBytes)
          const name = object.key.slice(this.#prefix.length)
          candidates.push({ ...key, key: name, place: 'bucket', sizeBytes: object.sizeBytes, open })
        }
      } catch (error) {
        throwIfCancelled(signal)
        this.#warn('bucket', `bucket ${bucket.name}`, error, warnings)
      }
    }
    return candidates
  }

  async #listBucket(
    bucket: BucketReader,
    range: { readonly startMs: number; readonly endMs: number; readonly signal?: AbortSignal },
  ): Promise<ObjectInfo[]> {
    const options = range.signal === undefined ? {} : { signal: range.signal }
    const listed = await mapConcurrently(this.#prefixes(range), maxConcurrentLists, (prefix) =>
      Array.fromAsync(bucket.list(prefix, options)),
    )
    return listed.flat()
  }

  /** One per day while they are few. A block lies under the day it begins on, so the day before is asked too. */
  #prefixes({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }): string[] {
    const first = Math.floor(startMs / dayMs) - 1
    const last = Math.floor(endMs / dayMs)
    if (last - first >= maxListedDays) return [this.#prefix]
    const prefixes: string[] = []
    for (let day = first; day <= last; day++) {
      prefixes.push(`${this.#prefix}${new Date(day * dayMs).toISOString().slice(0, 10)}/`)
    }
    return prefixes
  }

  async #openCandidate(candidate: Candidate, signal: AbortSignal | undefined): Promise<OpenSource> {
    const { place, key, level } = candidate
    const cacheKey = `${place}:${key}`
    let reader = this.#readers.get(cacheKey)
    this.#opened.inc({ result: reader === undefined ? 'read' : 'cached' })
    if (reader === undefined) {
      reader = await openBlock(candidate.open(candidate.sizeBytes), signal === undefined ? {} : { signal })
      this.#readers.set(cacheKey, reader, estimateBytes(reader))
    }
    return { rank: Math.max(1, level), id: key, covered: reader.meta.covered, place, reader }
  }

  #warn(place: Place, what: string, error: unknown, warnings: string[]): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#failures.inc({ place })
    this.#options.log.warn({ place }, `read ${what}: ${message}`)
    warnings.push(`${what} is missing from this answer: ${message}`)
  }
}

const dayMs = 24 * 60 * 60 * 1000
const maxListedDays = 9
const maxConcurrentLists = 4
const maxConcurrentOpens = 16

/** A tail once it is objects, and the symbols that merges leave with the reader. */
function estimateBytes({ meta }: BlockReader): number {
  return (
    4 * (meta.sectionBytes['tail'] ?? meta.seriesCount * 512) + 4 * (meta.sectionBytes['symbols'] ?? 0) + 4096
  )
}
