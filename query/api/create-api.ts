import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'
import { SelectorError } from '../../profile/selector.ts'
import { AnswerScope } from '../answer-scope.ts'
import { isTimeout } from '../cancel.ts'
import type { CaptureDesk } from '../capture/capture-desk.ts'
import type { CaptureOrders } from '../capture/capture-source.ts'
import type { Catalog } from '../catalog.ts'
import { grafanaRoutes } from '../grafana/grafana-routes.ts'
import { sendThrown } from '../grafana/send-connect-error.ts'
import type { HeadSource } from '../head-source.ts'
import type { MergeWorkers } from '../merge-workers/merge-workers.ts'
import { Overviews } from '../overviews.ts'
import type { PendingFile } from '../pending-files.ts'
import type { QueryLimits } from '../query-limits.ts'
import { type AdminAccess, guarded } from './admin-guard.ts'
import { ApiError, isPartial, sendError } from './answer.ts'
import { compressAnswer } from './compress-answer.ts'
import type { PinStore } from './pin-store.ts'
import { QueryTurns } from './query-turns.ts'
import { apiRoutes } from './routes.ts'
import type {
  BuildInfoAnswer,
  CollectorStatusAnswer,
  CollectorsAnswer,
  ErrorType,
  FlagsAnswer,
  ScrapesAnswer,
  TargetsAnswer,
} from './types.ts'

export interface ApiOptions {
  readonly catalog: Catalog
  /** What this process scrapes; absent where it does not. */
  readonly targets?: () => TargetsAnswer
  /** The same in few words; absent where it does not. */
  readonly scrapes?: () => ScrapesAnswer
  /** What this process says of itself as a collector; absent where it is none. */
  readonly collector?: () => Omit<CollectorStatusAnswer, 'version'>
  /** The collectors whose heads this process reads; absent where it reads no others'. */
  readonly collectors?: CollectorsView
  /** What `/api/v1/head` gives away; absent where this process has none. */
  readonly head?: HeadSource
  /** What `/api/v1/blocks/pending` gives away; absent where this process cuts no blocks. */
  readonly pending?: () => readonly PendingFile[]
  /** Who lets collectors take profiles now; absent where there are none to ask. */
  readonly captures?: CaptureDesk
  /** What others may have this process take; absent where it scrapes nothing. */
  readonly captureOrders?: { readonly orders: CaptureOrders; readonly access: AdminAccess }
  /** The configuration as it was loaded, secrets hidden. */
  readonly config?: () => string
  readonly flags: FlagsAnswer
  /** What retention leaves alone; absent where there is no bucket to keep it in. */
  readonly pins?: PinStore
  /** Whose requests may write; nobody's without it. */
  readonly admin?: AdminAccess
  readonly build: BuildInfoAnswer
  readonly log: Logger
  readonly registry: Registry
  /** After this a query answers what it has by then; 2 minutes without it. */
  readonly timeoutMs?: number
  /** What one answer may take; without it as much as it needs. */
  readonly limits?: QueryLimits
  /** So many queries are answered at a time, others wait in order; 10 without it. */
  readonly maxConcurrent?: number
  /** Where merges are done; in this thread without it. */
  readonly merges?: MergeWorkers
}

export interface CollectorsView {
  readonly targets: (options: {
    readonly signal: AbortSignal
  }) => Promise<{ readonly targets: TargetsAnswer; readonly warnings: readonly string[] }>
  readonly status: () => CollectorsAnswer
}

/** What a route gets to work with. */
export interface RouteRequest {
  readonly options: ApiOptions
  readonly overviews: Overviews
  /** Aborts when the client goes away, and with a TimeoutError when time is up. */
  readonly signal: AbortSignal
}

export type Route = (ctx: Context, request: RouteRequest) => Promise<void> | void

/** The routes of /api/v1, and those for Grafana beside it, to be mounted in a Koa app. */
export function createApi(options: ApiOptions): Router {
  const { registry, log } = options
  const requests = new Counter({
    name: 'conprof_query_requests_total',
    help: 'API requests by route and status.',
    labelNames: ['route', 'code'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'conprof_query_request_duration_seconds',
    help: 'How long API requests took.',
    labelNames: ['route'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  })

  const bucketRequests = new Histogram({
    name: 'conprof_query_bucket_requests',
    help: 'Requests to buckets that API requests took: listings and ranges of blocks, without the repeated ones.',
    labelNames: ['route'],
    buckets: [0, 1, 2, 5, 10, 20, 50, 100, 500, 2000],
    registers: [registry],
  })

  const partial = new Counter({
    name: 'conprof_query_partial_answers_total',
    help: 'Answers that carried a warning that something is missing from them.',
    labelNames: ['route'],
    registers: [registry],
  })

  const overviews = new Overviews(options.catalog)
  const handle =
    (name: string, route: Route, send: typeof sendThrown = sendApiError): Middleware =>
    async (ctx) => {
      const stop = seconds.startTimer({ route: name })
      const gone = new AbortController()
      const onClose = () => gone.abort(new ApiError('canceled', 'the client went away'))
      ctx.res.once('close', onClose)
      const signal = AbortSignal.any([
        gone.signal,
        AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs),
      ])
      const scope = new AnswerScope()
      const forget = forgetting(ctx)
      try {
        await scope.run(async () => route(ctx, { options, overviews, signal }), forget)
      } catch (error) {
        // Whatever failed because of the abort is shown as the abort; what already says more stays.
        const isExplained = error instanceof ApiError || error instanceof SelectorError
        const cause = signal.aborted && !isExplained ? signal.reason : error
        const shown = isTimeout(cause)
          ? new ApiError('timeout', `${name}: not done in time`, { cause })
          : cause
        const code = send(ctx, shown, name)
        if (code === 'internal')
          log.error({ err: error, route: name }, `answer ${ctx.path}: ${String(error)}`)
      } finally {
        await compressAnswer(ctx)
        ctx.res.off('close', onClose)
        stop()
        bucketRequests.observe({ route: name }, scope.requests)
        requests.inc({ route: name, code: ctx.status })
        if (isPartial(ctx)) partial.inc({ route: name })
      }
    }

  const router = new Router()
  const turns = new QueryTurns({ maxConcurrent: options.maxConcurrent ?? 10, registry })
  const admin = options.admin ?? { allows: 'nobody' }
  for (const { method, path, answer, isQuery = false, isWrite = false } of apiRoutes) {
    // From the start, so that the first partial answer is an increase.
    partial.inc({ route: path }, 0)
    const allowed = isWrite ? guarded(admin, answer) : answer
    router[method](`/api/v1${path}`, handle(path, isQuery ? turns.limit(allowed) : allowed))
  }
  router.all('/api/v1/{*rest}', handle('other', notFound))
  for (const { method, path, answer } of grafanaRoutes()) {
    partial.inc({ route: path }, 0)
    router[method](path, handle(path, turns.limit(answer), sendThrown))
  }
  return router
}

/** Takes back the headers that a route has set since; body and status are set by the next answer, whichever it is. */
function forgetting(ctx: Context): () => void {
  const before = new Set(Object.keys(ctx.response.headers))
  return () => {
    for (const name of Object.keys(ctx.response.headers)) if (!before.has(name)) ctx.remove(name)
  }
}

const defaultTimeoutMs = 2 * 60 * 1000

function notFound(ctx: Context): void {
  throw new ApiError('not_found', `${ctx.method} ${ctx.path}: no such route`)
}

function sendApiError(ctx: Context, error: unknown, route: string): ErrorType {
  return sendError(ctx, error, { asText: wantsText(ctx, route) })
}

/** Errors of downloads are read by `go tool pprof`. */
function wantsText(ctx: Context, route: string): boolean {
  const format = new URLSearchParams(ctx.querystring).get('format')
  return (
    route === '/pgo' ||
    (route === '/profile' && (format === null || format === 'pprof' || format === 'collapsed'))
  )
}
