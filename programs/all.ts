import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import { adminAccess, adminFlagText, orderAccess } from '../cli/admin-flag.ts'
import type { AnswerFlags } from '../cli/answer-flags.ts'
import type { CacheFlags } from '../cli/cache-flags.ts'
import type { CollectorFlags } from '../cli/collector-flags.ts'
import type { CompactFlags } from '../cli/compact-flags.ts'
import type { RetentionFlags } from '../cli/retention-flags.ts'
import { defaultConfig } from '../collector/config/default-config.ts'
import { formatDuration } from '../lib/duration.ts'
import { type Run, runGroup } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import type { BuildInfo } from '../lib/metrics.ts'
import { selfProfileRoutes } from '../profile/self-profile-routes.ts'
import { createApi } from '../query/api/create-api.ts'
import { BucketProbe } from '../query/bucket-probe.ts'
import { CaptureDesk } from '../query/capture/capture-desk.ts'
import { localCaptureSource } from '../query/capture/capture-source.ts'
import { Catalog } from '../query/catalog.ts'
import { serveUi } from '../ui/serve-ui.ts'
import { createAnswering } from './answering.ts'
import { openCache } from './caching.ts'
import { createCollecting } from './collecting.ts'
import { compactsWhereOwned, createCompactor } from './compacting.ts'
import { guardsInternals } from './guarded-paths.ts'
import { createPinStore } from './pinning.ts'
import { type Storing, withStorage } from './storing.ts'
import { readWeb, serveWeb } from './web.ts'

export interface AllOptions {
  readonly flags: CollectorFlags & RetentionFlags & CompactFlags & AnswerFlags & CacheFlags
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
  await withStorage(options, (storing) => runParts(options, storing))
}

async function runParts(options: AllOptions, { profiler, source, bucket, storage }: Storing): Promise<void> {
  const { flags, logger, registry } = options
  const quit = new AbortController()
  const web = await readWeb(flags, { logger })
  const compactor = await createCompactor({ flags, bucket, logger, registry })
  const probe = new BucketProbe({ bucket, logger })
  const log = logger.child({ component: 'query' })
  const pending = () => storage.pendingBlocks()
  const cache = await openCache(flags, { buckets: [bucket], log, registry })
  const catalog = new Catalog({ bucket, cache, pending, heads: [storage], log, registry })
  const collecting = createCollecting(source, { flags, storage, logger, registry })
  const admin = adminAccess(flags)
  const answering = createAnswering(flags, { registry })
  const api = createApi({
    ...answering,
    catalog,
    ...collecting.api,
    captures: new CaptureDesk({
      targets: async () => ({ targets: collecting.api.targets(), warnings: [] }),
      sources: () => [localCaptureSource(collecting.captures)],
      catalog,
      registry,
    }),
    captureOrders: { orders: collecting.captures, access: orderAccess(flags) },
    config: () => collecting.shownConfig() ?? '# no --config.file: conprof scrapes itself\n',
    admin,
    pins: createPinStore([bucket]),
    flags: { ...options.flagTexts, ...adminFlagText(admin) },
    build: { ...options.build, nodeVersion: process.versions.node },
    log,
    registry,
    timeoutMs: flags.queryTimeoutMs,
  })
  const { server, url } = await serveWeb(web, {
    logger,
    registry,
    guards: guardsInternals,
    notReady: () => probe.missing ?? collecting.missing(),
    unhealthy: () => collecting.wrong(),
    reload: () => collecting.reload(),
    quit: () => quit.abort(),
    routes: [
      selfProfileRoutes(profiler),
      api.routes() as unknown as Middleware,
      await serveUi({ prefix: `${web.prefix}/` }),
    ],
  })
  // Only now the address is known.
  if (source.kind === 'none') {
    const { webTokenFile: tokenFile } = flags
    const own = { listenAddress: server.address, routePrefix: web.prefix, scheme: web.scheme }
    const config = defaultConfig({ ...own, ...(tokenFile !== undefined && { tokenFile }) })
    collecting.scraper.applyConfig({ ...config, externalLabels: flags.externalLabels })
  }
  options.onStarted({
    uiUrl: flags.webExternalUrl ?? url,
    scraping: collecting.describes,
    data: describeData(bucket, flags),
    reload: () => collecting.reload(),
  })
  const parts = [server, storage, probe].map(
    (part): Run =>
      (run) =>
        part.run(run),
  )
  try {
    await runGroup([...parts, compactsWhereOwned(compactor, { logger }), ...collecting.parts], {
      signal: AbortSignal.any([options.signal, quit.signal]),
    })
  } finally {
    await answering.merges.close()
    await cache?.close()
  }
}

function describeData(bucket: Bucket, flags: RetentionFlags): string {
  const { storageRetentionTimeMs: keptMs } = flags
  return `${bucket.name}, ${keptMs > 0 ? `kept for ${formatDuration(keptMs)}` : 'kept for ever'}`
}
