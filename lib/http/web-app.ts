import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { basicAuth } from './basic-auth.ts'
import { bearerToken, type TokenGuard } from './bearer-token.ts'
import { checkClientCertificate } from './client-certificate.ts'
import { observeRequests } from './observe-requests.ts'
import type { WebConfig } from './web-config.ts'

export interface WebAppOptions {
  readonly registry: Registry
  readonly logger: Logger
  /** Before every path: `` or `/conprof`. Paths outside it lead there. */
  readonly routePrefix: string
  readonly webConfig: WebConfig
  /** Present with `--web.token-file`. */
  readonly token?: TokenGuard | undefined
  /** What is still missing, in words; undefined once there is nothing. */
  readonly notReady: () => string | undefined
  /** What is wrong that only a restart mends, in words; undefined where nothing is. */
  readonly unhealthy?: () => string | undefined
  /** Present with `--web.enable-lifecycle`. */
  readonly lifecycle?: { readonly reload: () => Promise<void>; readonly quit: () => void } | undefined
  /** What the program answers beyond what all programs do, in this order, without the prefix. */
  readonly routes: readonly Middleware[]
}

/** Everything that all programs serve alike, around the routes of one. */
export function createWebApp(options: WebAppOptions): Koa {
  const { webConfig, logger, registry } = options
  const app = new Koa()
  // Koa prints to stderr by itself; `observeRequests` has the errors, what is left are broken connections.
  app.on('error', (error: Error) => logger.debug(`send answer: ${error.message}`))
  app.use(observeRequests({ registry, logger }))
  if (webConfig.tls !== undefined) app.use(checkClientCertificate(webConfig.tls.client_auth_type))
  app.use(authenticate(options))
  app.use(stripPrefix(options.routePrefix))
  app.use(operationalRoutes(options))
  for (const routes of options.routes) app.use(routes)
  return app
}

function authenticate({ webConfig, token, routePrefix }: WebAppOptions): Middleware {
  const users = exceptProbes(basicAuth(webConfig.basicAuthUsers), routePrefix)
  if (token === undefined) return users
  return bearerToken(token, { routePrefix, users: webConfig.basicAuthUsers.size > 0 ? users : undefined })
}

/** A kubelet has no password: whether a program is healthy is no secret. */
function exceptProbes(users: Middleware, routePrefix: string): Middleware {
  const open = ['healthy', 'ready'].map((probe) => `${routePrefix}/-/${probe}`)
  return (ctx, next) => (open.includes(ctx.path) ? next() : users(ctx, next))
}

/** `/conprof` for any of `conprof`, `/conprof/`; `` for `/`. The path of the external URL, unless set. */
export function routePrefixOf(flags: {
  readonly routePrefix?: string | undefined
  readonly externalUrl?: string | undefined
}): string {
  const path = flags.routePrefix ?? (flags.externalUrl ? new URL(flags.externalUrl).pathname : '')
  const bare = path.replace(/^\/+|\/+$/g, '')
  return bare === '' ? '' : `/${bare}`
}

function stripPrefix(prefix: string): Middleware {
  return async (ctx, next) => {
    if (prefix === '') return next()
    if (ctx.path === prefix || ctx.path === '/') {
      ctx.state['route'] = '/'
      // Only so do the page's relative links work.
      return ctx.redirect(`${prefix}/`)
    }
    if (!ctx.path.startsWith(`${prefix}/`)) return
    ctx.path = ctx.path.slice(prefix.length)
    await next()
  }
}

function operationalRoutes(options: WebAppOptions): Middleware {
  const router = new Router()
  router.get('/-/healthy', (ctx) => {
    const wrong = options.unhealthy?.()
    ctx.status = wrong === undefined ? 200 : 503
    ctx.body = wrong === undefined ? 'conprof is healthy\n' : `conprof is not healthy: ${wrong}\n`
  })
  router.get('/-/ready', (ctx) => {
    const missing = options.notReady()
    ctx.status = missing === undefined ? 200 : 503
    ctx.body = missing === undefined ? 'conprof is ready\n' : `conprof is not ready: ${missing}\n`
  })
  router.get('/metrics', async (ctx) => {
    ctx.type = options.registry.contentType
    ctx.body = await options.registry.metrics()
  })
  const lifecycle = (act: (how: NonNullable<WebAppOptions['lifecycle']>) => Promise<string>): Middleware => {
    return async (ctx) => {
      if (options.lifecycle === undefined) {
        ctx.status = 403
        ctx.body = 'lifecycle requests are off; start with --web.enable-lifecycle to allow them\n'
        return
      }
      try {
        ctx.body = await act(options.lifecycle)
      } catch (error) {
        ctx.status = 500
        ctx.body = `${(error as Error).message}\n`
      }
    }
  }
  const reload = lifecycle(async (how) => {
    await how.reload()
    return 'reloaded\n'
  })
  const quit = lifecycle(async (how) => {
    // After this answer is on its way.
    setImmediate(how.quit)
    return 'stopping\n'
  })
  router.post('/-/reload', reload).put('/-/reload', reload)
  router.post('/-/quit', quit).put('/-/quit', quit)
  return router.routes() as unknown as Middleware
}
