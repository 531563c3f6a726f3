import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../log.ts'
import type { ListenAddress } from './listen-address.ts'
import type { TlsServerConfig } from './web-config.ts'

export interface HttpServerOptions {
  readonly address: ListenAddress
  readonly tls?: TlsServerConfig | undefined
  readonly logger: Logger
  /** How long answers under way may take once the server stops. */
  readonly drainMs?: number
}

/** A listening server: answers from `listen` on, stops at the end of `run`. */
export class HttpServer {
  readonly #server: Server
  readonly #options: HttpServerOptions

  private constructor(server: Server, options: HttpServerOptions) {
    this.#server = server
    this.#options = options
  }

  /** Rejects in one line where the address is in use, not ours, or the certificate does not read. */
  static async listen(handle: RequestListener, options: HttpServerOptions): Promise<HttpServer> {
    const { address, tls } = options
    const server =
      tls === undefined ? createServer(handle) : createTlsServer(await readTlsOptions(tls), handle)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(address, error)))
      server.listen(address, resolve)
    })
    server.removeAllListeners('error')
    server.on('error', (error) => options.logger.error(`serve http: ${error.message}`))
    return new HttpServer(server, options)
  }

  /** With the port that the system chose, where 0 was asked for. */
  get address(): ListenAddress {
    const { port } = this.#server.address() as AddressInfo
    return { ...this.#options.address, port }
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { tls } = this.#options
    if (tls !== undefined) void this.#followCertificate(tls, signal)
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    }
    await this.#close()
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    const late = new AbortController()
    const impatience = sleep(this.#options.drainMs ?? 5000, undefined, { signal: late.signal }).then(
      () => this.#server.closeAllConnections(),
      () => {},
    )
    await closed
    late.abort()
    await impatience
  }

  /** Certificates are renewed in place; connections from then on get the new one. */
  async #followCertificate(tls: TlsServerConfig, signal: AbortSignal): Promise<void> {
    let current = fingerprint(await readTlsOptions(tls))
    for (;;) {
      await sleep(10_000, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      try {
        const renewed = await readTlsOptions(tls)
        if (fingerprint(renewed) === current) continue
        ;(this.#server as TlsServer).setSecureContext(renewed)
        current = fingerprint(renewed)
        this.#options.logger.info({ file: tls.cert_file }, 'certificate renewed')
      } catch (error) {
        this.#options.logger.warn(`renew certificate: ${(error as Error).message}`)
      }
    }
  }
}

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): Error {
  const name = `${address.host ?? ''}:${address.port}`
  const what =
    error.code === 'EADDRINUSE'
      ? 'the port is in use; stop what listens there or choose another with --web.listen-address'
      : error.code === 'EACCES'
        ? 'not allowed; ports below 1024 need privileges'
        : error.code === 'EADDRNOTAVAIL'
          ? 'not an address of this host'
          : error.message
  return new Error(`listen on "${name}": ${what}`, { cause: error })
}

function fingerprint(options: ServerOptions): string {
  return [options.cert, options.key, options.ca].map(String).join('\n')
}

async function readTlsOptions(tls: TlsServerConfig): Promise<ServerOptions> {
  const read = (path: string) =>
    readFile(path).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`read "${path}": ${error.code ?? error.message}`, { cause: error })
    })
  const asks = tls.client_auth_type
  const options: ServerOptions = {
    cert: await read(tls.cert_file),
    key: await read(tls.key_file),
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
    requestCert: asks !== 'NoClientCert',
    // Node verifies all or nothing: `IfGiven` and `Any` are finished by `checkClientCertificate`.
    rejectUnauthorized: asks === 'RequireAndVerifyClientCert',
  }
  if (tls.client_ca_file !== undefined) options.ca = await read(tls.client_ca_file)
  return options
}
