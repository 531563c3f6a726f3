import { Counter, type Registry } from 'prom-client'
import type { BlockReader } from '../block/block-reader.ts'
import { type ChosenSource, chooseSources, type Source } from '../block/covered.ts'
import type { BucketReader } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import { mapConcurrently } from '../lib/map-concurrently.ts'
import type { Matcher } from '../profile/matcher.ts'
import { AnswerScope } from './answer-scope.ts'
import type { BlockSource } from './block-source.ts'
import type { LabelsView } from './block-summary.ts'
import { BucketView } from './bucket-view.ts'
import type { PageCache } from './cache/page-cache.ts'
import { throwIfCancelled } from './cancel.ts'
import { type Candidate, type Copy, joinCopies, type ListedBlock, type Place } from './candidates.ts'
import { FailureNotes } from './failure-notes.ts'
import type { HeadRequest } from './head-source.ts'
import { HeadsView, type HeadsViewOptions } from './heads-view.ts'
import { missing } from './missing.ts'
import { OpenBlocks, type OpenedBlock } from './open-blocks.ts'
import type { TimeRange } from './time.ts'

export interface CatalogOptions extends Omit<HeadsViewOptions, 'failures'> {
  /** Several are one view: their blocks are joined as if they lay in one. */
  readonly bucket?: BucketReader | readonly BucketReader[]
  /** Before `blocks/` in each bucket, with its slash; "" for none. */
  readonly prefix?: string
  /** For buckets that are not a disk of this machine. */
  readonly cache?: PageCache | undefined
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

export interface OpenLabels {
  readonly sources: readonly LabelsView[]
  readonly warnings: readonly string[]
}

/** What series are asked for must match `matchers`, too: blocks that have none of these are left out. */
export type CatalogRequest = Omit<HeadRequest, 'withoutBodies' | 'warn'> & {
  readonly withoutBodies?: boolean
}

interface Attempt {
  readonly request: CatalogRequest
  /** What was stored by then must not be missing; undefined where any listing will do. */
  readonly sinceMs: number | undefined
  /** Whether a block that is gone is simply missing. */
  readonly isLast: boolean
  readonly warnings: string[]
}

/** A block as far as it is known before it is opened. */
interface Planned extends Source {
  readonly labels: LabelsView
  readonly mayMatch: (matchers: readonly Matcher[]) => boolean
  /** A part of a head is open already. */
  readonly from: { readonly head: OpenSource } | { readonly candidate: Candidate }
}

/** Which blocks there are. Whatever cannot be reached becomes a warning; only an abort rejects. */
export class Catalog {
  readonly #buckets: readonly BucketView[]
  readonly #heads: HeadsView
  readonly #blocks: OpenBlocks
  readonly #failures: FailureNotes

  constructor(options: CatalogOptions) {
    const { bucket = [], prefix = '', cache, listingMaxAgeMs, log, registry } = options
    this.#failures = new FailureNotes({ log, registry })
    this.#heads = new HeadsView({ pending: options.pending, heads: options.heads, failures: this.#failures })
    this.#blocks = new OpenBlocks({ maxBytes: options.cacheBytes ?? 64 * 1024 * 1024, registry })
    const fetched = new Counter({
      name: 'conprof_query_fetched_bytes_total',
      help: 'Bytes of blocks that queries read from buckets; what the disk cache had is not among them.',
      registers: [registry],
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
  }

  /**
   * Every block that overlaps the range, each attempt in one of them. Heads are read first, then pending blocks,
   * then the listing: what moves on meanwhile is seen twice and dropped once, never missed. A block that was listed
   * and is gone was compacted: then all is asked once more, of a new listing.
   */
  async open(request: CatalogRequest): Promise<OpenSources> {
    const opened = await this.#try(request, async (attempt) => {
      const plan = await this.#plan(attempt)
      return plan && this.#openPlan(plan, attempt)
    })
    AnswerScope.current?.noteOpened(opened)
    return opened
  }

  /** The labels of all that `open` finds. Blocks that were opened once are not opened again for that. */
  async openLabels(request: CatalogRequest): Promise<OpenLabels> {
    return this.#try(request, async (attempt) => {
      const plan = await this.#plan(attempt)
      return (
        plan && {
          sources: chooseSources(plan).map(({ source }) => source.labels),
          warnings: attempt.warnings,
        }
      )
    })
  }

  /** Everything there is in the range, without opening anything. Heads are not asked. */
  async list(
    range: TimeRange & { readonly signal?: AbortSignal },
  ): Promise<{ readonly blocks: readonly ListedBlock[]; readonly warnings: readonly string[] }> {
    const warnings: string[] = []
    const pending = await this.#heads.pending(range, warnings)
    const { stored } = await this.#stored(range, { sinceMs: undefined, warnings })
    const blocks = [...pending, ...stored].map(({ source, id, ...listed }) => {
      const reader = this.#blocks.get(id)
      return reader === undefined ? listed : { ...listed, reader }
    })
    return { blocks: blocks.sort((a, b) => b.minTimeMs - a.minTimeMs), warnings }
  }

  /** Once more where the first try finds that a block is gone, which is what undefined says. */
  async #try<Result>(
    request: CatalogRequest,
    attempt: (attempt: Attempt) => Promise<Result | undefined>,
  ): Promise<Result> {
    const sinceMs = AnswerScope.current?.sinceMs
    const first = await attempt({ request, sinceMs, isLast: false, warnings: [] })
    if (first !== undefined) return first
    const last = await attempt({ request, sinceMs: performance.now(), isLast: true, warnings: [] })
    if (last === undefined) throw new Error('open blocks: the last try gave up')
    return last
  }

  async #plan(attempt: Attempt): Promise<readonly Planned[] | undefined> {
    const { request, warnings } = attempt
    const heads = await this.#heads.ask(
      { ...request, withoutBodies: request.withoutBodies ?? false },
      warnings,
    )
    const sinceMs = heads.isUnsettled ? performance.now() : attempt.sinceMs
    const { stored, shelves } = await this.#stored(request, { sinceMs, warnings })
    const candidates = joinCopies(heads.pending, stored, shelves)
    const summaries = await this.#openAll(candidates, attempt, ({ id, source }) =>
      this.#blocks.summary(id, source, request.signal),
    )
    if (summaries === undefined) return undefined
    const plan = heads.blocks.map(
      (head): Planned => ({ ...head, labels: head.reader, mayMatch: () => true, from: { head } }),
    )
    for (const [i, summary] of summaries.entries()) {
      if (summary === undefined) continue
      const candidate = candidates[i]!
      const { covered, partition, mayMatch } = summary
      const source = { rank: Math.max(1, candidate.level), id: candidate.key, covered, partition }
      plan.push({ ...source, labels: summary, mayMatch, from: { candidate } })
    }
    return plan
  }

  /** Blocks without a series that matches take part, since they may cover others, and are not opened. */
  async #openPlan(plan: readonly Planned[], attempt: Attempt): Promise<OpenSources | undefined> {
    const { request, warnings } = attempt
    const chosen = chooseSources(plan).filter(({ source }) => source.mayMatch(request.matchers))
    const stored = chosen.flatMap(({ source }) => ('candidate' in source.from ? [source.from.candidate] : []))
    const opened = await this.#openAll(stored, attempt, ({ id, source }) =>
      this.#blocks.open(id, source, request.signal),
    )
    if (opened === undefined) return undefined
    // What covers others and cannot be read hides nothing.
    const failed = new Set(stored.filter((_, i) => opened[i] === undefined))
    if (failed.size > 0) {
      const rest = plan.filter(({ from }) => !('candidate' in from && failed.has(from.candidate)))
      return this.#openPlan(rest, attempt)
    }
    const blockOf = new Map(stored.map((candidate, i) => [candidate, opened[i]!]))
    return {
      sources: chosen.map(({ source, ...chosenOf }) => ({
        ...chosenOf,
        source:
          'head' in source.from
            ? source.from.head
            : this.#openSource(source, source.from.candidate, blockOf.get(source.from.candidate)!),
      })),
      warnings,
      get isOutdated() {
        return opened.some((block) => block?.source.isGone === true)
      },
    }
  }

  /** Undefined for each that cannot be read, with a warning; undefined at all where one is gone, not at the last try. */
  async #openAll<Result>(
    candidates: readonly Candidate[],
    { request, isLast, warnings }: Attempt,
    open: (candidate: Candidate) => Promise<Result>,
  ): Promise<readonly (Result | undefined)[] | undefined> {
    const { signal } = request
    let isGone = false
    const opened = await mapConcurrently(candidates, maxConcurrentOpens, async (candidate) => {
      try {
        return await open(candidate)
      } catch (error) {
        throwIfCancelled(signal)
        // Somebody else may have asked for it, so what its source knows is not enough.
        if (!isLast && (candidate.source.isGone || codeOf(error) === 'NOT_FOUND')) isGone = true
        // A query whose time is up says nothing about the block.
        else if (signal?.aborted) warnings.push(missing(`block ${candidate.key} is`, error))
        else this.#failures.warn(candidate.place, `block ${candidate.key} is`, error, warnings)
        return undefined
      }
    })
    return isGone ? undefined : opened
  }

  #openSource(
    { rank, id, covered, partition }: Source,
    { key, place }: Candidate,
    { reader, source }: OpenedBlock,
  ): OpenSource {
    const isFirstTry = AnswerScope.current?.mayTryAgain === true
    const onUnreadable = (error: unknown) => {
      // The answer is made once more then.
      if (source.isGone && isFirstTry) return
      if (codeOf(error) === 'BLOCK_CORRUPT') forget(source)
      this.#failures.note(place, `block ${key}`, error)
    }
    return { rank, id, covered, partition, place, reader, onUnreadable }
  }

  /** What is in buckets, and which of them said so. */
  async #stored(
    range: TimeRange & { readonly signal?: AbortSignal },
    { sinceMs, warnings }: { readonly sinceMs: number | undefined; readonly warnings: string[] },
  ): Promise<{ readonly stored: readonly Copy[]; readonly shelves: readonly BucketView[] }> {
    const { signal } = range
    const shelves: BucketView[] = []
    const listed = await Promise.all(
      this.#buckets.map(async (bucket) => {
        try {
          const copies = await bucket.list(range, { sinceMs, signal })
          shelves.push(bucket)
          return copies
        } catch (error) {
          throwIfCancelled(signal)
          this.#failures.warn('listing', `bucket ${bucket.name} is`, error, warnings)
          return []
        }
      }),
    )
    return { stored: listed.flat(), shelves }
  }
}

/** So that the next answer reads what the bucket has, in case that is better. */
function forget(source: BlockSource): void {
  source.forget().catch(() => {})
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code
}

const maxConcurrentOpens = 16
