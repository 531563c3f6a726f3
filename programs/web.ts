import type { Middleware } from 'koa'
import type { Registry } from 'prom-client'
import type { WebFlags } from '../cli/flags.ts'
import { HttpServer } from '../lib/http/http-server.ts'
import { localUrl } from '../lib/http/listen-address.ts'
import { TokenFile } from '../lib/http/token-file.ts'
import { createWebApp, routePrefixOf, type WebAppOptions } from '../lib/http/web-app.ts'
import type { WebConfig } from '../lib/http/web-config.ts'
import type { Logger } from '../lib/log.ts'

/** How a program answers: what its flags and the files that they name say, read before anything starts. */
export interface Web {
  readonly flags: WebFlags
  /** Before every path: `` or `/conprof`. */
  readonly prefix: string
  readonly config: WebConfig
  readonly scheme: 'http' | 'https'
  readonly tokenFile: TokenFile | undefined
}

export async function readWeb(
  flags: WebFlags & { readonly webTokenFile?: string },
  { logger }: { readonly logger: Logger },
): Promise<Web> {
  const config = await readConfig(flags.webConfigFile)
  return {
    flags,
    prefix: routePrefixOf({ routePrefix: flags.webRoutePrefix, externalUrl: flags.webExternalUrl }),
    config,
    scheme: config.tls === undefined ? 'http' : 'https',
    tokenFile:
      flags.webTokenFile === undefined ? undefined : await TokenFile.open(flags.webTokenFile, { logger }),
  }
}

async function readConfig(path: string | undefined): Promise<WebConfig> {
  if (path === undefined) return { basicAuthUsers: new Map() }
  // Only then is there YAML to read.
  const { readWebConfig } = await import('../lib/http/web-config.ts')
  return readWebConfig(path)
}

export interface ServeWebOptions extends Pick<WebAppOptions, 'notReady' | 'unhealthy'> {
  readonly logger: Logger
  readonly registry: Registry
  /** Of a path without the prefix: whether it needs the token. */
  readonly guards: (path: string) => boolean
  /** Both only count with `--web.enable-lifecycle`. */
  readonly reload: () => Promise<void>
  readonly quit: () => void
  readonly routes: readonly Middleware[]
  /** How long answers under way may take once it stops; 5 s without it. */
  readonly drainMs?: number
}

/** Answers from now on, until the server was run; `url` is how this host reaches it, with the prefix. */
export async function serveWeb(
  { flags, prefix, config, scheme, tokenFile }: Web,
  { logger, guards, reload, quit, drainMs, ...options }: ServeWebOptions,
): Promise<{ readonly server: HttpServer; readonly url: string }> {
  const app = createWebApp({
    ...options,
    logger: logger.child({ component: 'http' }),
    routePrefix: prefix,
    webConfig: config,
    token: tokenFile && { file: tokenFile, guards },
    lifecycle: flags.webEnableLifecycle ? { reload, quit } : undefined,
  })
  const server = await HttpServer.listen(app.callback(), {
    address: flags.webListenAddress,
    tls: config.tls,
    logger,
    ...(drainMs !== undefined && { drainMs }),
  })
  return { server, url: `${localUrl(server.address, { scheme })}${prefix}` }
}
