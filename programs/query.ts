import { fileURLToPath } from 'node:url'
import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import { type AdminFlag, adminAccess, adminFlagText } from '../cli/admin-flag.ts'
import type { AnswerFlags } from '../cli/answer-flags.ts'
import type { CacheFlags } from '../cli/cache-flags.ts'
import type { LogFlags, WebFlags } from '../cli/flags.ts'
import { openBuckets } from '../cli/open-bucket.ts'
import { runGroup } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import type { BuildInfo } from '../lib/metrics.ts'
import { selfProfileRoutes } from '../profile/self-profile-routes.ts'
import { SelfProfiler } from '../profile/self-profiler.ts'
import { createApi } from '../query/api/create-api.ts'
import { BucketProbe } from '../query/bucket-probe.ts'
import { CaptureDesk } from '../query/capture/capture-desk.ts'
import { Catalog } from '../query/catalog.ts'
import { Collectors } from '../query/collectors/collectors.ts'
import type { CollectorsFlag } from '../query/collectors/collectors-flag.ts'
import { serveUi } from '../ui/serve-ui.ts'
import { createAnswering } from './answering.ts'
import { openCache } from './caching.ts'
import { guardsInternals } from './guarded-paths.ts'
import { createPinStore } from './pinning.ts'
import { readWeb, serveWeb } from './web.ts'

export interface QueryFlags extends WebFlags, LogFlags, AnswerFlags, CacheFlags, AdminFlag {
  readonly objstoreConfigFiles: readonly string[]
  /** Its `bucket/` is read, without `objstoreConfigFiles`. */
  readonly storagePath: string
  readonly collectors: readonly CollectorsFlag[]
  /** `address:port` each. */
  readonly dnsServers?: readonly string[]
  readonly webTokenFile?: string
  readonly queryTimeoutMs: number
}

export interface QueryOptions {
  readonly flags: QueryFlags
  /** Every flag as the status page shows it. */
  readonly flagTexts: Readonly<Record<string, string>>
  readonly build: BuildInfo
  readonly logger: Logger
  readonly registry: Registry
  readonly signal: AbortSignal
  /** Once it answers, which may be before it is ready. */
  readonly onStarted: (started: {
    readonly uiUrl: string
    readonly collectors: string
    readonly data: string
  }) => void
}

/** `conprof query`: answers from the bucket and from collectors' heads. Keeps nothing that it could not read again. */
export async function runQuery(options: QueryOptions): Promise<void> {
  const { flags, logger, registry } = options
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
  profiler.start()
  const buckets = await openBuckets({ ...flags, isNew: false, logger, registry })
  try {
    await runParts(options, { profiler, buckets })
  } finally {
    await Promise.all(buckets.map((bucket) => bucket.close()))
    profiler.close()
  }
}

async function runParts(
  options: QueryOptions,
  { profiler, buckets }: { readonly profiler: SelfProfiler; readonly buckets: readonly Bucket[] },
): Promise<void> {
  const { flags, logger, registry } = options
  const quit = new AbortController()
  const web = await readWeb(flags, { logger })
  const { tokenFile } = web
  const log = logger.child({ component: 'query' })
  const probes = buckets.map((bucket) => new BucketProbe({ bucket, logger }))
  // Of several, one that is away must not take the others along.
  const noBucket = () =>
    probes.every(({ missing }) => missing !== undefined) ? probes[0]?.missing : undefined
  const cache = await openCache(flags, { buckets, log, registry })
  const collectors = new Collectors({
    flags: flags.collectors,
    ...(flags.dnsServers === undefined ? {} : { servers: flags.dnsServers }),
    ...(tokenFile === undefined ? {} : { authorization: () => tokenFile.authorization() }),
    patienceMs: Math.min(maxPatienceMs, Math.ceil(flags.queryTimeoutMs / 3)),
    log,
    registry,
  })
  const admin = adminAccess(flags)
  const answering = createAnswering(flags, { registry })
  const catalog = new Catalog({ bucket: buckets, cache, heads: collectors.heads, log, registry })
  const api = createApi({
    ...answering,
    catalog,
    collectors,
    captures: new CaptureDesk({
      targets: (options) => collectors.targets(options),
      sources: () => collectors.captureSources(),
      catalog,
      registry,
    }),
    admin,
    pins: createPinStore(buckets),
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
    notReady: () => noBucket() ?? collectors.missing,
    // There is no config to read again; a reload that does nothing is no error.
    reload: () => Promise.resolve(),
    quit: () => quit.abort(),
    routes: [
      selfProfileRoutes(profiler),
      api.routes() as unknown as Middleware,
      await serveUi({ prefix: `${web.prefix}/` }),
    ],
  })
  options.onStarted({
    uiUrl: flags.webExternalUrl ?? url,
    collectors: flags.collectors.map(({ text }) => text).join(', ') || 'none (--collectors names them)',
    data: buckets.map(({ name }) => name).join(', '),
  })
  try {
    await runGroup(
      [server, collectors, ...probes].map((part) => (run) => part.run(run)),
      { signal: AbortSignal.any([options.signal, quit.signal]) },
    )
  } finally {
    await answering.merges.close()
    await collectors.close()
    await cache?.close()
  }
}

/** A collector that takes longer for its head is left out of the answer, with a warning. */
const maxPatienceMs = 5000
