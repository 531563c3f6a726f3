import { readFile } from 'node:fs/promises'
import { Agent, type Dispatcher, interceptors, ProxyAgent } from 'undici'
import type { HttpClientConfig, TlsConfig } from './config/scrape-config.ts'

/** What a request needs: pass both to undici's `request` or `fetch`. */
export interface PreparedRequest {
  readonly dispatcher: Dispatcher
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Connections as one HttpClientConfig wants them. Secrets and certificates in files are read for each request,
 * so that a rotated one needs no reload; connections outlive a request as long as the certificates stay.
 */
export class HttpClient {
  readonly #config: HttpClientConfig
  readonly #options: Agent.Options
  #current:
    | { readonly tlsKey: string; readonly agent: Agent | ProxyAgent; readonly dispatcher: Dispatcher }
    | undefined
  #isClosed = false

  constructor(config: HttpClientConfig, options: { readonly agent?: Agent.Options } = {}) {
    this.#config = config
    this.#options = options.agent ?? {}
  }

  /** Rejects where a file cannot be read, naming it; with the code `ERR_TLS_FILE` where it is one of TLS. */
  async prepare(): Promise<PreparedRequest> {
    const [tls, authorization] = await Promise.all([readTls(this.#config.tls), this.#authorization()])
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    return { dispatcher: this.#dispatcher(tls), headers }
  }

  /** Ends idle connections at once; those in use end with their requests. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#current?.agent.close()
    this.#current = undefined
  }

  #dispatcher(tls: ConnectTls): Dispatcher {
    if (this.#isClosed) throw new TypeError('http client is closed')
    const tlsKey = JSON.stringify(tls)
    if (this.#current?.tlsKey === tlsKey) return this.#current.dispatcher
    void this.#current?.agent.close()
    const { proxyUrl, followRedirects } = this.#config
    const agent =
      proxyUrl === undefined
        ? new Agent({ ...this.#options, connect: { ...this.#options.connect, ...tls } })
        : new ProxyAgent({ ...this.#options, uri: proxyUrl, requestTls: tls })
    const dispatcher = followRedirects ? agent.compose(interceptors.redirect({ maxRedirections: 10 })) : agent
    this.#current = { tlsKey, agent, dispatcher }
    return dispatcher
  }

  async #authorization(): Promise<string | undefined> {
    const { basicAuth, authorization } = this.#config
    if (basicAuth !== undefined) {
      const password = await secret(basicAuth.password, basicAuth.passwordFile)
      return `Basic ${Buffer.from(`${basicAuth.username}:${password ?? ''}`).toString('base64')}`
    }
    if (authorization === undefined) return undefined
    return `${authorization.type} ${await secret(authorization.credentials, authorization.credentialsFile)}`
  }
}

interface ConnectTls {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

async function readTls(tls: TlsConfig): Promise<ConnectTls> {
  const [ca, cert, key] = await Promise.all([
    pem(tls.ca, tls.caFile),
    pem(tls.cert, tls.certFile),
    pem(tls.key, tls.keyFile),
  ]).catch((error: Error) => {
    throw Object.assign(error, { code: 'ERR_TLS_FILE' })
  })
  return {
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  }
}

async function pem(text: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return text
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Error(`read ${JSON.stringify(file)}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    })
  }
}

/** Editors end files with a newline that belongs to no password. */
async function secret(text: string | undefined, file: string | undefined): Promise<string | undefined> {
  return (await pem(text, file))?.trim()
}
