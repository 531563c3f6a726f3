import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'
import type { CollectorsAnswer, TargetsAnswer } from '../api/types.ts'
import { throwIfCancelled } from '../cancel.ts'
import type { CaptureSource } from '../capture/capture-source.ts'
import type { HeadSource } from '../head-source.ts'
import { missing } from '../missing.ts'
import { CollectorAwayError, CollectorClient } from './collector-client.ts'
import { type CollectorMetrics, createCollectorMetrics } from './collector-metrics.ts'
import type { CollectorsFlag } from './collectors-flag.ts'
import { HttpCaptureSource } from './http-capture-source.ts'
import { HttpCollector } from './http-collector.ts'
import { nameCollectors } from './name-collectors.ts'
import { CollectorResolver, type CollectorResolverOptions } from './resolve-collectors.ts'

export interface CollectorsOptions
  extends Pick<CollectorResolverOptions, 'servers' | 'refreshMs' | 'keepGoneMs'> {
  readonly flags: readonly CollectorsFlag[]
  readonly log: Logger
  readonly registry: Registry
  /** Gives the `Authorization` header to send. */
  readonly authorization?: (() => Promise<string>) | undefined
  /** The most that an answer waits for one collector. */
  readonly patienceMs: number
  /** Between two questions of how a collector is; 10 s without it. */
  readonly pollMs?: number
}

/** The collectors of other processes, found by name, as they come and go. */
export class Collectors {
  readonly #options: CollectorsOptions
  readonly #client: CollectorClient
  readonly #resolver: CollectorResolver
  readonly #metrics: CollectorMetrics
  #collectors: readonly HttpCollector[] = []

  constructor(options: CollectorsOptions) {
    const { flags, log, registry } = options
    this.#options = options
    this.#client = new CollectorClient({ authorization: options.authorization })
    this.#metrics = createCollectorMetrics(registry, () => {
      const reachable = this.#collectors.filter(({ isReachable }) => isReachable).length
      return { reachable, unreachable: this.#collectors.length - reachable }
    })
    const { servers, refreshMs, keepGoneMs } = options
    this.#resolver = new CollectorResolver({
      ...{ flags, log, registry },
      ...(servers === undefined ? {} : { servers }),
      ...(refreshMs === undefined ? {} : { refreshMs }),
      ...(keepGoneMs === undefined ? {} : { keepGoneMs }),
      onChange: (addresses) => this.#follow(addresses),
    })
  }

  /** For the catalog. A name without a collector is among them: it fails, so that each answer says so. */
  readonly heads = (): readonly HeadSource[] => [
    ...this.#collectors,
    ...this.#resolver.unresolved.map(({ name, problem }) => ({
      name: `every collector of ${name}`,
      readHead: () => Promise.reject(new CollectorAwayError(problem)),
      listPending: () => Promise.reject(new CollectorAwayError(problem)),
    })),
  ]

  captureSources(): readonly CaptureSource[] {
    return this.#collectors.map((collector) => new HttpCaptureSource(collector))
  }

  /** For readiness; undefined once every name got an answer. */
  get missing(): string | undefined {
    return this.#resolver.missing
  }

  status(): CollectorsAnswer {
    return {
      collectors: this.#collectors.map((collector) => collector.status()),
      unresolved: this.#resolver.unresolved,
    }
  }

  async targets(options: {
    readonly signal: AbortSignal
  }): Promise<{ readonly targets: TargetsAnswer; readonly warnings: readonly string[] }> {
    const warnings = this.#resolver.unresolved.map(({ name, problem }) =>
      missing(`every collector of ${name} is`, problem),
    )
    const answers = await Promise.all(
      this.#collectors.map(async (collector) => {
        try {
          return await collector.targets(options)
        } catch (error) {
          throwIfCancelled(options.signal)
          warnings.push(missing(`${collector.name} is`, error))
          return undefined
        }
      }),
    )
    const found = answers.filter((answer) => answer !== undefined)
    const targets = {
      activeTargets: found.flatMap(({ activeTargets }) => activeTargets),
      droppedTargets: found.flatMap(({ droppedTargets }) => droppedTargets),
    }
    return { targets, warnings }
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await Promise.all([this.#resolver.run({ signal }), this.#poll(signal)])
  }

  /** Once nothing asks any more: queries that are under way when `run` ends still read heads. */
  async close(): Promise<void> {
    await this.#client.close()
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { pollMs = 10_000 } = this.#options
    const dueMs = new WeakMap<HttpCollector, number>()
    while (!signal.aborted) {
      for (const collector of this.#collectors) {
        if (performance.now() < (dueMs.get(collector) ?? 0)) continue
        dueMs.set(collector, Number.POSITIVE_INFINITY)
        void collector.poll(signal).then(() => dueMs.set(collector, performance.now() + pollMs))
      }
      await sleep(Math.min(pollMs, 500), undefined, { signal }).catch(() => {})
    }
  }

  #follow(addresses: readonly string[]): void {
    const known = new Map(this.#collectors.map((collector) => [collector.url, collector]))
    this.#collectors = addresses.map(
      (url) =>
        known.get(url) ??
        new HttpCollector({
          url,
          client: this.#client,
          metrics: this.#metrics,
          patienceMs: this.#options.patienceMs,
          onAway: () => this.#resolver.hurry(),
        }),
    )
    const names = nameCollectors(addresses)
    for (const collector of this.#collectors) collector.collector = names.get(collector.url)!
  }
}
