import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import { orderAccess } from '../cli/admin-flag.ts'
import type { CollectorFlags } from '../cli/collector-flags.ts'
import { type Run, runGroup } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import type { BuildInfo } from '../lib/metrics.ts'
import { selfProfileRoutes } from '../profile/self-profile-routes.ts'
import { createApi } from '../query/api/create-api.ts'
import { Catalog } from '../query/catalog.ts'
import { createCollecting } from './collecting.ts'
import { guardsAllButProbes } from './guarded-paths.ts'
import { type Storing, withStorage } from './storing.ts'
import { readWeb, serveWeb } from './web.ts'

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

/** Well within the time that Kubernetes gives a pod to end (the chart: 60 s). */
const lastUploadMs = 15_000

/** `conprof collector`: scrape, store, give away what the bucket does not have yet. */
export async function runCollector(options: CollectorOptions): Promise<void> {
  await withStorage({ ...options, lastUploadMs }, (storing) => runParts(options, storing))
}

async function runParts(
  options: CollectorOptions,
  { profiler, source, bucket, storage }: Storing,
): Promise<void> {
  const { flags, logger, registry } = options
  const quit = new AbortController()
  const web = await readWeb(flags, { logger })
  const collecting = createCollecting(source, { flags, storage, logger, registry })
  const log = logger.child({ component: 'query' })
  const api = createApi({
    // What is in the bucket is for query to answer.
    catalog: new Catalog({ pending: () => storage.pendingBlocks(), heads: [storage], log, registry }),
    ...collecting.api,
    captureOrders: { orders: collecting.captures, access: orderAccess(flags) },
    config: () => collecting.shownConfig() ?? '',
    flags: options.flagTexts,
    build: { ...options.build, nodeVersion: process.versions.node },
    log,
    registry,
    timeoutMs: flags.queryTimeoutMs,
  })
  const { server, url } = await serveWeb(web, {
    logger,
    registry,
    guards: guardsAllButProbes,
    notReady: () => collecting.missing(),
    unhealthy: () => collecting.wrong(),
    reload: () => collecting.reload(),
    quit: () => quit.abort(),
    routes: [selfProfileRoutes(profiler), api.routes() as unknown as Middleware],
  })
  options.onStarted({
    url,
    scraping: collecting.describes,
    data: bucket.name,
    reload: () => collecting.reload(),
  })
  await runGroup(
    [
      ...[server, storage].map(
        (part): Run =>
          (run) =>
            part.run(run),
      ),
      ...collecting.parts,
    ],
    {
      signal: AbortSignal.any([options.signal, quit.signal]),
    },
  )
}
