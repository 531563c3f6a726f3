import { readFile } from 'node:fs/promises'
import { Agent, type Dispatcher, interceptors, ProxyAgent } from 'undici'
import type { HttpClientConfig, TlsConfig } from '../config/scrape-config.ts'

/** How long a connection may take to be made, so that a black hole is told from a slow answer. */
const connectTimeoutMs = 5000

/**
 * Connections and headers for HttpClientConfigs: one dispatcher per set of TLS and proxy settings and content of
 * their files, so that a rotated certificate makes a new one. Secrets in files are read for each request.
 */
export class HttpClients {
  readonly #dispatchers = new Map<string, Dispatcher>()

  /** Rejects with an Error that names the file that cannot be read. */
  async prepare(
    config: HttpClientConfig,
  ): Promise<{ readonly dispatcher: Dispatcher; readonly headers: Record<string, string> }> {
    const tls = await readTls(config.tls)
    const key = JSON.stringify([tls, config.proxyUrl, config.followRedirects])
    let dispatcher = this.#dispatchers.get(key)
    if (dispatcher === undefined) {
      const connect = { ...tls, timeout: connectTimeoutMs }
      const agent: Dispatcher =
        config.proxyUrl === undefined
          ? new Agent({ connect, connections: 4, keepAliveTimeout: 30_000 })
          : new ProxyAgent({ uri: config.proxyUrl, requestTls: connect, connections: 4 })
      dispatcher = config.followRedirects
        ? agent.compose(interceptors.redirect({ maxRedirections: 5 }))
        : agent
      this.#dispatchers.set(key, dispatcher)
    }
    return { dispatcher, headers: await authorizationHeaders(config) }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#dispatchers.values()].map((dispatcher) => dispatcher.destroy()))
    this.#dispatchers.clear()
  }
}

async function readTls(tls: TlsConfig) {
  const [ca, cert, key] = await Promise.all([
    tls.ca ?? readSecret(tls.caFile),
    tls.cert ?? readSecret(tls.certFile),
    tls.key ?? readSecret(tls.keyFile),
  ])
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  }
}

async function authorizationHeaders(config: HttpClientConfig): Promise<Record<string, string>> {
  const { basicAuth, authorization } = config
  if (basicAuth !== undefined) {
    const password = basicAuth.password ?? (await readSecret(basicAuth.passwordFile)) ?? ''
    const pair = Buffer.from(`${basicAuth.username}:${password.trimEnd()}`).toString('base64')
    return { authorization: `Basic ${pair}` }
  }
  if (authorization === undefined) return {}
  const credentials = authorization.credentials ?? (await readSecret(authorization.credentialsFile)) ?? ''
  return { authorization: `${authorization.type} ${credentials.trim()}` }
}

async function readSecret(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : readFile(file, 'utf8')
}
