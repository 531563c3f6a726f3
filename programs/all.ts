import { fileURLToPath } from 'node:url'
import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import type { AllFlags } from '../cli/flags.ts'
import { openBucket } from '../cli/open-bucket.ts'
import { type ConfigFile, readConfigFile } from '../collector/config/config-file.ts'
import { ConfigReloader } from '../collector/config/config-reloader.ts'
import { defaultConfig } from '../collector/config/default-config.ts'
import type { Config } from '../collector/config/scrape-config.ts'
import { Retention } from '../collector/retention.ts'
import { Scraper } from '../collector/scrape/scraper.ts'
import { Storage } from '../collector/storage.ts'
import { formatDuration } from '../lib/duration.ts'
import { HttpServer } from '../lib/http/http-server.ts'
import { localUrl } from '../lib/http/listen-address.ts'
import { createWebApp, routePrefixOf } from '../lib/http/web-app.ts'
import { readWebConfig } from '../lib/http/web-config.ts'
import { runGroup } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import type { BuildInfo } from '../lib/metrics.ts'
import { selfProfileRoutes } from '../profile/self-profile-routes.ts'
import { SelfProfiler } from '../profile/self-profiler.ts'
import { createApi } from '../query/api/create-api.ts'
import { BucketProbe } from '../query/bucket-probe.ts'
import { Catalog } from '../query/catalog.ts'
import { serveUi } from '../ui/serve-ui.ts'

export interface AllOptions {
  readonly flags: AllFlags
  /** Every flag as the status page shows it. */
  readonly flagTexts: Readonly<Record<string, string>>
  readonly build: BuildInfo
  readonly logger: Logger
  readonly registry: Registry
  readonly signal: AbortSignal
  /** Once everything works; `reload` reads the config file again, and says in the log what became of it. */
  readonly onStarted: (started: Started) => void
}

export interface Started {
  readonly uiUrl: string
  readonly scraping: string
  readonly data: string
  readonly reload: () => Promise<void>
}

/** `conprof all`: scrape, store, answer and show, in one process. Resolves once everything is on disk. */
export async function runAll(options: AllOptions): Promise<void> {
  const { flags, logger, registry } = options
  // The heap sampler knows what is allocated from here on.
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
  profiler.start()
  const configFile = flags.configFile === undefined ? undefined : await readConfigFile(flags.configFile)
  const bucket = await openBucket({ ...flags, isNew: true, logger, registry })
  try {
    const storage = await Storage.open({
      path: flags.storagePath,
      bucket,
      logger: logger.child({ component: 'storage' }),
      registry,
      blockDurationMs: flags.blockDurationMs,
    })
    try {
      await runParts({ ...options, profiler, configFile, bucket, storage })
    } finally {
      // Closed already where it ran; not where something else did not start.
      await storage.close()
    }
  } finally {
    await bucket.close()
    profiler.close()
  }
}

interface Parts extends AllOptions {
  readonly profiler: SelfProfiler
  readonly configFile: ConfigFile | undefined
  readonly bucket: Bucket
  readonly storage: Storage
}

async function runParts(parts: Parts): Promise<void> {
  const { flags, logger, registry, bucket, storage } = parts
  const quit = new AbortController()
  const signal = AbortSignal.any([parts.signal, quit.signal])
  const prefix = routePrefixOf({ routePrefix: flags.webRoutePrefix, externalUrl: flags.webExternalUrl })
  const webConfig =
    flags.webConfigFile === undefined
      ? { basicAuthUsers: new Map<string, string>() }
      : await readWebConfig(flags.webConfigFile)

  const probe = new BucketProbe({ bucket, logger })
  const log = logger.child({ component: 'query' })
  const pending = () => storage.pendingBlocks()
  const catalog = new Catalog({ bucket, pending, heads: [storage], log, registry })
  const scraper = new Scraper({
    store: storage,
    log: logger.child({ component: 'collector' }),
    registry,
  })
  // Without a file the config is conprof itself, whose address is known once it listens.
  let configFile = parts.configFile
  const api = createApi({
    catalog,
    head: storage,
    pending,
    collector: () => ({ ...storage.status(), targets: scraper.targets().activeTargets.length }),
    targets: () => scraper.targets(),
    config: () => configFile?.shownYaml ?? '# no --config.file: conprof scrapes itself\n',
    flags: parts.flagTexts,
    build: { ...parts.build, nodeVersion: process.versions.node },
    log,
    registry,
    timeoutMs: flags.queryTimeoutMs,
  })
  const reloader =
    configFile === undefined
      ? undefined
      : new ConfigReloader(configFile, {
          path: flags.configFile!,
          apply: (config) => scraper.applyConfig(config),
          logger,
          registry,
        })
  const reload = async () => {
    await reloader?.reload()
    configFile = reloader?.current
  }
  const app = createWebApp({
    registry,
    logger: logger.child({ component: 'http' }),
    routePrefix: prefix,
    webConfig,
    notReady: () => probe.missing,
    lifecycle: flags.webEnableLifecycle ? { reload, quit: () => quit.abort() } : undefined,
    routes: [
      selfProfileRoutes(parts.profiler),
      api.routes() as unknown as Middleware,
      await serveUi({ prefix: `${prefix}/` }),
    ],
  })
  const server = await HttpServer.listen(app.callback(), {
    address: flags.webListenAddress,
    tls: webConfig.tls,
    logger,
  })
  const scheme = webConfig.tls === undefined ? 'http' : 'https'
  const own = localUrl(server.address, { scheme })
  const config =
    configFile?.config ?? defaultConfig({ listenAddress: server.address, routePrefix: prefix, scheme })
  scraper.applyConfig(config)
  parts.onStarted({
    uiUrl: flags.webExternalUrl ?? `${own}${prefix}`,
    scraping: describeScraping(config, flags),
    data: describeData(bucket, flags),
    reload,
  })
  const limits = {
    ...(flags.storageRetentionTimeMs > 0 ? { maxAgeMs: flags.storageRetentionTimeMs } : {}),
    ...(flags.storageRetentionSizeBytes === undefined ? {} : { maxBytes: flags.storageRetentionSizeBytes }),
  }
  const retention = new Retention({ bucket, limits, logger, registry })
  await runGroup(
    [server, storage, scraper, retention, probe].map((part) => (run) => part.run(run)),
    { signal },
  )
}

function describeScraping(config: Config, flags: AllFlags): string {
  const jobs = config.scrapeConfigs.map(({ jobName }) => jobName)
  if (flags.configFile === undefined) return 'conprof itself (--config.file says what else)'
  return `${jobs.length} job${jobs.length === 1 ? '' : 's'} of ${flags.configFile}: ${jobs.join(', ')}`
}

function describeData(bucket: Bucket, flags: AllFlags): string {
  const { storageRetentionTimeMs: keptMs } = flags
  return `${bucket.name}, ${keptMs > 0 ? `kept for ${formatDuration(keptMs)}` : 'kept for ever'}`
}
