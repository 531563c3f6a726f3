import { Agent, type Dispatcher, request } from 'undici'

/** A collector that cannot be reached or does not answer: asking it for more is in vain. */
export class CollectorAwayError extends Error {
  override readonly name = 'CollectorAwayError'
  readonly code = 'AWAY'
}

/** A collector that answered, but not what was asked for. */
export class CollectorRefusedError extends Error {
  override readonly name = 'CollectorRefusedError'
  readonly code = 'REFUSED'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface CollectorAnswer {
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface GetOptions {
  readonly signal: AbortSignal
  /** A longer answer is an error. */
  readonly maxBytes: number
  /** What is a good answer; 200 without it. */
  readonly wantedStatus?: number
  readonly headers?: Readonly<Record<string, string>>
  /** GET without it. What else is asked must be the same when it is asked twice. */
  readonly method?: 'GET' | 'POST' | 'DELETE'
  /** Sent as JSON. */
  readonly json?: unknown
}

/** Asks collectors, over connections that are kept. */
export class CollectorClient {
  readonly #agent: Agent
  readonly #authorization: (() => Promise<string>) | undefined

  /** `authorization` gives the header to send, asked for each request as it may change. */
  constructor(options: { readonly authorization?: (() => Promise<string>) | undefined }) {
    this.#agent = new Agent({ connections: 16, connect: { timeout: 5000 } })
    this.#authorization = options.authorization
  }

  /** Rejects with a CollectorAwayError, a CollectorRefusedError, or the signal's reason. */
  async get(url: string, options: GetOptions): Promise<CollectorAnswer> {
    try {
      return await this.#get(url, options)
    } catch (error) {
      options.signal.throwIfAborted()
      if (!isStale(error)) throw asAway(error)
    }
    // A kept connection that the collector closed meanwhile says nothing about the collector.
    try {
      return await this.#get(url, options)
    } catch (error) {
      options.signal.throwIfAborted()
      throw asAway(error)
    }
  }

  async #get(url: string, options: GetOptions): Promise<CollectorAnswer> {
    const { signal, maxBytes, wantedStatus = 200, method = 'GET', json } = options
    const token = await this.#authorization?.()
    const answer = await request(url, {
      dispatcher: this.#agent,
      signal,
      method,
      headers: {
        ...options.headers,
        ...(token === undefined ? {} : { authorization: token }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    })
    if (answer.statusCode !== wantedStatus) throw await refusal(answer, wantedStatus)
    return { body: await readAtMost(answer.body, maxBytes), headers: answer.headers }
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

async function refusal(answer: Dispatcher.ResponseData, wanted: number): Promise<CollectorRefusedError> {
  const { statusCode: status, body } = answer
  const text = await readAtMost(body, 64 * 1024).then(String, () => '')
  const hint = status === 401 || status === 403 ? '; is --web.token-file that of the collectors?' : ''
  return new CollectorRefusedError(status, `it answered ${status}${reasonIn(text)}, want ${wanted}${hint}`)
}

/** What our own API says in its envelope, else nothing: others answer with pages. */
function reasonIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown }
    return typeof error === 'string' ? ` (${error.slice(0, 300)})` : ''
  } catch {
    return ''
  }
}

async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop early destroys the body and its connection.
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw new CollectorRefusedError(200, `its answer has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function isStale(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

function asAway(error: unknown): Error {
  if (error instanceof CollectorRefusedError) return error
  return new CollectorAwayError(textOf(error), { cause: error })
}

/** Several addresses of one name are tried at once, and their errors come as one without a text. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(textOf))].join('; ')
  const { message, code } = error as NodeJS.ErrnoException
  return message || code || String(error)
}
