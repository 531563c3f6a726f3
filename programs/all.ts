import { fileURLToPath } from 'node:url'
import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import type { CollectorFlags } from '../cli/collector-flags.ts'
import { openBucket } from '../cli/open-bucket.ts'
import { defaultConfig } from '../collector/config/default-config.ts'
import { Retention } from '../collector/retention.ts'
import { Storage } from '../collector/storage.ts'
import { formatDuration } from '../lib/duration.ts'
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
import { BucketProbe } from '../query/bucket-probe.ts'
import { Catalog } from '../query/catalog.ts'
import { serveUi } from '../ui/serve-ui.ts'
import { createCollecting, type OpenedSource, openSource } from './collecting.ts'
import { guardsInternals } from './guarded-paths.ts'
import { retentionLimits } from './retention-limits.ts'

export interface AllOptions {
  readonly flags: CollectorFlags
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

interface Parts extends AllOptions {
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

  const probe = new BucketProbe({ bucket, logger })
  const log = logger.child({ component: 'query' })
  const pending = () => storage.pendingBlocks()
  const catalog = new Catalog({ bucket, pending, heads: [storage], log, registry })
  const collecting = createCollecting(parts.source, { flags, storage, logger, registry })
  const { scraper } = collecting
  const api = createApi({
    catalog,
    head: storage,
    pending,
    collector: () => ({ ...storage.status(), targets: scraper.loops().length }),
    targets: () => scraper.targets(),
    scrapes: () => collecting.scrapes(),
    config: () => collecting.shownConfig() ?? '# no --config.file: conprof scrapes itself\n',
    flags: parts.flagTexts,
    build: { ...parts.build, nodeVersion: process.versions.node },
    log,
    registry,
    timeoutMs: flags.queryTimeoutMs,
  })
  const reload = () => collecting.reload()
  const app = createWebApp({
    registry,
    logger: logger.child({ component: 'http' }),
    routePrefix: prefix,
    webConfig,
    token: file === undefined ? undefined : { file, guards: guardsInternals },
    notReady: () => probe.missing ?? collecting.missing(),
    unhealthy: () => collecting.wrong(),
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
  // Only now the address is known.
  if (parts.source.kind === 'none') {
    const { webTokenFile: tokenFile } = flags
    const ownServer = { listenAddress: server.address, routePrefix: prefix, scheme } as const
    const config = defaultConfig({ ...ownServer, ...(tokenFile !== undefined && { tokenFile }) })
    scraper.applyConfig({ ...config, externalLabels: flags.externalLabels })
  }
  parts.onStarted({
    uiUrl: flags.webExternalUrl ?? `${own}${prefix}`,
    scraping: collecting.describes,
    data: describeData(bucket, flags),
    reload,
  })
  const retention = new Retention({ bucket, limits: retentionLimits(flags), logger, registry })
  const parallel = [server, storage, retention, probe].map(
    (part): Run =>
      (run) =>
        part.run(run),
  )
  await runGroup([...parallel, ...collecting.parts], { signal })
}

function describeData(bucket: Bucket, flags: CollectorFlags): string {
  const { storageRetentionTimeMs: keptMs } = flags
  return `${bucket.name}, ${keptMs > 0 ? `kept for ${formatDuration(keptMs)}` : 'kept for ever'}`
}
