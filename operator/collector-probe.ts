import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Logger } from '../lib/log.ts'
import type { CollectorAddress, CollectorClient } from './collector-client.ts'
import { type CollectorHealth, collectorHealth } from './collector-health.ts'

export interface CollectorProbeOptions {
  readonly client: CollectorClient
  /** Those whose pods have an address now, whether Ready or not. */
  readonly collectors: () => readonly CollectorAddress[]
  /** After each answer, and when one stops to answer. Must not throw. */
  readonly onChange?: (ordinal: number) => void
  readonly logger: Logger
  readonly registry: Registry
  readonly now?: () => number
  /** Between two questions to one collector, give or take a fifth; 10 s. */
  readonly intervalMs?: number
}

/**
 * Asks every collector how its scrapes go. An answer is also a sign of life that does not pass through the API server:
 * a collector that answers keeps its targets however its pod is reported.
 */
export class CollectorProbe {
  readonly #options: CollectorProbeOptions
  readonly #now: () => number
  readonly #probed = new Map<number, Probed>()
  readonly #metrics: ReturnType<typeof createMetrics>

  constructor(options: CollectorProbeOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#metrics = createMetrics(options.registry)
  }

  /** Unix ms; 0 where it never answered. Kept while its pod has no address. */
  lastAnswerMs(ordinal: number): number {
    return this.#probed.get(ordinal)?.lastAnswerMs ?? 0
  }

  /** The last of each collector that answers. */
  summaries(): readonly CollectorHealth[] {
    return [...this.#probed.values()].flatMap(({ health }) => (health === undefined ? [] : [health]))
  }

  /** Those that were asked and did not answer last time, and why. */
  unreachable(): readonly { readonly ordinal: number; readonly reason: string }[] {
    return [...this.#probed].flatMap(([ordinal, { failure }]) =>
      failure === undefined ? [] : [{ ordinal, reason: failure }],
    )
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const asking = new Set<Promise<void>>()
    while (!signal.aborted) {
      const nowMs = this.#now()
      const collectors = this.#options.collectors()
      this.#forgetOthers(collectors, nowMs)
      const dueNowMs = performance.now()
      for (const collector of collectors) {
        const probed = this.#probedOf(collector.ordinal)
        // Another pod in its place is asked at once.
        if (probed.isAsking || (probed.dueMs > dueNowMs && probed.url === collector.url)) continue
        const asked = this.#ask(collector, probed, signal).finally(() => asking.delete(asked))
        asking.add(asked)
      }
      await sleep(Math.min(this.#intervalMs / 10, 1000), undefined, { signal }).catch(() => {})
    }
    await Promise.all(asking)
  }

  get #intervalMs(): number {
    return this.#options.intervalMs ?? 10_000
  }

  #probedOf(ordinal: number): Probed {
    let probed = this.#probed.get(ordinal)
    if (probed === undefined) {
      probed = { url: '', isAsking: false, dueMs: 0, lastAnswerMs: 0, health: undefined, failure: undefined }
      this.#probed.set(ordinal, probed)
    }
    return probed
  }

  #forgetOthers(collectors: readonly CollectorAddress[], nowMs: number): void {
    const there = new Set(collectors.map(({ ordinal }) => ordinal))
    for (const [ordinal, probed] of this.#probed) {
      if (there.has(ordinal)) continue
      probed.failure = undefined
      probed.dueMs = 0
      if (nowMs - probed.lastAnswerMs > forgetAfterMs) {
        this.#probed.delete(ordinal)
        this.#metrics.up.remove({ ordinal })
      }
    }
  }

  async #ask(collector: CollectorAddress, probed: Probed, signal: AbortSignal): Promise<void> {
    const { client, logger, onChange } = this.#options
    const { ordinal, url } = collector
    const before = probed.failure
    probed.isAsking = true
    probed.url = url
    try {
      const answer = await client.get(collector, path, { signal, maxSizeBytes })
      const health = readHealth(answer)
      // Addresses of pods are used again; another collector's word must not stand for this one's life.
      if (health.ordinal !== ordinal) {
        throw new Error(`ask collector ${ordinal} at ${url}: it is collector ${health.ordinal}`)
      }
      probed.lastAnswerMs = this.#now()
      probed.health = health
      probed.failure = undefined
      if (before !== undefined) logger.info({ ordinal }, 'a collector answers again')
    } catch (error) {
      if (signal.aborted) return
      probed.failure = (error as Error).message
      // What it said before is no news of now.
      probed.health = undefined
      this.#metrics.failures.inc({ ordinal })
      if (before === undefined) logger.warn({ ordinal }, `a collector does not answer: ${probed.failure}`)
    } finally {
      probed.isAsking = false
      probed.dueMs = performance.now() + this.#intervalMs * (0.8 + 0.4 * Math.random())
    }
    this.#metrics.up.set({ ordinal }, probed.failure === undefined ? 1 : 0)
    onChange?.(ordinal)
  }
}

function readHealth(answer: unknown): CollectorHealth {
  const { data, error } = collectorHealth.safeParse(answer)
  if (data !== undefined) return data
  const [issue] = error.issues
  throw new Error(`read ${path}: ${issue?.path.join('.')}: ${issue?.message}`)
}

interface Probed {
  url: string
  isAsking: boolean
  /** By `performance.now()`, which nobody sets back. */
  dueMs: number
  /** Unix ms. */
  lastAnswerMs: number
  health: CollectorHealth | undefined
  failure: string | undefined
}

const path = '/api/v1/status/scrapes'
const maxSizeBytes = 8 * 2 ** 20
/** Of an ordinal without a pod. */
const forgetAfterMs = 10 * 60_000

function createMetrics(registry: Registry) {
  return {
    up: new Gauge({
      name: 'conprof_operator_collector_up',
      help: 'Whether the collector of this ordinal answered the operator last time.',
      labelNames: ['ordinal'],
      registers: [registry],
    }),
    failures: new Counter({
      name: 'conprof_operator_collector_probe_failures_total',
      help: 'Questions to a collector that it did not answer well.',
      labelNames: ['ordinal'],
      registers: [registry],
    }),
  }
}
