import type { TLSSocket } from 'node:tls'
import type { Middleware } from 'koa'
import type { TlsServerConfig } from './web-config.ts'

/** The client auth types between "none" and "required and verified", which Node's TLS does not know. */
export function checkClientCertificate(authType: TlsServerConfig['client_auth_type']): Middleware {
  return async (ctx, next) => {
    const socket = ctx.req.socket as TLSSocket
    const isGiven = Object.keys(socket.getPeerCertificate?.() ?? {}).length > 0
    const isMissing = authType === 'RequireAnyClientCert' && !isGiven
    const isWrong = authType === 'VerifyClientCertIfGiven' && isGiven && !socket.authorized
    if (isMissing || isWrong) {
      ctx.status = 403
      ctx.body = isMissing ? 'a client certificate is needed\n' : 'the client certificate does not verify\n'
      return
    }
    await next()
  }
}
