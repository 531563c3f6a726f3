import { TokenFile } from '../../lib/http/token-file.ts'
import { createLogger } from '../../lib/log.ts'
import type { Answer } from '../../query/api/types.ts'

/** A running conprof that answered, but not with what was asked for. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code = 'REFUSED'
}

export interface AskOptions {
  readonly signal?: AbortSignal
  readonly method?: 'GET' | 'POST' | 'DELETE'
  /** Sent as JSON. */
  readonly json?: unknown
}

/** Asks a running conprof, at the address that a person gave. */
export class ApiClient {
  /** Without a slash at the end, and without a password. */
  readonly url: string
  readonly #authorization: string | undefined

  private constructor(url: string, authorization: string | undefined) {
    this.url = url
    this.#authorization = authorization
  }

  /** `user:password@` of the address becomes basic auth. Rejects in one line. */
  static async open(address: string, { tokenFile }: { readonly tokenFile?: string | undefined }) {
    const url = URL.parse(address)
    if (url === null || !/^https?:$/.test(url.protocol))
      throw new Error(`url ${JSON.stringify(address)}: want http://<host>:<port>`)
    const user = [url.username, url.password].map(decodeURIComponent)
    const basic = user.join('') === '' ? undefined : `Basic ${Buffer.from(user.join(':')).toString('base64')}`
    const token =
      tokenFile === undefined
        ? undefined
        : await (await TokenFile.open(tokenFile, { logger: createLogger('error') })).authorization()
    return new ApiClient(`${url.origin}${url.pathname.replace(/\/+$/, '')}`, token ?? basic)
  }

  /** The data of an answer, and its warnings. Rejects with a RefusedError, or with why there was no answer. */
  async ask<Data>(
    path: string,
    options: AskOptions = {},
  ): Promise<{ readonly data: Data; readonly warnings: readonly string[] }> {
    const { body } = await this.bytes(path, options)
    const answer = JSON.parse(body.toString()) as Answer<Data>
    if (answer.status !== 'success') throw new RefusedError(`ask ${this.url}: ${answer.error}`)
    return { data: answer.data, warnings: answer.warnings ?? [] }
  }

  async bytes(path: string, { signal, method = 'GET', json }: AskOptions = {}) {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: {
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: Error & { readonly cause?: NodeJS.ErrnoException }) => {
      signal?.throwIfAborted()
      const why = error.cause?.message || error.cause?.code || error.message
      throw new Error(`ask ${this.url}: ${why}; want --url of a running conprof`, { cause: error })
    })
    const body = Buffer.from(await response.arrayBuffer())
    if (!response.ok) throw new RefusedError(`ask ${this.url}: ${problemOf(response, body.toString())}`)
    return { body, headers: response.headers }
  }
}

function problemOf({ status, statusText }: Response, text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown }
    if (typeof error === 'string') return error
  } catch {
    // A proxy's page, or plain text.
  }
  const hint = status === 401 ? '; want http://<user>:<password>@<host> as --url' : ''
  return `it answered ${status} ${statusText}${hint}`
}
