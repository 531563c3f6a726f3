import type { BucketReader } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import type { CompactMetrics } from './compact-metrics.ts'
import { CoverageReader, idOf } from './coverage-reader.ts'
import { findDeletable, findHidden, type PlacedBlock } from './placed-block.ts'
import { dayMs, type Job, type JobLimits, planJobs } from './plan.ts'
import { Postponed } from './postponed.ts'
import { listStoredBlocks, type StoredBlock } from './stored-blocks.ts'

export interface PlannerOptions {
  readonly bucket: BucketReader
  readonly graceMs: number
  readonly deleteDelayMs: number
  readonly limits: JobLimits
  readonly metrics: CompactMetrics
  readonly logger: Logger
  readonly now: () => number
}

export interface Plan {
  readonly jobs: readonly Job[]
  /** Due as well, but they failed not long ago. */
  readonly postponed: readonly Job[]
  /** Covered by others for long enough. */
  readonly deletable: readonly PlacedBlock[]
  /** Days that are left out, since a tail could not be read. */
  readonly failures: number
}

/** Looks at a whole bucket, and remembers from one time to the next what blocks cover, and which do not read. */
export class Planner {
  readonly #options: PlannerOptions
  readonly #coverage: CoverageReader
  /** By `idOf`. */
  readonly #setAside = new Map<string, 'unreadable' | 'too-new'>()
  /** Blocks that do not read once all of them is read, by `idOf`. */
  readonly #postponedBlocks = new Postponed(postponing)
  /** By `jobId`. */
  readonly #postponedJobs = new Postponed(postponing)

  constructor(options: PlannerOptions) {
    this.#options = options
    const { bucket } = options
    this.#coverage = new CoverageReader({
      bucket,
      onUnreadable: (block, error) => this.putAside(block, error),
    })
  }

  /** What is to be done now. Rejects where the bucket cannot be listed, or gives no tail at all. */
  async plan({ signal }: { readonly signal: AbortSignal }): Promise<Plan> {
    const { bucket, now, deleteDelayMs, metrics, logger } = this.#options
    const listed = await listStoredBlocks(bucket, { signal })
    this.#forgetOthers(listed)
    const visible = listed.filter(({ isDeleted }) => !isDeleted)
    const days = Map.groupBy(visible, ({ minTimeMs }) => Math.floor(minTimeMs / dayMs))
    const jobs: Job[] = []
    const deletable: PlacedBlock[] = []
    const nowMs = now()
    let failures = 0
    for (const ofDay of days.values()) {
      // One alone hides nothing, and has nothing to be merged with.
      if (ofDay.length < 2) continue
      try {
        const placed = await this.#coverage.place(ofDay, { signal })
        jobs.push(...this.#planDay(placed, nowMs))
        deletable.push(...findDeletable(placed, { nowMs, delayMs: deleteDelayMs }))
      } catch (error) {
        signal.throwIfAborted()
        // A bucket that is away is away for each day.
        if (++failures === maxFailures) throw error
        metrics.failures.inc({ what: 'tail' })
        logger.warn(`read tails of a day's blocks, will try again: ${(error as Error).message}`)
      }
    }
    const ids = new Set(jobs.map(jobId))
    if (failures === 0) this.#postponedJobs.keepOnly(ids)
    const isPostponed = (job: Job) => this.#postponedJobs.has(jobId(job), nowMs)
    return {
      jobs: jobs.filter((job) => !isPostponed(job)),
      postponed: jobs.filter(isPostponed),
      deletable,
      failures,
    }
  }

  /** It failed, and would again. */
  postpone(job: Job): void {
    this.#postponedJobs.add(jobId(job), this.#options.now())
  }

  /** Its sources read after all. */
  succeeded(job: Job): void {
    for (const source of job.sources) this.#setAside.delete(idOf(source))
    this.#countSetAside()
  }

  /** Leaves a block as it is, for a while. */
  putAside(block: StoredBlock, error: Error): void {
    const id = idOf(block)
    const { code } = error as { readonly code?: unknown }
    const reason = code === 'TOO_NEW' || code === 'BLOCK_TOO_NEW' ? 'too-new' : 'unreadable'
    this.#postponedBlocks.add(id, this.#options.now())
    if (this.#setAside.has(id)) return
    this.#setAside.set(id, reason)
    this.#options.logger.warn({ block: block.key }, `block set aside, left as it is: ${error.message}`)
    this.#countSetAside()
  }

  #planDay(placed: readonly PlacedBlock[], nowMs: number): Job[] {
    const { graceMs, limits } = this.#options
    const hidden = new Set(findHidden(placed))
    const usable = placed.filter(
      (block) => !hidden.has(block) && !this.#postponedBlocks.has(idOf(block), nowMs),
    )
    return planJobs(usable, { nowMs, graceMs, quietMs: Math.min(graceMs, maxQuietMs), ...limits })
  }

  /** What is known of blocks that are gone. */
  #forgetOthers(listed: readonly StoredBlock[]): void {
    const ids = new Set(listed.map(idOf))
    this.#coverage.keepOnly(ids)
    this.#postponedBlocks.keepOnly(ids)
    for (const id of this.#setAside.keys()) if (!ids.has(id)) this.#setAside.delete(id)
    this.#countSetAside()
  }

  #countSetAside(): void {
    for (const reason of ['unreadable', 'too-new'] as const) {
      let count = 0
      for (const each of this.#setAside.values()) if (each === reason) count++
      this.#options.metrics.setAside.set({ reason }, count)
    }
  }
}

/** Blocks may come in a row, minutes apart. */
const maxQuietMs = 10 * 60_000
const postponing = { firstMs: 10 * 60_000, maxMs: 6 * 3_600_000 }
const maxFailures = 3

function jobId({ level, sources }: Job): string {
  return `${level} ${sources.map(({ key }) => key).join(' ')}`
}
