import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import { stringify } from 'yaml'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import type { Logger } from '../../lib/log.ts'
import type { Labels } from '../../profile/labels.ts'
import type { ScrapeConfigSpec } from '../config/scrape-config-resource.ts'
import type { JobTargets } from '../target.ts'
import { acceptObjects } from './accept-objects.ts'
import { type Credentials, credentialKeys, targetsOfSpec } from './kubernetes-config.ts'
import { readSavedConfig, type SavedConfig, writeSavedConfig } from './saved-config.ts'
import { ShardWatch } from './shard-watch.ts'

export interface ScrapeConfigSourceOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly release: string
  /** Of this collector: which shard is its own. */
  readonly ordinal: number
  readonly externalLabels: Labels
  /** Gets the config that is on disk. */
  readonly directory: string
  /** Gets all targets, by object, each time something about them changed. Must not throw. */
  readonly apply: (jobs: ReadonlyMap<string, JobTargets>) => void
  readonly logger: Logger
  readonly registry: Registry
}

interface Made {
  readonly key: string
  readonly targets: JobTargets
}

/** Changes of a second are written to disk together. */
const saveDelayMs = 1000

/**
 * What is on disk may be another's by now, where this process was away for long: the API server is asked first, and
 * the disk counts where that does not answer in this time.
 */
const patienceMs = 5000

/**
 * What the operator wants scraped: the ScrapeConfigs of this collector's shard and the Secret with their credentials.
 * Begins with what is on disk where the API server is away, and goes on with what it has for as long as it is.
 */
export class ScrapeConfigSource {
  readonly #options: ScrapeConfigSourceOptions
  readonly #metrics: ReturnType<typeof createMetrics>
  #config: SavedConfig = { specs: new Map(), credentials: new Map() }
  #isFromDisk = true
  #isApplied = false
  /** Targets of an object, as long as neither it nor its credentials change. */
  #made: ReadonlyMap<string, Made> = new Map()
  #told = new Set<string>()
  #watch: ShardWatch | undefined
  /** Ends the watch, for another to begin afresh. */
  #restart: (() => void) | undefined
  #signal: AbortSignal | undefined
  #writing: Promise<void> = Promise.resolve()
  #written = ''

  constructor(options: ScrapeConfigSourceOptions) {
    this.#options = options
    this.#metrics = createMetrics(options.registry, () => this.#config.specs.size)
  }

  /** What still lacks for scraping to begin; nothing once there was a config, from wherever. */
  get missing(): string | undefined {
    const { ordinal, client } = this.#options
    return this.#isApplied ? undefined : `the ScrapeConfigs of shard ${ordinal} from ${client.server}`
  }

  /** What only a restart may mend; nothing because the API server is away. */
  get wrong(): string | undefined {
    const stuck = this.#watch?.stuck() ?? []
    return stuck.length === 0 ? undefined : `watches of ${stuck.join(', ')} are stuck`
  }

  /** The highest that is among its objects; 0 without any. */
  get epoch(): number {
    return Math.max(0, ...[...this.#config.specs.values()].map(({ epoch }) => epoch))
  }

  /** For people: the objects as they count. There are no credentials in them. */
  shownYaml(): string {
    const documents = [...this.#config.specs].map(([name, spec]) => stringify({ metadata: { name }, spec }))
    return documents.length === 0 ? '# no ScrapeConfigs for this collector\n' : documents.join('---\n')
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#signal = signal
    const isOnDisk = await this.#load()
    const late = isOnDisk ? setTimeout(() => this.#beginFromDisk(), patienceMs) : undefined
    while (!signal.aborted) {
      const stop = new AbortController()
      this.#restart = () => stop.abort()
      const watch = this.#createWatch()
      this.#watch = watch
      await watch.run({ signal: AbortSignal.any([signal, stop.signal]) })
    }
    clearTimeout(late)
    await this.#writing
  }

  /** Reads everything from the API server, not from what a watch may have in store; resolves once it is applied. */
  async reread({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const before = this.#watch
    this.#restart?.()
    while (this.#watch === before) await sleep(10, undefined, { signal })
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    await Promise.race([this.#watch?.applied, aborted])
  }

  #createWatch(): ShardWatch {
    const { client, namespace, release, ordinal, logger, registry } = this.#options
    return new ShardWatch({
      client,
      namespace,
      release,
      ordinal,
      logger,
      registry,
      onChange: ({ objects, credentials }) => {
        const { specs, ignored } = acceptObjects(this.#config.specs, objects, {
          isFromDisk: this.#isFromDisk,
        })
        this.#isFromDisk = false
        this.#tell(ignored)
        this.#apply({ specs, credentials: credentials ?? this.#config.credentials })
        this.#save()
      },
    })
  }

  /** Whether there is something. It is not applied yet, but stands in for what the API server has no readable word of. */
  async #load(): Promise<boolean> {
    const { directory, logger } = this.#options
    try {
      const saved = await readSavedConfig(directory, this.#owner)
      if (saved !== undefined) this.#config = saved
      return saved !== undefined
    } catch (error) {
      this.#metrics.savedErrors.inc()
      logger.error(`${(error as Error).message}; scraping begins with what the API server says`)
      return false
    }
  }

  #beginFromDisk(): void {
    if (this.#isApplied) return
    const { client, logger } = this.#options
    const objects = this.#config.specs.size
    logger.warn({ objects }, `no ScrapeConfigs from ${client.server} yet: scraping begins with those on disk`)
    this.#apply(this.#config)
  }

  #apply(config: SavedConfig): void {
    this.#config = config
    const made = new Map<string, Made>()
    for (const [name, spec] of config.specs) {
      const key = keyOf(spec, config.credentials)
      const known = this.#made.get(name)
      const targets = known?.key === key ? known.targets : this.#targetsOf(name, spec, config.credentials)
      made.set(name, { key, targets })
    }
    this.#made = made
    this.#isApplied = true
    this.#metrics.applied.setToCurrentTime()
    this.#metrics.epoch.set(this.epoch)
    this.#options.apply(new Map([...made].map(([name, { targets }]) => [name, targets])))
  }

  #targetsOf(name: string, spec: ScrapeConfigSpec, credentials: Credentials): JobTargets {
    const { externalLabels, logger } = this.#options
    try {
      return targetsOfSpec(name, spec, { credentials, externalLabels })
    } catch (error) {
      // It was read before, so this is a defect of ours; the other objects must not suffer.
      logger.error({ err: error, object: name }, 'make targets of a ScrapeConfig')
      return { active: [], dropped: [] }
    }
  }

  /** Each once, until it changes. */
  #tell(ignored: ReturnType<typeof acceptObjects>['ignored']): void {
    const told = new Set<string>()
    for (const { name, reason, message } of ignored) {
      const text = `${name} ${message}`
      told.add(text)
      if (this.#told.has(text)) continue
      this.#metrics.ignored.inc({ reason })
      this.#options.logger.warn(
        { object: name, reason },
        `ScrapeConfig "${name}": ${message}: what it said before goes on`,
      )
    }
    this.#told = told
  }

  /** One at a time, and only what is newest. */
  #save(): void {
    const { directory, logger } = this.#options
    const config = this.#config
    this.#writing = this.#writing.then(async () => {
      if (config !== this.#config) return
      await sleep(
        this.#written === '' ? 0 : saveDelayMs,
        undefined,
        this.#signal && { signal: this.#signal },
      ).catch(() => {})
      if (config !== this.#config) return
      const text = JSON.stringify([[...config.specs], [...config.credentials]])
      if (text === this.#written) return
      try {
        await writeSavedConfig(directory, this.#owner, config)
        this.#written = text
      } catch (error) {
        this.#metrics.savedErrors.inc()
        logger.error(`save config in "${directory}": ${(error as Error).message}`)
      }
    })
  }

  get #owner() {
    const { namespace, release, ordinal } = this.#options
    return { namespace, release, shard: ordinal }
  }
}

function keyOf(spec: ScrapeConfigSpec, credentials: Credentials): string {
  return JSON.stringify([spec, credentialKeys(spec.job).map((key) => credentials.get(key) ?? null)])
}

function createMetrics(registry: Registry, objects: () => number) {
  const registers = [registry]
  new Gauge({
    name: 'conprof_collector_scrape_configs',
    help: 'ScrapeConfig objects that this collector follows.',
    registers,
    collect() {
      this.set(objects())
    },
  })
  return {
    ignored: new Counter({
      name: 'conprof_collector_scrape_configs_ignored_total',
      help: 'Versions of ScrapeConfigs that were not taken, by why; what the object said before goes on.',
      labelNames: ['reason'] as const,
      registers,
    }),
    savedErrors: new Counter({
      name: 'conprof_collector_saved_config_errors_total',
      help: 'Times that the config on disk could not be read or written.',
      registers,
    }),
    applied: new Gauge({
      name: 'conprof_collector_config_applied_timestamp_seconds',
      help: 'When a config was last taken over.',
      registers,
    }),
    epoch: new Gauge({
      name: 'conprof_collector_config_epoch',
      help: 'Highest epoch among the ScrapeConfigs.',
      registers,
    }),
  }
}
