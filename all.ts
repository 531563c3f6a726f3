import { fileURLToPath } from 'node:url'
import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { AllFlags } from './cli/flags.ts'
import { openBucket } from './cli/open-bucket.ts'
import { Retention } from './collector/retention.ts'
import { Storage } from './collector/storage.ts'
import { HttpServer } from './lib/http/http-server.ts'
import { type ListenAddress, localUrl } from './lib/http/listen-address.ts'
import { createWebApp, routePrefixOf } from './lib/http/web-app.ts'
import { readWebConfig, type WebConfig } from './lib/http/web-config.ts'
import { runGroup } from './lib/lifecycle/run-group.ts'
import type { Logger } from './lib/log.ts'
import type { BuildInfo } from './lib/metrics.ts'
import { selfProfileRoutes } from './profile/self-profile-routes.ts'
import { SelfProfiler } from './profile/self-profiler.ts'
import { createApi } from './query/api/create-api.ts'
import { Catalog } from './query/catalog.ts'
import { serveUi } from './ui/serve-ui.ts'

export interface AllOptions {
  readonly flags: AllFlags
  /** Every flag as the status page shows it. */
  readonly flagTexts: Readonly<Record<string, string>>
  readonly build: BuildInfo
  readonly logger: Logger
  readonly registry: Registry
  readonly signal: AbortSignal
  readonly onStarted: (started: Started) => void
}

export interface Started {
  readonly uiUrl: string
  readonly scraping: string
  readonly data: string
}

/** `conprof all`: scrape, store, answer and show, in one process. Resolves once everything is on disk. */
export async function runAll(options: AllOptions): Promise<void> {
  const { flags, logger, registry } = options
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const prefix = routePrefixOf({ routePrefix: flags.webRoutePrefix, externalUrl: flags.webExternalUrl })
  const webConfig = await readWebConfigOf(flags)
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('./', import.meta.url)) })
  profiler.start()

  const bucket = await openBucket({ ...flags, isNew: true })
  const storage = await Storage.open({
    path: flags.storagePath,
    bucket,
    logger: logger.child({ component: 'storage' }),
    registry,
    blockDurationMs: flags.blockDurationMs,
  })
  const catalog = new Catalog({
    bucket,
    pending: () => storage.pendingBlocks(),
    heads: [storage],
    log: logger.child({ component: 'query' }),
    registry,
  })
  const api = createApi({
    catalog,
    head: storage,
    flags: options.flagTexts,
    build: { ...options.build, nodeVersion: process.versions.node },
    log: logger.child({ component: 'query' }),
    registry,
    timeoutMs: flags.queryTimeoutMs,
  })
  const app = createWebApp({
    registry,
    logger: logger.child({ component: 'http' }),
    routePrefix: prefix,
    webConfig,
    notReady: () => undefined,
    lifecycle: flags.webEnableLifecycle ? { reload: async () => {}, quit: () => stop.abort() } : undefined,
    routes: [
      selfProfileRoutes(profiler),
      api.routes() as unknown as Middleware,
      await serveUi({ prefix: `${prefix}/` }),
    ],
  })
  const server = await HttpServer.listen(app.callback(), {
    address: flags.webListenAddress,
    tls: webConfig.tls,
    logger,
  })
  options.onStarted({
    uiUrl: browserUrl(flags, server.address, webConfig, prefix),
    scraping: '',
    data: bucket.name,
  })
  const retention = new Retention({ bucket, limits: {}, logger, registry })
  await runGroup([(run) => server.run(run), (run) => storage.run(run), (run) => retention.run(run)], {
    signal,
  })
  await bucket.close()
  profiler.close()
}

async function readWebConfigOf(flags: AllFlags): Promise<WebConfig> {
  if (flags.webConfigFile === undefined) return { basicAuthUsers: new Map() }
  return readWebConfig(flags.webConfigFile)
}

function browserUrl(flags: AllFlags, address: ListenAddress, web: WebConfig, prefix: string): string {
  if (flags.webExternalUrl !== undefined) return flags.webExternalUrl
  return `${localUrl(address, { scheme: web.tls === undefined ? 'http' : 'https' })}${prefix}`
}
