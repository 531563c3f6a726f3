import { type FSWatcher, watch } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, matchesGlob } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../lib/log.ts'
import type { FileSdConfig } from '../config/scrape-config.ts'
import type { DiscoveryMetrics } from './discovery-metrics.ts'
import { KnownGroups, type OnGroups } from './known-groups.ts'
import { parseTargetGroups } from './parse-target-groups.ts'

/** Targets from files, read anew when one changes and at each interval. A broken file keeps its last targets. */
export class FileDiscovery {
  readonly #config: FileSdConfig
  readonly #logger: Logger
  readonly #metrics: DiscoveryMetrics
  readonly #known: KnownGroups
  readonly #watchers = new Map<string, FSWatcher>()

  constructor(
    config: FileSdConfig,
    options: { readonly logger: Logger; readonly metrics: DiscoveryMetrics; readonly onGroups: OnGroups },
  ) {
    this.#config = config
    this.#logger = options.logger
    this.#metrics = options.metrics
    this.#known = new KnownGroups(options.onGroups)
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    try {
      while (!signal.aborted) {
        const changed = new AbortController()
        // Before reading: what changes meanwhile is read again.
        this.#watch(() => changed.abort())
        await this.#refresh()
        const waking = AbortSignal.any([signal, changed.signal])
        await sleep(this.#config.refreshIntervalMs, undefined, { signal: waking }).catch(() => {})
        // One save makes several events.
        await sleep(settleMs, undefined, { signal }).catch(() => {})
      }
    } finally {
      for (const watcher of this.#watchers.values()) watcher.close()
      this.#watchers.clear()
    }
  }

  async #refresh(): Promise<void> {
    const files = await this.#files()
    for (const file of files) {
      this.#metrics.refreshes.inc({ mechanism })
      try {
        const text = await readFile(file, 'utf8')
        this.#known.set(file, parseTargetGroups(text, { name: file, metaLabels: { __meta_filepath: file } }))
      } catch (error) {
        this.#metrics.failures.inc({ mechanism })
        this.#logger.warn({ file, err: error }, 'targets of a file stay as they were: it cannot be read')
      }
    }
    this.#known.keepOnly(files)
    this.#known.deliver()
  }

  async #files(): Promise<Set<string>> {
    const files = new Set<string>()
    for (const pattern of this.#config.files) {
      const names = await readdir(dirname(pattern)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') {
          this.#metrics.failures.inc({ mechanism })
          this.#logger.warn({ folder: dirname(pattern), err: error }, 'folder of targets cannot be read')
        }
        return []
      })
      for (const name of names.sort()) {
        if (matchesGlob(name, basename(pattern))) files.add(join(dirname(pattern), name))
      }
    }
    return files
  }

  /** Folders, as files are replaced by renaming, by editors and by Kubernetes. */
  #watch(onChange: () => void): void {
    for (const folder of new Set(this.#config.files.map((pattern) => dirname(pattern)))) {
      this.#watchers.get(folder)?.close()
      this.#watchers.delete(folder)
      try {
        const watcher = watch(folder, onChange)
        // A watch that ends, as when its folder goes, leaves the interval.
        watcher.on('error', () => watcher.close())
        this.#watchers.set(folder, watcher)
      } catch (error) {
        this.#logger.debug(
          { folder, err: error },
          'folder of targets cannot be watched, it is read at intervals',
        )
      }
    }
  }
}

const mechanism = 'file'
const settleMs = 50
