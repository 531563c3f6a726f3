import { type Counter, Gauge, Counter as PromCounter, type Registry } from 'prom-client'
import type { BlockReader } from '../block/block-reader.ts'
import { type ChosenSource, chooseSources, type Source } from '../block/covered.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import type { BucketReader } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import { throwIfCancelled } from './cancel.ts'
import {
  type Candidate,
  joinCopies,
  type ListedBlock,
  type Place,
  pendingCandidates,
  storedCandidates,
} from './candidates.ts'
import type { HeadRequest, HeadSource } from './head-source.ts'
import { listBucket } from './list-bucket.ts'
import { ListingPatience } from './listing-patience.ts'
import { LruCache } from './lru-cache.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { missing } from './missing.ts'
import { Patience } from './patience.ts'
import { type PendingFile, pendingSource } from './pending-files.ts'
import type { TimeRange } from './time.ts'

export interface CatalogOptions {
  readonly bucket?: BucketReader
  /** Before `blocks/` in the bucket, with its slash; "" for none. */
  readonly prefix?: string
  /** Blocks that this very process cut. */
  readonly pending?: () => readonly PendingFile[] | Promise<readonly PendingFile[]>
  /** A function where collectors come and go: called for each query. */
  readonly heads?: readonly HeadSource[] | (() => readonly HeadSource[])
  readonly log: Logger
  readonly registry: Registry
  /** Bound on what open blocks keep in memory; 32 MiB without it. */
  readonly cacheBytes?: number
}

/** A block that takes part in an answer. */
export interface OpenSource extends Source {
  readonly place: Place
  readonly reader: BlockReader
  /** To be told where something in it cannot be read after all. */
  readonly onUnreadable?: (error: unknown) => void
}

export interface OpenSources {
  readonly sources: readonly ChosenSource<OpenSource>[]
  /** What could not be read: the answer lacks it. */
  readonly warnings: readonly string[]
}

interface NamedHead {
  readonly head: HeadSource
  readonly index: number
  readonly name: string
}

type CatalogRange = TimeRange & { readonly signal?: AbortSignal }

/** Which blocks there are. Whatever cannot be reached becomes a warning; only an abort rejects. */
export class Catalog {
  readonly #options: CatalogOptions
  readonly #prefix: string
  readonly #readers: LruCache<BlockReader>
  readonly #listing = new ListingPatience()
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
      help: 'What could not be read, so that an answer carried a warning: heads, listings, blocks by where they are.',
      labelNames: ['place'],
      registers,
    })
    // From the start, so that the first failure is an increase.
    for (const place of ['head', 'pending', 'bucket', 'listing']) this.#failures.inc({ place }, 0)
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
   * Every block that overlaps the range, each attempt in one of them. Heads are read first, then pending blocks,
   * then the listing: what moves on meanwhile is seen twice and dropped once, never missed.
   */
  async open(
    request: Omit<HeadRequest, 'withoutBodies' | 'warn'> & { readonly withoutBodies?: boolean },
  ): Promise<OpenSources> {
    const { signal } = request
    const warnings: string[] = []
    const ask = { ...request, withoutBodies: request.withoutBodies ?? false }
    const answers = await Promise.all(this.#heads().map((each) => this.#askHead(each, ask, warnings)))
    const pending = [
      ...(await this.#ownPending(request, warnings)),
      ...answers.flatMap((each) => each.pending),
    ]
    const stored = await this.#stored(request, warnings)
    const opened = await mapConcurrently(
      joinCopies(pending, stored, { bucket: this.#options.bucket, prefix: this.#prefix }),
      maxConcurrentOpens,
      async (candidate) => {
        try {
          return await this.#openCandidate(candidate, signal)
        } catch (error) {
          throwIfCancelled(signal)
          const name = `block ${candidate.key} is`
          // A query whose time is up says nothing about the block.
          if (signal?.aborted) warnings.push(missing(name, error))
          else this.#warn(candidate.place, name, error, warnings)
          return undefined
        }
      },
    )
    const blocks = opened.filter((source) => source !== undefined)
    return { sources: chooseSources([...blocks, ...answers.flatMap((each) => each.blocks)]), warnings }
  }

  /** Everything there is in the range, without opening anything. Heads are not asked. */
  async list(
    range: CatalogRange,
  ): Promise<{ readonly blocks: readonly ListedBlock[]; readonly warnings: readonly string[] }> {
    const warnings: string[] = []
    const others = await Promise.all(
      this.#heads().map(async (each) => {
        using patience = new Patience(range.signal, each.head.patienceMs)
        return await this.#pendingOf(each, { ...range, patience }, warnings)
      }),
    )
    const pending = [...(await this.#ownPending(range, warnings)), ...others.flat()]
    const blocks = [...pending, ...(await this.#stored(range, warnings))].map(({ source, ...listed }) => {
      const reader = this.#readers.get(source.name)
      return reader === undefined ? listed : { ...listed, reader }
    })
    return { blocks: blocks.sort((a, b) => b.minTimeMs - a.minTimeMs), warnings }
  }

  #heads(): NamedHead[] {
    const { heads = [] } = this.#options
    const all = typeof heads === 'function' ? heads() : heads
    const unnamed = (index: number) => (all.length === 1 ? 'the head' : `head ${index}`)
    return all.map((head, index) => ({ head, index, name: head.name ?? unnamed(index) }))
  }

  /** One collector: its head, then what it cut. All within its patience. */
  async #askHead(
    named: NamedHead,
    request: Omit<HeadRequest, 'warn'>,
    warnings: string[],
  ): Promise<{ readonly blocks: readonly OpenSource[]; readonly pending: readonly Candidate[] }> {
    const { signal } = request
    const { head, index, name } = named
    using patience = new Patience(signal, head.patienceMs)
    let blocks: readonly OpenSource[] = []
    try {
      const answer = await head.readHead({
        ...request,
        signal: patience.signal,
        warn: (why) => warnings.push(missing(`a part of ${name} is`, why)),
      })
      blocks = await Promise.all(
        answer.map(async (bytes, part): Promise<OpenSource> => {
          const reader = await openBlock(memorySource(`${name}/${part}`, bytes))
          const { covered, partition } = reader.meta
          return { rank: 0, id: `head ${index}/${part}`, covered, partition, place: 'head', reader }
        }),
      )
    } catch (error) {
      throwIfCancelled(signal)
      this.#warn('head', `${name} is`, error, warnings)
      if (patience.signal.aborted || isAway(error)) return { blocks: [], pending: [] }
    }
    return { blocks, pending: await this.#pendingOf(named, { ...request, patience }, warnings) }
  }

  async #pendingOf(
    { head, name }: NamedHead,
    range: CatalogRange & { readonly patience: Patience },
    warnings: string[],
  ): Promise<Candidate[]> {
    if (head.listPending === undefined) return []
    try {
      const blocks = await head.listPending({ signal: range.patience.signal })
      return blocks.flatMap((block) => pendingCandidates(block, range, head.collector ?? name))
    } catch (error) {
      throwIfCancelled(range.signal)
      this.#warn('listing', `pending blocks of ${name} are`, error, warnings)
      return []
    }
  }

  async #ownPending(range: CatalogRange, warnings: string[]): Promise<Candidate[]> {
    try {
      const files = (await this.#options.pending?.()) ?? []
      return files.flatMap((file) =>
        pendingCandidates({ key: file.key, source: pendingSource(file) }, range, undefined),
      )
    } catch (error) {
      this.#warn('listing', 'pending blocks are', error, warnings)
      return []
    }
  }

  async #stored(range: CatalogRange, warnings: string[]): Promise<Candidate[]> {
    const { bucket } = this.#options
    if (bucket === undefined) return []
    const durationMs = this.#listing.begin()
    using patience = new Patience(range.signal, durationMs)
    try {
      const objects = await listBucket(bucket, this.#prefix, { ...range, signal: patience.signal })
      this.#listing.succeeded()
      const place = { bucket, prefix: this.#prefix }
      return objects.flatMap((object) => storedCandidates(object, range, place))
    } catch (error) {
      throwIfCancelled(range.signal)
      // That a query has no time left says nothing about the bucket.
      const isLate = range.signal?.aborted === true
      const why = isLate ? error : this.#listing.failed(error, { wasShort: durationMs !== undefined })
      this.#warn('listing', `bucket ${bucket.name} is`, why, warnings)
      return []
    }
  }

  async #openCandidate(candidate: Candidate, signal: AbortSignal | undefined): Promise<OpenSource> {
    const { place, key, level, source } = candidate
    // By place, so that a collector's block is not looked for where that collector was.
    let reader = this.#readers.get(source.name)
    this.#opened.inc({ result: reader === undefined ? 'read' : 'cached' })
    if (reader === undefined) {
      reader = await openBlock(source, signal === undefined ? {} : { signal })
      this.#readers.set(source.name, reader, estimateBytes(reader))
    }
    const onUnreadable = (error: unknown) => this.#note(place, `block ${key}`, error)
    const { covered, partition } = reader.meta
    return { rank: Math.max(1, level), id: key, covered, partition, place, reader, onUnreadable }
  }

  #warn(place: Place | 'listing', name: string, error: unknown, to: string[]): void {
    this.#note(place, name.replace(/ (is|are)$/, ''), error)
    to.push(missing(name, error))
  }

  #note(place: Place | 'listing', name: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#failures.inc({ place })
    this.#options.log.warn({ place }, `answer without ${name}: ${message}`)
  }
}

function isAway(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'AWAY'
}

const maxConcurrentOpens = 16

/** A tail once it is objects, and the symbols that merges leave with the reader. */
function estimateBytes({ meta }: BlockReader): number {
  return (
    4 * (meta.sectionBytes['tail'] ?? meta.seriesCount * 512) + 4 * (meta.sectionBytes['symbols'] ?? 0) + 4096
  )
}
