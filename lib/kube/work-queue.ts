import type { Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { retryMs } from './backoff.ts'
import { type Clock, systemClock } from './clock.ts'
import { sharedCounter, sharedHistogram, sharedReadGauge, sum } from './shared-metrics.ts'

export interface WorkQueueOptions {
  /** Names metrics and messages. */
  readonly name: string
  /** Does what `key` needs; a rejection is logged, and the key tried again later, a KubeError's when it says. */
  readonly process: (key: string, options: { readonly signal: AbortSignal }) => Promise<void>
  /** How many keys at once; 1 without it. */
  readonly workers?: number
  /** Between tries of one key, doubled each time; 200 ms and 60 s without them. */
  readonly minBackoffMs?: number
  readonly maxBackoffMs?: number
  /** From the start of one run of a key to the next one's, unless that is a retry. A key's first run is at once. */
  readonly minIntervalMs?: number
  readonly logger: Logger
  readonly registry: Registry
  /** `conprof_operator_workqueue` without it. */
  readonly metricPrefix?: string
  readonly clock?: Clock
}

/**
 * Keys to work on. However often a key is added, it waits once; one that is added while it is worked on comes again
 * afterwards; no two workers ever have the same key.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #clock: Clock
  readonly #metrics: QueueMetrics
  /** Due, in this order; since when, for the latency. */
  readonly #due = new Map<string, number>()
  /** Not due yet. */
  readonly #delayed = new Map<string, { readonly atMs: number; readonly cancel: () => void }>()
  /** Being worked on; since when. */
  readonly #running = new Map<string, number>()
  /** Being worked on, and to come again: from when on. */
  readonly #again = new Map<string, number>()
  readonly #failures = new Map<string, number>()
  readonly #lastStarts = new Map<string, number>()
  #wake: (() => void) | undefined
  #isTaking = false

  constructor(options: WorkQueueOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#metrics = createMetrics(options, {
      depth: () => this.#due.size,
      longestRunningSeconds: () => this.#longestRunningMs() / 1000,
    })
  }

  /** Keys that wait, now due or later. */
  get size(): number {
    return this.#due.size + this.#delayed.size + this.#again.size
  }

  /** As soon as the key's minimum interval allows; what waits after a failure is then not waited for. */
  add(key: string): void {
    this.#metrics.adds.inc({ queue: this.#options.name })
    this.#schedule(key, this.#earliestMs(key))
  }

  /** What waits is forgotten; what runs goes on. */
  clear(): void {
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    this.#due.clear()
    this.#again.clear()
    this.#failures.clear()
  }

  /**
   * Works until the signal; keys that were added before wait for it, and those left over wait for the next run. Resolves
   * once no key is worked on.
   */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#isTaking) throw new TypeError(`work queue ${this.#options.name} is running`)
    const { workers = 1 } = this.#options
    const onAbort = () => this.#wakeUp()
    this.#isTaking = true
    signal.addEventListener('abort', onAbort, { once: true })
    const running = new Set<Promise<void>>()
    try {
      while (!signal.aborted) {
        for (const key of this.#due.keys()) {
          if (running.size >= workers) break
          const work = this.#work(key, signal).finally(() => {
            running.delete(work)
            this.#wakeUp()
          })
          running.add(work)
        }
        await this.#untilWoken()
      }
      await Promise.all(running)
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#isTaking = false
    }
  }

  async #work(key: string, signal: AbortSignal): Promise<void> {
    const { name, process, logger } = this.#options
    const startMs = this.#clock.now()
    this.#metrics.latency.observe({ queue: name }, (startMs - this.#due.get(key)!) / 1000)
    this.#due.delete(key)
    this.#running.set(key, startMs)
    if (this.#options.minIntervalMs !== undefined) this.#rememberStart(key, startMs)
    try {
      await process(key, { signal })
      this.#failures.delete(key)
    } catch (error) {
      // It was told to stop.
      if (signal.aborted) this.#againAt(key, startMs)
      else {
        const failures = (this.#failures.get(key) ?? 0) + 1
        this.#failures.set(key, failures)
        this.#metrics.retries.inc({ queue: name })
        const { minBackoffMs = 200, maxBackoffMs = 60_000 } = this.#options
        const waitMs = retryMs(failures, error, { minMs: minBackoffMs, maxMs: maxBackoffMs })
        logger.debug({ queue: name, key, failures, waitMs, error: String(error) }, 'work failed')
        this.#againAt(key, this.#clock.now() + waitMs)
      }
    } finally {
      this.#metrics.duration.observe({ queue: name }, (this.#clock.now() - startMs) / 1000)
      this.#running.delete(key)
      const atMs = this.#again.get(key)
      this.#again.delete(key)
      if (atMs !== undefined) this.#schedule(key, atMs)
    }
  }

  #schedule(key: string, atMs: number): void {
    if (this.#running.has(key)) {
      this.#againAt(key, atMs)
      return
    }
    if (this.#due.has(key)) return
    const delayed = this.#delayed.get(key)
    if (delayed !== undefined) {
      if (delayed.atMs <= atMs) return
      delayed.cancel()
      this.#delayed.delete(key)
    }
    const nowMs = this.#clock.now()
    if (atMs > nowMs) {
      const cancel = this.#clock.after(atMs - nowMs, () => {
        this.#delayed.delete(key)
        this.#makeDue(key)
      })
      this.#delayed.set(key, { atMs, cancel })
    } else this.#makeDue(key)
  }

  #makeDue(key: string): void {
    this.#due.set(key, this.#clock.now())
    this.#wakeUp()
  }

  #againAt(key: string, atMs: number): void {
    this.#again.set(key, Math.min(atMs, this.#again.get(key) ?? Number.POSITIVE_INFINITY))
  }

  #earliestMs(key: string): number {
    const { minIntervalMs = 0 } = this.#options
    const last = this.#lastStarts.get(key)
    return last === undefined ? this.#clock.now() : last + minIntervalMs
  }

  /** A key whose interval is over is as good as one never seen. */
  #rememberStart(key: string, startMs: number): void {
    const { minIntervalMs = 0 } = this.#options
    this.#lastStarts.delete(key)
    this.#lastStarts.set(key, startMs)
    for (const [old, lastMs] of this.#lastStarts) {
      if (lastMs + minIntervalMs > startMs) break
      this.#lastStarts.delete(old)
    }
  }

  async #untilWoken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  #longestRunningMs(): number {
    const [first] = this.#running.values()
    return first === undefined ? 0 : this.#clock.now() - first
  }
}

type QueueMetrics = ReturnType<typeof createMetrics>

function createMetrics(
  { name, registry, metricPrefix = 'conprof_operator_workqueue' }: WorkQueueOptions,
  read: { readonly depth: () => number; readonly longestRunningSeconds: () => number },
) {
  const buckets = [0.001, 0.01, 0.1, 1, 10, 60]
  const labelNames = ['queue']
  const gauge = (suffix: string, help: string, value: () => number) =>
    sharedReadGauge(registry, { name: `${metricPrefix}_${suffix}`, help, label: 'queue', combine: sum }).add(
      name,
      value,
    )
  gauge('depth', 'Keys that are due and wait for a worker.', read.depth)
  gauge('longest_running_seconds', 'How long the longest run so far goes on.', read.longestRunningSeconds)
  return {
    adds: sharedCounter(registry, { name: `${metricPrefix}_adds_total`, help: 'Keys added.', labelNames }),
    retries: sharedCounter(registry, {
      name: `${metricPrefix}_retries_total`,
      help: 'Runs that failed and are tried again.',
      labelNames,
    }),
    latency: sharedHistogram(registry, {
      name: `${metricPrefix}_latency_seconds`,
      help: 'From when a key was due until a worker took it.',
      labelNames,
      buckets,
    }),
    duration: sharedHistogram(registry, {
      name: `${metricPrefix}_work_duration_seconds`,
      help: 'Time that one run took.',
      labelNames,
      buckets,
    }),
  }
}
