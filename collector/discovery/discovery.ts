import { once } from 'node:events'
import { type Run, runGroup } from '../../lib/lifecycle/run-group.ts'
import type { Logger } from '../../lib/log.ts'
import type { Config, ScrapeConfig } from '../config/scrape-config.ts'
import type { DiscoveryMetrics } from './discovery-metrics.ts'
import { FileDiscovery } from './file-discovery.ts'
import { HttpDiscovery } from './http-discovery.ts'
import type { TargetGroup } from './target-group.ts'

export interface DiscoveryOptions {
  readonly logger: Logger
  readonly metrics: DiscoveryMetrics
  /**
   * All groups of a job, at the start and each time something about them changed; what is no longer among them
   * is gone. Must not throw.
   */
  readonly onGroups: (scrapeConfig: ScrapeConfig, groups: readonly TargetGroup[]) => void
}

/** Finds the targets of all jobs of one config; a reload runs a new one. */
export class Discovery {
  readonly #config: Config
  readonly #options: DiscoveryOptions

  constructor(config: Config, options: DiscoveryOptions) {
    this.#config = config
    this.#options = options
  }

  /** Static targets are delivered before this gives its promise back; nothing is once the signal is aborted. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const untilAborted = async () => {
      if (!signal.aborted) await once(signal, 'abort')
    }
    const parts = this.#config.scrapeConfigs.flatMap((scrapeConfig) => this.#start(scrapeConfig, signal))
    await runGroup([untilAborted, ...parts], { signal })
  }

  #start(scrapeConfig: ScrapeConfig, signal: AbortSignal): Run[] {
    const { logger, metrics, onGroups } = this.#options
    const places = new Map<string, readonly TargetGroup[]>([['static', scrapeConfig.staticGroups]])
    const deliver = () => {
      if (!signal.aborted) onGroups(scrapeConfig, [...places.values()].flat())
    }
    const optionsOf = (place: string) => ({
      logger: logger.child({ job: scrapeConfig.jobName }),
      metrics,
      onGroups: (groups: readonly TargetGroup[]) => {
        // Two entries of a job may name the same file or URL.
        const prefix = `${scrapeConfig.jobName}/${place}/`
        places.set(
          place,
          groups.map((group) => ({ ...group, source: prefix + group.source })),
        )
        deliver()
      },
    })
    deliver()
    const parts = [
      ...scrapeConfig.fileSdConfigs.map((config, i) => new FileDiscovery(config, optionsOf(`file/${i}`))),
      ...scrapeConfig.httpSdConfigs.map((config, i) => new HttpDiscovery(config, optionsOf(`http/${i}`))),
    ]
    return parts.map((part) => part.run.bind(part))
  }
}
