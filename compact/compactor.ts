import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { BlockVersion } from '../block/block-format.ts'
import type { Bucket } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import { CompactMetrics } from './compact-metrics.ts'
import { CoverageReader, idOf } from './coverage-reader.ts'
import { OwnedError, type Ownership } from './owner.ts'
import type { Pass } from './pass.ts'
import { findDeletable, findHidden, type PlacedBlock } from './placed-block.ts'
import { dayMs, defaultLimits, type Job, type JobLimits, planJobs } from './plan.ts'
import { Postponed } from './postponed.ts'
import { RewriteError, rewriteBlocks } from './rewrite-blocks.ts'
import { blocksPrefix, listStoredBlocks, type StoredBlock } from './stored-blocks.ts'

export interface CompactorOptions {
  readonly bucket: Bucket
  /** For sources and outputs on their way. Nobody else uses it: it is emptied. */
  readonly directory: string
  readonly ownership: Ownership
  readonly passes?: readonly Pass[]
  /** Which version of the format is written. */
  readonly version?: BlockVersion | undefined
  readonly logger: Logger
  readonly registry: Registry
  readonly timing?: Partial<CompactorTiming>
  readonly limits?: Partial<JobLimits>
  readonly now?: () => number
}

export interface CompactorTiming {
  /** Between rounds. */
  readonly intervalMs: number
  /** How long blocks may come after the end of the time that they are of. */
  readonly graceMs: number
  /** How long sources stay after what covers them is there. */
  readonly deleteDelayMs: number
}

export const defaultTiming: CompactorTiming = {
  intervalMs: 5 * 60_000,
  graceMs: 45 * 60_000,
  deleteDelayMs: 30 * 60_000,
}

export interface Plan {
  readonly jobs: readonly Job[]
  /** Covered by others for long enough. */
  readonly deletable: readonly PlacedBlock[]
}

export interface RoundResult {
  readonly jobs: number
  readonly deleted: number
  readonly failures: number
}

export interface RoundOptions {
  readonly signal: AbortSignal
  /** Bytes of sources, of all jobs of the round. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Merges small blocks of a bucket into large ones, and deletes what those cover. Whatever fails is tried again. */
export class Compactor {
  readonly #options: CompactorOptions
  readonly #timing: CompactorTiming
  readonly #limits: JobLimits
  readonly #metrics: CompactMetrics
  readonly #coverage: CoverageReader
  readonly #now: () => number
  /** By `idOf`. */
  readonly #setAside = new Map<string, 'unreadable' | 'too-new'>()
  /** Blocks that do not read once all of them is read, by `idOf`. */
  readonly #postponedBlocks = new Postponed(postponing)
  /** By `jobId`. */
  readonly #postponedJobs = new Postponed(postponing)
  #isClean = false

  constructor(options: CompactorOptions) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#metrics = new CompactMetrics(options.registry)
    this.#now = options.now ?? Date.now
    this.#coverage = new CoverageReader({
      bucket: options.bucket,
      onUnreadable: (block, error) => this.#putAside(block, error),
    })
  }

  /** Rounds until the signal; rejects with OWNED where another cluster compacts this bucket. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.round({ signal })
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof OwnedError) throw error
        this.#options.logger.warn(`compact, will try again: ${(error as Error).message}`)
      }
      await sleep(this.#timing.intervalMs, undefined, { signal }).catch(() => {})
    }
  }

  /** What a round would do now. Changes nothing. */
  async plan({ signal }: { readonly signal: AbortSignal }): Promise<Plan> {
    const listed = await listStoredBlocks(this.#options.bucket, { signal })
    this.#forget(listed)
    const visible = listed.filter(({ isDeleted }) => !isDeleted)
    const days = Map.groupBy(visible, ({ minTimeMs }) => Math.floor(minTimeMs / dayMs))
    const jobs: Job[] = []
    const deletable: PlacedBlock[] = []
    const nowMs = this.#now()
    const { graceMs, deleteDelayMs } = this.#timing
    for (const ofDay of days.values()) {
      // One alone hides nothing, and has nothing to be merged with.
      if (ofDay.length < 2) continue
      const placed = await this.#coverage.place(ofDay, { signal })
      const hidden = new Set(findHidden(placed))
      const usable = placed.filter(
        (block) => !hidden.has(block) && !this.#postponedBlocks.has(idOf(block), nowMs),
      )
      const planned = planJobs(usable, {
        nowMs,
        graceMs,
        quietMs: Math.min(graceMs, maxQuietMs),
        ...this.#limits,
      })
      jobs.push(...planned)
      deletable.push(...findDeletable(placed, { nowMs, delayMs: deleteDelayMs }))
    }
    this.#postponedJobs.keepOnly(new Set(jobs.map(jobId)))
    return { jobs: jobs.filter((job) => !this.#postponedJobs.has(jobId(job), nowMs)), deletable }
  }

  /** Everything that can be done now. Rejects where the bucket cannot be listed, and with OWNED. */
  async round({ signal, onProgress }: RoundOptions): Promise<RoundResult> {
    const { ownership, directory, passes = [] } = this.#options
    let plan: Plan
    try {
      await ownership.claim({ signal })
      // A process that was killed left its files.
      if (!this.#isClean) await rm(directory, { recursive: true, force: true })
      this.#isClean = true
      plan = await this.plan({ signal })
    } catch (error) {
      signal.throwIfAborted()
      this.#metrics.failures.inc({ what: 'list' })
      this.#metrics.rounds.inc({ result: 'failed' })
      throw error
    }
    const deletion = await this.#deleteSources(plan, signal)
    const failedJobs = await this.#runJobs(plan.jobs, { signal, ...(onProgress && { onProgress }) })
    let failedPasses = 0
    for (const pass of passes) if (!(await this.#runPass(pass, signal))) failedPasses++
    const failures = deletion.failures + failedJobs + failedPasses
    this.#metrics.rounds.inc({ result: failures === 0 ? 'ok' : 'failed' })
    if (failures === 0) this.#metrics.lastSuccess.set(this.#now() / 1000)
    return { jobs: plan.jobs.length - failedJobs, deleted: deletion.deleted, failures }
  }

  /** How many failed. */
  async #runJobs(jobs: readonly Job[], { signal, onProgress }: RoundOptions): Promise<number> {
    const total = jobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    let done = 0
    let failures = 0
    for (const [index, job] of jobs.entries()) {
      this.#metrics.setWaiting(jobs.slice(index))
      const before = done
      const isDone = await this.#runJob(job, signal, (ofJob) => onProgress?.(before + ofJob, total))
      if (!isDone) failures++
      done += job.sizeBytes
      onProgress?.(done, total)
    }
    this.#metrics.setWaiting([])
    return failures
  }

  async #runJob(job: Job, signal: AbortSignal, onProgress: (done: number) => void): Promise<boolean> {
    const { bucket, directory, version, logger } = this.#options
    const { level, sources } = job
    const about = { level, ...spanOf(job), sources: sources.length }
    try {
      const beginMs = performance.now()
      const { maxBlockBytes } = this.#limits
      const rewritten = await rewriteBlocks(sources, {
        ...{ bucket, directory, level, signal, maxBlockBytes, version },
        onProgress: (ofSeries, all) => onProgress((job.sizeBytes * ofSeries) / all),
      })
      const { outputs, readBytes, writtenBytes } = rewritten
      for (const source of sources) this.#setAside.delete(idOf(source))
      this.#countSetAside()
      this.#metrics.jobs.inc({ level: `${level}` })
      this.#metrics.readBytes.inc(readBytes)
      this.#metrics.writtenBytes.inc(writtenBytes)
      const seconds = Math.round(performance.now() - beginMs) / 1000
      const blocks = outputs.map(({ key }) => key)
      logger.info({ ...about, readBytes, writtenBytes, seconds, blocks }, 'blocks compacted')
      return true
    } catch (error) {
      signal.throwIfAborted()
      this.#metrics.failures.inc({ what: 'job' })
      const { message } = error as Error
      const source =
        error instanceof RewriteError ? sources.find(({ key }) => key === error.block) : undefined
      if (source !== undefined && error instanceof RewriteError && error.code !== 'CHANGED') {
        this.#putAside(source, error)
      } else {
        this.#postponedJobs.add(jobId(job), this.#now())
        logger.warn({ ...about, first: sources[0]!.key }, `compact blocks, will try again: ${message}`)
      }
      return false
    }
  }

  /** Looks again first, which is quick by now: what covers them may have been deleted. */
  async #deleteSources(
    plan: Plan,
    signal: AbortSignal,
  ): Promise<{ readonly deleted: number; readonly failures: number }> {
    const { bucket, logger } = this.#options
    let deleted = 0
    try {
      const { deletable } = plan.deletable.length === 0 ? plan : await this.plan({ signal })
      for (const { key, sizeBytes } of deletable) {
        await bucket.delete(`${blocksPrefix}${key}`, { signal })
        deleted++
        this.#metrics.deletedSources.inc()
        logger.info({ block: key, sizeBytes }, 'block deleted: others hold all of it')
      }
      return { deleted, failures: 0 }
    } catch (error) {
      signal.throwIfAborted()
      this.#metrics.failures.inc({ what: 'delete' })
      logger.warn(`delete blocks that others cover, will try again: ${(error as Error).message}`)
      return { deleted, failures: 1 }
    }
  }

  async #runPass(pass: Pass, signal: AbortSignal): Promise<boolean> {
    try {
      await pass.run({ signal })
      return true
    } catch (error) {
      signal.throwIfAborted()
      this.#metrics.failures.inc({ what: 'pass' })
      this.#options.logger.warn(`${pass.name}, will try again: ${(error as Error).message}`)
      return false
    }
  }

  #putAside(block: StoredBlock, error: Error): void {
    const id = idOf(block)
    const { code } = error as { readonly code?: unknown }
    const reason = code === 'TOO_NEW' || code === 'BLOCK_TOO_NEW' ? 'too-new' : 'unreadable'
    this.#postponedBlocks.add(id, this.#now())
    if (this.#setAside.has(id)) return
    this.#setAside.set(id, reason)
    this.#options.logger.warn({ block: block.key }, `block set aside, left as it is: ${error.message}`)
    this.#countSetAside()
  }

  /** What is said of blocks that are gone. */
  #forget(listed: readonly StoredBlock[]): void {
    const ids = new Set(listed.map(idOf))
    this.#postponedBlocks.keepOnly(ids)
    for (const id of this.#setAside.keys()) if (!ids.has(id)) this.#setAside.delete(id)
    this.#countSetAside()
  }

  #countSetAside(): void {
    for (const reason of ['unreadable', 'too-new'] as const) {
      const count = this.#setAside
        .values()
        .filter((each) => each === reason)
        .toArray().length
      this.#metrics.setAside.set({ reason }, count)
    }
  }
}

/** Blocks may come in a row, minutes apart. */
const maxQuietMs = 10 * 60_000
const postponing = { firstMs: 10 * 60_000, maxMs: 6 * 3_600_000 }

function jobId({ level, sources }: Job): string {
  return `${level} ${sources.map(({ key }) => key).join(' ')}`
}

function spanOf({ startMs, endMs }: Job) {
  return { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() }
}
