import type { Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'
import type { ProfileStore } from '../profile-store.ts'
import type { DroppedTarget, Target } from '../target.ts'
import { HttpClients } from './http-client.ts'
import { ScrapeLoop } from './scrape-loop.ts'
import { createScrapeMetrics, type ScrapeMetrics } from './scrape-metrics.ts'
import { Turns } from './turns.ts'

export interface ScraperOptions {
  readonly store: ProfileStore
  readonly log: Logger
  readonly registry: Registry
  readonly now?: () => number
}

/** Keeps one loop per target. A target that stays as it is goes on undisturbed when others change. */
export class Scraper {
  readonly #options: ScraperOptions
  readonly #metrics: ScrapeMetrics
  readonly #clients = new HttpClients()
  readonly #turns = new Turns()
  readonly #loops = new Map<
    string,
    { loop: ScrapeLoop; settings: string; stop: AbortController; ended: Promise<void> }
  >()
  #dropped: readonly DroppedTarget[] = []
  #wanted: readonly Target[] = []
  #signal: AbortSignal | undefined

  constructor(options: ScraperOptions) {
    this.#options = options
    this.#metrics = createScrapeMetrics(options.registry)
  }

  /** Scrapes until the signal, then lets scrapes under way end without their answers. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#signal = signal
    this.#sync()
    const count = setInterval(() => this.#countTargets(), 5000)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    clearInterval(count)
    this.#wanted = []
    this.#sync()
    await Promise.all([...this.#loops.values()].map(({ ended }) => ended))
    await this.#clients.close()
  }

  /** From now on these, whole. */
  applyTargets(active: readonly Target[], dropped: readonly DroppedTarget[] = []): void {
    this.#wanted = active
    this.#dropped = dropped
    if (this.#signal !== undefined && !this.#signal.aborted) this.#sync()
  }

  #sync(): void {
    const { store, log, now = Date.now } = this.#options
    const wanted = new Map(this.#wanted.map((target) => [target.key, target]))
    for (const [key, { settings, stop }] of this.#loops) {
      const target = wanted.get(key)
      if (target !== undefined && settingsOf(target) === settings) continue
      stop.abort()
      this.#loops.delete(key)
    }
    for (const [key, target] of wanted) {
      if (this.#loops.has(key)) continue
      const loop = new ScrapeLoop(target, {
        store,
        log,
        now,
        clients: this.#clients,
        turns: this.#turns,
        metrics: this.#metrics,
      })
      const stop = new AbortController()
      const ended = loop.run({ signal: stop.signal })
      this.#loops.set(key, { loop, settings: settingsOf(target), stop, ended })
    }
    this.#countTargets()
  }

  #countTargets(): void {
    this.#metrics.targets.reset()
    for (const { loop } of this.#loops.values()) this.#metrics.targets.inc({ health: loop.state.health })
  }

  /** As `/api/v1/targets` answers. */
  targets() {
    return {
      activeTargets: [...this.#loops.values()].map(({ loop: { target, state } }) => ({
        scrapePool: target.job,
        scrapeUrl: target.url,
        labels: target.labels,
        discoveredLabels: target.discoveredLabels,
        profileType: target.profileType,
        intervalSeconds: target.intervalMs / 1000,
        timeoutSeconds: target.timeoutMs / 1000,
        health: state.health,
        reason: state.reason,
        remedy: state.remedy,
        lastScrape: state.lastScrapeMs,
        lastScrapeDurationSeconds: state.lastDurationMs / 1000,
        lastSizeBytes: state.lastSizeBytes,
        nextScrape: Math.round(state.nextScrapeMs),
      })),
      droppedTargets: this.#dropped.map(({ job, discoveredLabels, reason }) => ({
        scrapePool: job,
        discoveredLabels,
        reason,
      })),
    }
  }
}

/** Everything that makes a loop another loop. */
function settingsOf({ discoveredLabels: _, ...target }: Target): string {
  return JSON.stringify(target)
}
