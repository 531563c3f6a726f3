import type { Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'
import type { Config } from '../config/scrape-config.ts'
import { Discovery } from '../discovery/discovery.ts'
import { createDiscoveryMetrics, type DiscoveryMetrics } from '../discovery/discovery-metrics.ts'
import type { ProfileStore } from '../profile-store.ts'
import { type JobTargets, type Target, targetsOf } from '../target.ts'
import { DiskPause } from './disk-pause.ts'
import { HttpClients } from './http-clients.ts'
import { openGate, type ScrapeGate } from './scrape-gate.ts'
import { type LoopState, ScrapeLoop } from './scrape-loop.ts'
import { createScrapeMetrics, type ScrapeMetrics } from './scrape-metrics.ts'
import { Turns } from './turns.ts'

export interface ScraperOptions {
  readonly store: ProfileStore
  readonly log: Logger
  readonly registry: Registry
  readonly now?: () => number
  /** How long a full disk stops scraping before it is tried again; 10 s. */
  readonly diskPauseMs?: number
  /** Asked before each scrape; always open without it. */
  readonly gate?: ScrapeGate
}

/** Keeps one loop per target. A target that stays as it is goes on undisturbed when others change. */
export class Scraper {
  readonly #options: ScraperOptions
  readonly #metrics: ScrapeMetrics
  readonly #clients = new HttpClients()
  readonly #turns = new Turns()
  readonly #diskPause: DiskPause
  readonly #loops = new Map<string, { readonly loop: ScrapeLoop; readonly stop: AbortController }>()
  /** Of every loop that has not ended, those of targets that were dropped among them. */
  readonly #ends = new Set<Promise<void>>()
  readonly #cut = new AbortController()
  readonly #discoveryMetrics: DiscoveryMetrics
  /** What discovery found last, by job. */
  #jobs = new Map<string, JobTargets>()
  #config: Config | undefined
  #discovering: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  #signal: AbortSignal | undefined

  constructor(options: ScraperOptions) {
    this.#options = options
    this.#diskPause = new DiskPause(
      options.diskPauseMs === undefined ? {} : { lengthMs: options.diskPauseMs },
    )
    this.#metrics = createScrapeMetrics(options.registry)
    this.#discoveryMetrics = createDiscoveryMetrics(options.registry)
  }

  /** Scrapes until the signal, then ends; answers still under way are left. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#signal = signal
    if (this.#config !== undefined) this.applyConfig(this.#config)
    else this.#sync()
    const count = setInterval(() => this.#countTargets(), 5000)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    clearInterval(count)
    this.#discovering?.stop.abort()
    await this.#discovering?.ended
    for (const { stop } of this.#loops.values()) stop.abort()
    this.#cut.abort()
    await Promise.all(this.#ends)
    await this.#clients.close()
  }

  /** From now on this config; what stays the same goes on undisturbed. Before `run` it only waits. */
  applyConfig(config: Config): void {
    this.#config = config
    if (this.#signal === undefined || this.#signal.aborted) return
    this.#discovering?.stop.abort()
    const before = this.#jobs
    const stop = new AbortController()
    this.#jobs = new Map()
    for (const { jobName, fileSdConfigs, httpSdConfigs } of config.scrapeConfigs) {
      // Until files and servers have been asked again, their job goes on with what they said last.
      const known = before.get(jobName)
      if (known !== undefined && fileSdConfigs.length + httpSdConfigs.length > 0)
        this.#jobs.set(jobName, known)
    }
    const late = new Set(this.#jobs.keys())
    const discovery = new Discovery(config, {
      logger: this.#options.log,
      metrics: this.#discoveryMetrics,
      onGroups: (scrapeConfig, groups) => {
        // The first word of such a job is its static part alone.
        if (late.delete(scrapeConfig.jobName)) return
        const parts = groups.map((group) => targetsOf(group, scrapeConfig, config.externalLabels))
        this.#jobs.set(scrapeConfig.jobName, {
          active: parts.flatMap(({ active }) => active),
          dropped: parts.flatMap(({ dropped }) => dropped),
        })
        this.#sync()
      },
    })
    this.#discovering = { stop, ended: discovery.run({ signal: stop.signal }) }
    this.#sync()
  }

  /**
   * From now on these targets, by who found them; what stays the same goes on undisturbed. Instead of a config.
   * Targets that are the same objects as before cost nothing.
   */
  applyTargets(jobs: ReadonlyMap<string, JobTargets>): void {
    this.#jobs = new Map(jobs)
    if (this.#signal !== undefined && !this.#signal.aborted) this.#sync()
  }

  #sync(): void {
    const wanted = new Map<string, Target>()
    for (const { active } of this.#jobs.values()) for (const target of active) wanted.set(target.key, target)
    for (const [key, { loop, stop }] of this.#loops) {
      const target = wanted.get(key)
      if (target?.intervalMs === loop.target.intervalMs) {
        loop.update(target)
        continue
      }
      stop.abort()
      this.#loops.delete(key)
    }
    for (const [key, target] of wanted) if (!this.#loops.has(key)) this.#start(key, target)
    this.#countTargets()
  }

  #start(key: string, target: Target): void {
    const { store, log, now = Date.now, gate = openGate } = this.#options
    const loop = new ScrapeLoop(target, {
      store,
      log,
      now,
      gate,
      clients: this.#clients,
      turns: this.#turns,
      diskPause: this.#diskPause,
      metrics: this.#metrics,
    })
    const stop = new AbortController()
    this.#loops.set(key, { loop, stop })
    const ended = loop.run({ signal: stop.signal, cut: this.#cut.signal })
    this.#ends.add(ended)
    void ended.then(() => this.#ends.delete(ended))
  }

  /** Of every loop that runs now. */
  loops(): { readonly target: Target; readonly state: Readonly<LoopState> }[] {
    return [...this.#loops.values()].map(({ loop: { target, state } }) => ({ target, state }))
  }

  /** The one that has this target now; undefined once nobody has. */
  loopOf(key: string): ScrapeLoop | undefined {
    return this.#loops.get(key)?.loop
  }

  #countTargets(): void {
    const counts = new Map<string, number>()
    for (const { target, state } of this.loops()) {
      const { namespace = '', workload = target.job } = target.labels
      const labels = JSON.stringify([namespace, workload, target.profileType, state.health])
      counts.set(labels, (counts.get(labels) ?? 0) + 1)
    }
    this.#metrics.targets.reset()
    for (const [labels, count] of counts) {
      const [namespace, workload, profile_type, health] = JSON.parse(labels) as [
        string,
        string,
        string,
        string,
      ]
      this.#metrics.targets.set({ namespace, workload, profile_type, health }, count)
    }
  }

  /** As `/api/v1/targets` answers. */
  targets() {
    return {
      activeTargets: this.loops().map(({ target, state }) => ({
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
      droppedTargets: [...this.#jobs.values()]
        .flatMap(({ dropped }) => dropped)
        .map(({ job, discoveredLabels, reason }) => ({
          scrapePool: job,
          discoveredLabels,
          reason,
        })),
    }
  }
}
