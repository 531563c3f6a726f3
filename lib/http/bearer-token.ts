import type { Middleware } from 'koa'
import type { TokenFile } from './token-file.ts'

export interface TokenGuard {
  readonly file: TokenFile
  /** Of a path without the route prefix: whether it needs the token. */
  readonly guards: (path: string) => boolean
}

/**
 * Who shows the token may see everything. Who does not is asked for a user of the web config by `users`, where
 * there are any; without users, guarded paths are closed and the others open.
 */
export function bearerToken(
  token: TokenGuard,
  options: { readonly routePrefix: string; readonly users: Middleware | undefined },
): Middleware {
  const { routePrefix, users } = options
  return async (ctx, next) => {
    if (await token.file.accepts(ctx.get('authorization'))) return next()
    if (users !== undefined) return users(ctx, next)
    const path = ctx.path.startsWith(`${routePrefix}/`) ? ctx.path.slice(routePrefix.length) : ctx.path
    if (!token.guards(path)) return next()
    ctx.set('WWW-Authenticate', [
      'Bearer realm="conprof"',
      'Basic realm="conprof: any user, the token as password"',
    ])
    ctx.status = 401
    ctx.body =
      'unauthorized: want "Authorization: Bearer …" with the token of --web.token-file, or the token as a password\n'
  }
}
