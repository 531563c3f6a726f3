import type { Middleware } from 'koa'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Logger } from '../log.ts'

/** Metrics by route template and a line at debug for every request; an error nobody caught becomes a bare 500. */
export function observeRequests(options: {
  readonly registry: Registry
  readonly logger: Logger
}): Middleware {
  const { registry, logger } = options
  const duration = new Histogram({
    name: 'conprof_http_request_duration_seconds',
    help: 'Time from request to the end of the answer.',
    labelNames: ['handler', 'method', 'code'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  })
  const sent = new Counter({
    name: 'conprof_http_response_bytes_total',
    help: 'Bytes of answers whose length was known beforehand.',
    labelNames: ['handler'],
    registers: [registry],
  })
  const inFlight = new Gauge({
    name: 'conprof_http_requests_in_flight',
    help: 'Requests being answered.',
    registers: [registry],
  })
  return async (ctx, next) => {
    const startMs = performance.now()
    inFlight.inc()
    ctx.res.once('close', () => {
      inFlight.dec()
      const seconds = (performance.now() - startMs) / 1000
      const handler = routeOf(ctx)
      const method = knownMethods.has(ctx.method) ? ctx.method : 'other'
      duration.observe({ handler, method, code: ctx.status }, seconds)
      sent.inc({ handler }, ctx.length ?? 0)
      logger.debug({ method, url: ctx.originalUrl, status: ctx.status, seconds }, 'request')
    })
    try {
      await next()
    } catch (error) {
      const { status = 500, expose = false, message } = error as Error & { status?: number; expose?: boolean }
      if (status >= 500) logger.error({ err: error, url: ctx.originalUrl }, 'answer request')
      ctx.status = status
      ctx.body = expose ? `${message}\n` : 'internal error, see the log\n'
    }
  }
}

/** Never the path itself: a scanner would make a series of every guess. */
function routeOf(ctx: object): string {
  const { _matchedRoute: route, state } = ctx as { _matchedRoute?: unknown; state?: { route?: unknown } }
  return String(route ?? state?.route ?? 'other')
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
