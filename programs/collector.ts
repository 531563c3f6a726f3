import { fileURLToPath } from 'node:url'
import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import type { CollectorFlags } from '../cli/collector-flags.ts'
import { openBucket } from '../cli/open-bucket.ts'
import { Retention } from '../collector/retention.ts'
import { Storage } from '../collector/storage.ts'
import { HttpServer } from '../lib/http/http-server.ts'
import { localUrl } from '../lib/http/listen-address.ts'
import { TokenFile } from '../lib/http/token-file.ts'
import { createWebApp, routePrefixOf } from '../lib/http/web-app.ts'
import { readWebConfig } from '../lib/http/web-config.ts'
import { type Run, runGroup } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import type { BuildInfo } from '../lib/metrics.ts'
import { selfProfileRoutes } from '../profile/self-profile-routes.ts'
import { SelfProfiler } from '../profile/self-profiler.ts'
import { createApi } from '../query/api/create-api.ts'
import { Catalog } from '../query/catalog.ts'
import { createCollecting, type OpenedSource, openSource } from './collecting.ts'
import { guardsAllButProbes } from './guarded-paths.ts'
import { retentionLimits } from './retention-limits.ts'

export interface CollectorOptions {
  readonly flags: CollectorFlags
  /** Every flag as the status page shows it. */
  readonly flagTexts: Readonly<Record<string, string>>
  readonly build: BuildInfo
  readonly logger: Logger
  readonly registry: Registry
  readonly signal: AbortSignal
  /** Once it answers, which may be before it is ready; `reload` reads the config file again. */
  readonly onStarted: (started: {
    readonly url: string
    readonly scraping: string
    readonly data: string
    readonly reload: () => Promise<void>
  }) => void
}

/** `conprof collector`: scrape, store, give away what the bucket does not have yet. */
export async function runCollector(options: CollectorOptions): Promise<void> {
  const { flags, logger, registry } = options
  // The heap sampler knows what is allocated from here on.
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
  profiler.start()
  const source = await openSource(flags, registry)
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
      await runParts({ ...options, profiler, source, bucket, storage })
    } finally {
      // Closed already where it ran; not where something else did not start.
      await storage.close()
    }
  } finally {
    await bucket.close()
    profiler.close()
  }
}

interface Parts extends CollectorOptions {
  readonly profiler: SelfProfiler
  readonly source: OpenedSource
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
  const file =
    flags.webTokenFile === undefined ? undefined : await TokenFile.open(flags.webTokenFile, { logger })

  const collecting = createCollecting(parts.source, { flags, storage, logger, registry })
  const log = logger.child({ component: 'query' })
  const pending = () => storage.pendingBlocks()
  const api = createApi({
    // What is in the bucket is for query to answer.
    catalog: new Catalog({ pending, heads: [storage], log, registry }),
    head: storage,
    pending,
    collector: () => ({ ...storage.status(), targets: collecting.scraper.loops().length }),
    targets: () => collecting.scraper.targets(),
    scrapes: () => collecting.scrapes(),
    config: () => collecting.shownConfig() ?? '',
    flags: parts.flagTexts,
    build: { ...parts.build, nodeVersion: process.versions.node },
    log,
    registry,
    timeoutMs: flags.queryTimeoutMs,
  })
  const app = createWebApp({
    registry,
    logger: logger.child({ component: 'http' }),
    routePrefix: prefix,
    webConfig,
    token: file === undefined ? undefined : { file, guards: guardsAllButProbes },
    notReady: () => collecting.missing(),
    unhealthy: () => collecting.wrong(),
    lifecycle: flags.webEnableLifecycle
      ? { reload: () => collecting.reload(), quit: () => quit.abort() }
      : undefined,
    routes: [selfProfileRoutes(parts.profiler), api.routes() as unknown as Middleware],
  })
  const server = await HttpServer.listen(app.callback(), {
    address: flags.webListenAddress,
    tls: webConfig.tls,
    logger,
  })
  const own = localUrl(server.address, { scheme: webConfig.tls === undefined ? 'http' : 'https' })
  parts.onStarted({
    url: `${own}${prefix}`,
    scraping: collecting.describes,
    data: bucket.name,
    reload: () => collecting.reload(),
  })
  // One is enough for a bucket that all collectors share.
  const isKeeper = (flags.collectorOrdinal ?? 0) === 0
  const retention = new Retention({ bucket, limits: retentionLimits(flags), logger, registry })
  const parallel = [server, storage, ...(isKeeper ? [retention] : [])].map(
    (part): Run =>
      (run) =>
        part.run(run),
  )
  await runGroup([...parallel, ...collecting.parts], { signal })
}
