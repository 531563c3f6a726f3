import { Agent, type Dispatcher, request } from 'undici'

/** A collector's pod as it can be asked now. */
export interface CollectorAddress {
  readonly ordinal: number
  /** `http://10.0.0.7:8080`, with the route prefix where there is one and no slash at the end; see `collectorUrl`. */
  readonly url: string
}

/** Pod and port as a URL, also of IPv6. */
export function collectorUrl(ip: string, port: number, scheme: 'http' | 'https' = 'http'): string {
  return `${scheme}://${ip.includes(':') ? `[${ip}]` : ip}:${port}`
}

export interface CollectorClientOptions {
  /** What collectors ask for, read again for each request so that it may change; undefined where they ask nobody. */
  readonly token?: () => string | undefined
  /** For the whole answer; 5 s without it. */
  readonly timeoutMs?: number
}

/** Asks collectors. Connections are kept; answers are bounded in size and time. */
export class CollectorClient {
  readonly #token: () => string | undefined
  readonly #timeoutMs: number
  readonly #dispatcher: Dispatcher

  constructor(options: CollectorClientOptions) {
    this.#token = options.token ?? (() => undefined)
    this.#timeoutMs = options.timeoutMs ?? 5000
    this.#dispatcher = new Agent({
      connections: 2,
      keepAliveTimeout: 30_000,
      // Pods are asked by the address that the API server gave, which no certificate names; who signed it still counts.
      connect: { timeout: this.#timeoutMs, checkServerIdentity: () => undefined },
    })
  }

  /** The parsed answer, out of the envelope where it has one. Rejects in one line, or with the signal's reason. */
  async get(
    { ordinal, url }: CollectorAddress,
    path: string,
    options: { readonly signal?: AbortSignal; readonly maxSizeBytes: number },
  ): Promise<unknown> {
    const what = `ask collector ${ordinal} at ${url} for ${path}`
    const token = this.#token()
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    try {
      const { statusCode, body } = await request(`${url}${path}`, {
        dispatcher: this.#dispatcher,
        headers: {
          accept: 'application/json',
          'user-agent': 'conprof-operator',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
      })
      const bytes = await readAtMost(body, options.maxSizeBytes)
      if (statusCode !== 200) throw new Error(`status is ${statusCode}${hintOf(statusCode)}, want 200`)
      const answer: unknown = JSON.parse(bytes.toString('utf8'))
      return isEnvelope(answer) ? answer.data : answer
    } catch (error) {
      if (options.signal?.aborted === true) throw options.signal.reason
      const reason = timeout.aborted ? `no answer within ${this.#timeoutMs} ms` : (error as Error).message
      throw new Error(`${what}: ${reason}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

async function readAtMost(body: AsyncIterable<Uint8Array>, maxSizeBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of body) {
    sizeBytes += chunk.length
    // Leaving the loop destroys the body, and with it the connection.
    if (sizeBytes > maxSizeBytes) throw new Error(`more than ${maxSizeBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function hintOf(statusCode: number): string {
  return statusCode === 401 || statusCode === 403 ? ' (is the token that of the collectors?)' : ''
}

function isEnvelope(answer: unknown): answer is { readonly data: unknown } {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'data' in answer &&
    'status' in answer &&
    answer.status === 'success'
  )
}
