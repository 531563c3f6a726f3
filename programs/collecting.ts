import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { KubernetesRelease, SourceFlags } from '../cli/source-flags.ts'
import { Captures } from '../collector/capture/captures.ts'
import { type ConfigFile, readConfigFile } from '../collector/config/config-file.ts'
import { ConfigReloader } from '../collector/config/config-reloader.ts'
import type { Config } from '../collector/config/scrape-config.ts'
import { ScrapeConfigSource } from '../collector/kubernetes/scrape-config-source.ts'
import { FreezeGuard } from '../collector/scrape/freeze-guard.ts'
import { Scraper } from '../collector/scrape/scraper.ts'
import { summarizeScrapes } from '../collector/scrape/summarize-scrapes.ts'
import type { Storage } from '../collector/storage.ts'
import { createKubeClient } from '../lib/kube/create-kube-client.ts'
import type { KubeClient } from '../lib/kube/kube-client.ts'
import type { Run } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import { type Labels, sortLabels } from '../profile/labels.ts'
import type { ApiOptions } from '../query/api/create-api.ts'

/** A scraper and what tells it what to scrape. */
export interface Collecting {
  readonly scraper: Scraper
  readonly captures: Captures
  /** What still lacks for scraping to begin. */
  missing(): string | undefined
  /** What only a restart may mend. */
  wrong(): string | undefined
  /** In one clause, for people. */
  readonly describes: string
  /** Secrets hidden; undefined where it is what the program chose itself. */
  shownConfig(): string | undefined
  /** Rejects with what is wrong with the file; the old config goes on. */
  reload(): Promise<void>
  /** What the API tells of it, and gives away. */
  readonly api: Required<Pick<ApiOptions, 'head' | 'pending' | 'collector' | 'targets' | 'scrapes'>>
  readonly parts: readonly Run[]
}

/** What is read before anything else starts, so that a wrong flag or file ends the program at once. */
export type OpenedSource =
  | { readonly kind: 'file'; readonly path: string; readonly file: ConfigFile }
  | {
      readonly kind: 'kubernetes'
      readonly release: KubernetesRelease
      readonly client: KubeClient
    }
  | { readonly kind: 'none' }

export async function openSource(flags: SourceFlags, registry: Registry): Promise<OpenedSource> {
  const { configFile: path, configKubernetes: release, kubeconfig } = flags
  if (path !== undefined) return { kind: 'file', path, file: await readConfigFile(path) }
  if (release === undefined) return { kind: 'none' }
  const client = await createKubeClient({ kubeconfig, registry, userAgent: 'conprof-collector' })
  return { kind: 'kubernetes', release, client }
}

export interface CollectingOptions {
  readonly flags: SourceFlags & { readonly storagePath: string }
  readonly storage: Storage
  readonly logger: Logger
  readonly registry: Registry
}

/** Scrapes once its `parts` run. */
export function createCollecting(source: OpenedSource, options: CollectingOptions): Collecting {
  const { flags, storage, registry } = options
  const logger = options.logger.child({ component: 'collector' })
  let objects: ScrapeConfigSource | undefined
  const guard = new FreezeGuard({
    maxGapMs: flags.maxGapMs,
    reread: source.kind === 'kubernetes' ? (run) => objects!.reread(run) : undefined,
    logger,
    registry,
  })
  const scraper = new Scraper({ store: storage, log: logger, registry, gate: guard })
  const captures = new Captures({ scraper, log: logger, registry })
  const ordinal = flags.collectorOrdinal ?? 0
  const common = {
    scraper,
    captures,
    wrong: () => objects?.wrong,
    api: {
      head: storage,
      pending: () => storage.pendingBlocks(),
      collector: () => ({ ...storage.status(), targets: scraper.loops().length }),
      targets: () => scraper.targets(),
      scrapes: () => ({
        ordinal,
        configEpoch: objects?.epoch ?? 0,
        ...summarizeScrapes(scraper.loops()),
      }),
    },
  }
  const ownParts: Run[] = [scraper, guard, captures].map((part) => (run) => part.run(run))
  if (source.kind === 'kubernetes') {
    const { client, release } = source
    const { namespace } = release
    const followed = new ScrapeConfigSource({
      client,
      ...release,
      ordinal,
      externalLabels: flags.externalLabels,
      directory: join(flags.storagePath, 'config'),
      apply: (jobs) => scraper.applyTargets(jobs),
      logger,
      registry,
    })
    objects = followed
    return {
      ...common,
      missing: () => followed.missing,
      describes: `shard ${ordinal} of ${namespace}/${release.release}, from ${client.server}`,
      shownConfig: () => followed.shownYaml(),
      // It is followed anyway.
      reload: () => Promise.resolve(),
      parts: [...ownParts, (run) => followed.run(run).finally(() => client.close())],
    }
  }
  if (source.kind === 'none') {
    return {
      ...common,
      missing: () => undefined,
      describes: 'conprof itself (--config.file says what else)',
      shownConfig: () => undefined,
      reload: () => Promise.resolve(),
      parts: ownParts,
    }
  }
  const apply = (config: Config) => scraper.applyConfig(withLabels(config, flags.externalLabels))
  const reloader = new ConfigReloader(source.file, { path: source.path, apply, logger, registry })
  apply(source.file.config)
  const jobs = source.file.config.scrapeConfigs.map(({ jobName }) => jobName)
  return {
    ...common,
    missing: () => undefined,
    describes: `${jobs.length} job${jobs.length === 1 ? '' : 's'} of ${source.path}: ${jobs.join(', ')}`,
    shownConfig: () => reloader.current.shownYaml,
    reload: () => reloader.reload(),
    parts: ownParts,
  }
}

/** The file's own win. */
function withLabels(config: Config, labels: Labels): Config {
  return { ...config, externalLabels: sortLabels(Object.entries({ ...labels, ...config.externalLabels })) }
}
