import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { BlockVersion } from '../block/block-format.ts'
import type { Bucket } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import { CompactMetrics } from './compact-metrics.ts'
import { OwnedError, type Ownership } from './owner.ts'
import type { Pass } from './pass.ts'
import { defaultLimits, type Job, type JobLimits } from './plan.ts'
import { type Plan, Planner } from './planner.ts'
import { RewriteError, rewriteBlocks } from './rewrite-blocks.ts'
import { blocksPrefix } from './stored-blocks.ts'

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
  readonly #intervalMs: number
  readonly #limits: JobLimits
  readonly #metrics: CompactMetrics
  readonly #planner: Planner
  readonly #now: () => number
  #isClean = false

  constructor(options: CompactorOptions) {
    const { bucket, logger } = options
    const { intervalMs, graceMs, deleteDelayMs } = { ...defaultTiming, ...options.timing }
    this.#options = options
    this.#intervalMs = intervalMs
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#metrics = new CompactMetrics(options.registry)
    this.#now = options.now ?? Date.now
    const [limits, metrics, now] = [this.#limits, this.#metrics, this.#now]
    this.#planner = new Planner({ bucket, graceMs, deleteDelayMs, limits, metrics, logger, now })
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
      await sleep(this.#intervalMs, undefined, { signal }).catch(() => {})
    }
  }

  /** What a round would do now. Changes nothing. */
  plan({ signal }: { readonly signal: AbortSignal }): Promise<Plan> {
    return this.#planner.plan({ signal })
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
      plan = await this.#planner.plan({ signal })
    } catch (error) {
      signal.throwIfAborted()
      this.#metrics.failures.inc({ what: 'list' })
      this.#metrics.rounds.inc({ result: 'failed' })
      throw error
    }
    const deletion = await this.#deleteSources(plan, signal)
    const failedJobs = await this.#runJobs(plan, { signal, ...(onProgress && { onProgress }) })
    let failedPasses = 0
    for (const pass of passes) if (!(await this.#runPass(pass, signal))) failedPasses++
    const failures = plan.failures + deletion.failures + failedJobs + failedPasses
    this.#metrics.rounds.inc({ result: failures === 0 ? 'ok' : 'failed' })
    if (failures === 0) this.#metrics.lastSuccess.set(this.#now() / 1000)
    return { jobs: plan.jobs.length - failedJobs, deleted: deletion.deleted, failures }
  }

  /** How many failed. */
  async #runJobs({ jobs, postponed }: Plan, { signal, onProgress }: RoundOptions): Promise<number> {
    const total = jobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const undone = [...postponed]
    let failures = 0
    let done = 0
    for (const [index, job] of jobs.entries()) {
      this.#metrics.setWaiting([...undone, ...jobs.slice(index)])
      const before = done
      if (!(await this.#runJob(job, signal, (ofJob) => onProgress?.(before + ofJob, total)))) {
        failures++
        undone.push(job)
      }
      done += job.sizeBytes
      onProgress?.(done, total)
    }
    this.#metrics.setWaiting(undone)
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
      this.#planner.succeeded(job)
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
        this.#planner.putAside(source, error)
      } else {
        this.#planner.postpone(job)
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
      const { deletable } = plan.deletable.length === 0 ? plan : await this.#planner.plan({ signal })
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
}

function spanOf({ startMs, endMs }: Job) {
  return { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() }
}
