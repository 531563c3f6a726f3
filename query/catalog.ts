import { Counter, type Registry } from 'prom-client'
import type { BlockReader } from '../block/block-reader.ts'
import { type ChosenSource, chooseSources, type Source } from '../block/covered.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import type { BucketReader } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import { AnswerScope } from './answer-scope.ts'
import { BucketView } from './bucket-view.ts'
import type { PageCache } from './cache/page-cache.ts'
import { throwIfCancelled } from './cancel.ts'
import {
  type Candidate,
  type Copy,
  joinCopies,
  type ListedBlock,
  type Place,
  pendingCopies,
} from './candidates.ts'
import type { HeadRequest, HeadSource } from './head-source.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { missing } from './missing.ts'
import { OpenBlocks } from './open-blocks.ts'
import { Patience } from './patience.ts'
import { type PendingFile, pendingSource } from './pending-files.ts'
import { SettledHeads } from './settled-heads.ts'
import type { TimeRange } from './time.ts'

export interface CatalogOptions {
  /** Several are one view: their blocks are joined as if they lay in one. */
  readonly bucket?: BucketReader | readonly BucketReader[]
  /** Before `blocks/` in each bucket, with its slash; "" for none. */
  readonly prefix?: string
  /** For buckets that are not a disk of this machine. */
  readonly cache?: PageCache | undefined
  /** Blocks that this very process cut. */
  readonly pending?: () => readonly PendingFile[] | Promise<readonly PendingFile[]>
  /** A function where collectors come and go: called for each query. */
  readonly heads?: readonly HeadSource[] | (() => readonly HeadSource[])
  readonly log: Logger
  readonly registry: Registry
  /** Bound on what open blocks keep in memory; 64 MiB without it. */
  readonly cacheBytes?: number
  /** How old a listing of a bucket may be; without it 0 of a disk, else 30 s. See `BucketListing`. */
  readonly listingMaxAgeMs?: number
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
  /** Whether one of the blocks turned out to be gone since, so that what is made of the others lacks something. */
  readonly isOutdated: boolean
}

interface NamedHead {
  readonly head: HeadSource
  readonly index: number
  readonly name: string
}

type CatalogRange = TimeRange & { readonly signal?: AbortSignal }

/** What one collector has. */
interface HeadAnswer {
  readonly blocks: readonly OpenSource[]
  readonly pending: readonly Copy[]
  readonly isThere: boolean
}

/** Which blocks there are. Whatever cannot be reached becomes a warning; only an abort rejects. */
export class Catalog {
  readonly #options: CatalogOptions
  readonly #buckets: readonly BucketView[]
  readonly #blocks: OpenBlocks
  readonly #settled = new SettledHeads()
  readonly #failures: Counter<'place'>

  constructor(options: CatalogOptions) {
    this.#options = options
    const { bucket = [], prefix = '', cache, listingMaxAgeMs, registry } = options
    const registers = [registry]
    this.#blocks = new OpenBlocks({ maxBytes: options.cacheBytes ?? 64 * 1024 * 1024, registry })
    const fetched = new Counter({
      name: 'conprof_query_fetched_bytes_total',
      help: 'Bytes of blocks that queries read from buckets; what the disk cache had is not among them.',
      registers,
    })
    const buckets = [bucket].flat()
    this.#buckets = buckets.map(
      (each) =>
        new BucketView({
          ...{ bucket: each, prefix, listingMaxAgeMs },
          isOnly: buckets.length === 1,
          cache: each.isLocal === true ? undefined : cache,
          onFetched: (sizeBytes) => fetched.inc(sizeBytes),
        }),
    )
    this.#failures = new Counter({
      name: 'conprof_query_block_failures_total',
      help: 'What could not be read, so that an answer carried a warning: heads, listings, blocks by where they are.',
      labelNames: ['place'],
      registers,
    })
    // From the start, so that the first failure is an increase.
    for (const place of ['head', 'pending', 'bucket', 'listing']) this.#failures.inc({ place }, 0)
  }

  /**
   * Every block that overlaps the range, each attempt in one of them. Heads are read first, then pending blocks,
   * then the listing: what moves on meanwhile is seen twice and dropped once, never missed. A block that was listed
   * and is gone was compacted: then all is asked once more, of a new listing.
   */
  async open(
    request: Omit<HeadRequest, 'withoutBodies' | 'warn'> & { readonly withoutBodies?: boolean },
  ): Promise<OpenSources> {
    const scope = AnswerScope.current
    const first = await this.#openOnce(request, { sinceMs: scope?.sinceMs, isLast: false })
    const opened = first ?? (await this.#openOnce(request, { sinceMs: performance.now(), isLast: true }))!
    scope?.noteOpened(opened)
    return opened
  }

  /** Undefined where a block is gone, unless it is the last try. */
  async #openOnce(
    request: Omit<HeadRequest, 'withoutBodies' | 'warn'> & { readonly withoutBodies?: boolean },
    { sinceMs, isLast }: { readonly sinceMs: number | undefined; readonly isLast: boolean },
  ): Promise<OpenSources | undefined> {
    const { signal } = request
    const warnings: string[] = []
    const ask = { ...request, withoutBodies: request.withoutBodies ?? false }
    const heads = this.#heads()
    const answers = await Promise.all(heads.map((each) => this.#askHead(each, ask, warnings)))
    const pending = [
      ...(await this.#ownPending(request, warnings)),
      ...answers.flatMap((each) => each.pending),
    ]
    const isUnsettled = this.#settled.isUnsettled(
      heads.map(({ head, name }, i) => ({
        ...{ name, incarnation: head.incarnation },
        isThere: answers[i]!.isThere,
      })),
    )
    const listing = { ...request, sinceMs: isUnsettled ? performance.now() : sinceMs }
    const { stored, shelves } = await this.#stored(listing, warnings)
    let isGone = false
    const opened = await mapConcurrently(
      joinCopies(pending, stored, shelves),
      maxConcurrentOpens,
      async (candidate) => {
        try {
          return await this.#openCandidate(candidate, signal)
        } catch (error) {
          throwIfCancelled(signal)
          // Somebody else may have asked for it, so what its source knows is not enough.
          if ((candidate.source.isGone || codeOf(error) === 'NOT_FOUND') && !isLast) {
            isGone = true
            return undefined
          }
          const name = `block ${candidate.key} is`
          // A query whose time is up says nothing about the block.
          if (signal?.aborted) warnings.push(missing(name, error))
          else this.#warn(candidate.place, name, error, warnings)
          return undefined
        }
      },
    )
    if (isGone) return undefined
    const blocks = opened.filter((source) => source !== undefined)
    return {
      sources: chooseSources([...blocks.map(({ open }) => open), ...answers.flatMap((each) => each.blocks)]),
      warnings,
      get isOutdated() {
        return blocks.some(({ source }) => source.isGone)
      },
    }
  }

  /** Everything there is in the range, without opening anything. Heads are not asked. */
  async list(
    range: CatalogRange,
  ): Promise<{ readonly blocks: readonly ListedBlock[]; readonly warnings: readonly string[] }> {
    const warnings: string[] = []
    const others = await Promise.all(
      this.#heads().map(async (each) => {
        using patience = new Patience(range.signal, each.head.patienceMs)
        return (await this.#pendingOf(each, { ...range, patience }, warnings)) ?? []
      }),
    )
    const pending = [...(await this.#ownPending(range, warnings)), ...others.flat()]
    const { stored } = await this.#stored({ ...range, sinceMs: undefined }, warnings)
    const blocks = [...pending, ...stored].map(({ source, id, ...listed }) => {
      const reader = this.#blocks.get(id)
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
  ): Promise<HeadAnswer> {
    const { signal } = request
    const { head, index, name } = named
    using patience = new Patience(signal, head.patienceMs)
    let blocks: readonly OpenSource[] = []
    let isRead = true
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
      if (patience.signal.aborted || codeOf(error) === 'AWAY')
        return { blocks: [], pending: [], isThere: false }
      isRead = false
    }
    const pending = await this.#pendingOf(named, { ...request, patience }, warnings)
    return { blocks, pending: pending ?? [], isThere: isRead && pending !== undefined }
  }

  /** Undefined where it does not say. */
  async #pendingOf(
    { head, name }: NamedHead,
    range: CatalogRange & { readonly patience: Patience },
    warnings: string[],
  ): Promise<Copy[] | undefined> {
    if (head.listPending === undefined) return []
    try {
      const blocks = await head.listPending({ signal: range.patience.signal })
      return blocks.flatMap((block) => pendingCopies(block, range, head.collector ?? name))
    } catch (error) {
      throwIfCancelled(range.signal)
      this.#warn('listing', `pending blocks of ${name} are`, error, warnings)
      return undefined
    }
  }

  async #ownPending(range: CatalogRange, warnings: string[]): Promise<Copy[]> {
    try {
      const files = (await this.#options.pending?.()) ?? []
      return files.flatMap((file) =>
        pendingCopies({ key: file.key, source: pendingSource(file) }, range, undefined),
      )
    } catch (error) {
      this.#warn('listing', 'pending blocks are', error, warnings)
      return []
    }
  }

  /** What is in buckets, and which of them said so. */
  async #stored(
    request: CatalogRange & { readonly sinceMs: number | undefined },
    warnings: string[],
  ): Promise<{ readonly stored: readonly Copy[]; readonly shelves: readonly BucketView[] }> {
    const { sinceMs, signal } = request
    const shelves: BucketView[] = []
    const listed = await Promise.all(
      this.#buckets.map(async (bucket) => {
        try {
          const copies = await bucket.list(request, { sinceMs, signal })
          shelves.push(bucket)
          return copies
        } catch (error) {
          throwIfCancelled(signal)
          this.#warn('listing', `bucket ${bucket.name} is`, error, warnings)
          return []
        }
      }),
    )
    return { stored: listed.flat(), shelves }
  }

  async #openCandidate(candidate: Candidate, signal: AbortSignal | undefined) {
    const { place, key, level } = candidate
    const { reader, source } = await this.#blocks.open(candidate.id, candidate.source, signal)
    const isFirstTry = AnswerScope.current?.mayTryAgain === true
    const onUnreadable = (error: unknown) => {
      // The answer is made once more then.
      if (source.isGone && isFirstTry) return
      if (codeOf(error) === 'BLOCK_CORRUPT') void source.forget()
      this.#note(place, `block ${key}`, error)
    }
    const { covered, partition } = reader.meta
    const open: OpenSource = {
      rank: Math.max(1, level),
      id: key,
      covered,
      partition,
      place,
      reader,
      onUnreadable,
    }
    return { open, source }
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

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code
}

const maxConcurrentOpens = 16
