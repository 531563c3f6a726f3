import { Gauge, type Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import type { Config } from './scrape-config.ts'

export interface ConfigReloaderOptions {
  readonly path: string
  /** Gets each config that reads; not called for one that does not. */
  readonly apply: (config: Config) => void
  readonly logger: Logger
  readonly registry: Registry
}

/** Reads a config file again when asked to. A file that does not read leaves everything as it was. */
export class ConfigReloader {
  readonly #options: ConfigReloaderOptions
  readonly #isSuccessful: Gauge
  readonly #successTime: Gauge
  #current: ConfigFile
  #reloading: Promise<void> = Promise.resolve()

  constructor(first: ConfigFile, options: ConfigReloaderOptions) {
    this.#options = options
    this.#current = first
    const registers = [options.registry]
    this.#isSuccessful = new Gauge({
      name: 'conprof_config_last_reload_successful',
      help: 'Whether the last attempt to read the config went well.',
      registers,
    })
    this.#successTime = new Gauge({
      name: 'conprof_config_last_reload_success_timestamp_seconds',
      help: 'When the config in use was read.',
      registers,
    })
    this.#isSuccessful.set(1)
    this.#successTime.setToCurrentTime()
  }

  get current(): ConfigFile {
    return this.#current
  }

  /** One at a time. Rejects with what is wrong with the file; the old config goes on. */
  reload(): Promise<void> {
    const reloading = this.#reloading.then(() => this.#reload())
    this.#reloading = reloading.catch(() => {})
    return reloading
  }

  async #reload(): Promise<void> {
    const { path, logger, apply } = this.#options
    try {
      const next = await readConfigFile(path)
      apply(next.config)
      this.#current = next
      this.#isSuccessful.set(1)
      this.#successTime.setToCurrentTime()
      logger.info({ config: path, jobs: next.config.scrapeConfigs.length }, 'config reloaded')
    } catch (error) {
      this.#isSuccessful.set(0)
      logger.error(`reload config, the old one goes on: ${(error as Error).message}`)
      throw error
    }
  }
}
