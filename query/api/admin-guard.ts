import type { Context } from 'koa'
import { ApiError } from './answer.ts'
import type { Route } from './create-api.ts'

/** Whose requests may write: take profiles now, pin and unpin. */
export interface AdminAccess {
  /**
   * `loopback`: those alone that come straight from this machine, by a name of its own, so that neither a proxy nor a
   * page that had its name point here speaks for somebody else.
   */
  readonly allows: 'everybody' | 'loopback' | 'nobody'
  /** What browsers open, where a proxy does not pass the host on. */
  readonly externalUrl?: string | undefined
}

/** What stands before every route that writes. */
export function guarded(access: AdminAccess, route: Route): Route {
  return (ctx, request) => {
    checkAdmin(ctx, access)
    return route(ctx, request)
  }
}

/** Throws an ApiError where this request may not write. */
export function checkAdmin(ctx: Context, access: AdminAccess): void {
  const { allows } = access
  const what = `${ctx.method} ${ctx.path}`
  if (allows === 'nobody') {
    throw new ApiError('forbidden', `${what}: writing is off; ${howToAllow}`)
  }
  refuseOtherSites(ctx, access)
  const why = allows === 'loopback' ? cameFromElsewhere(ctx) : undefined
  if (why !== undefined) {
    throw new ApiError('forbidden', `${what}: writing is for this machine alone, and ${why}; ${howToAllow}`)
  }
}

const howToAllow = 'start with --web.enable-admin-api (chart: query.adminApi) to allow it'

/** Browsers send a person's password along with what any page asks for. */
function refuseOtherSites(ctx: Context, { externalUrl }: AdminAccess): void {
  const what = `${ctx.method} ${ctx.path}`
  if (ctx.get('sec-fetch-site').toLowerCase() === 'cross-site') {
    throw new ApiError('forbidden', `${what}: a page of another site asked for it`)
  }
  const origin = ctx.get('origin')
  const hosts = [ctx.get('host'), ctx.get('x-forwarded-host').split(',')[0]!.trim()]
  if (externalUrl !== undefined) hosts.push(new URL(externalUrl).host)
  if (origin !== '' && !hosts.some((host) => isSameHost(origin, host))) {
    throw new ApiError(
      'forbidden',
      `${what}: a page of ${JSON.stringify(origin)} asked for it, want one of ${hosts[0]}`,
    )
  }
  // What forms of other pages can send without being asked first is all of another type.
  if (ctx.method !== 'DELETE' && !/^application\/json\s*(;|$)/i.test(ctx.get('content-type'))) {
    const type = JSON.stringify(ctx.get('content-type'))
    throw new ApiError('bad_data', `${what}: content type ${type}, want application/json`)
  }
}

function isSameHost(origin: string, host: string): boolean {
  const page = URL.parse(origin)
  return page !== null && host !== '' && URL.parse(`${page.protocol}//${host}`)?.host === page.host
}

function cameFromElsewhere(ctx: Context): string | undefined {
  const proxied = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via', 'x-real-ip'].find(
    (name) => ctx.get(name) !== '',
  )
  if (proxied !== undefined) return `this came through a proxy (header ${proxied})`
  const host = ctx.get('host')
  const { hostname = '' } = URL.parse(`http://${host}`) ?? {}
  return isLoopback(hostname) ? undefined : `this was sent to ${JSON.stringify(host)}`
}

/** Of a host's name or address, that of IPv6 in brackets or not: whether it is this machine, as it sees itself. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}
