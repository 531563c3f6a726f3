import type { Counter, Histogram } from 'prom-client'
import { Agent, type Dispatcher, ProxyAgent, request as undiciRequest } from 'undici'
import { type ClusterAccess, findClusterAccess, type ReadClusterAccess } from './cluster-access.ts'
import { answerError, unreachableError } from './kube-answer-error.ts'
import type { KubeClient, KubeClientOptions, KubeRequest } from './kube-client.ts'
import { sharedCounter, sharedHistogram } from './shared-metrics.ts'

/** Rejects where no cluster is configured, or what configures it is not readable; asks the server nothing yet. */
export async function createKubeClient(options: KubeClientOptions = {}): Promise<KubeClient> {
  const readAccess = await findClusterAccess(options)
  return new UndiciKubeClient(readAccess, await readAccess(), options)
}

const maxAccessAgeMs = 60_000
const minAccessAgeMs = 1000
const maxAnswerBytes = 64 << 20
const defaultTimeoutMs = 30_000
const maxAnswerGapMs = 120_000

interface Connection {
  readonly access: ClusterAccess
  readonly dispatcher: Dispatcher
  readonly agent: Agent | ProxyAgent
  /** Of what connections are made with: another means other connections. */
  readonly key: string
  readonly readAtMs: number
}

interface Exchange {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  /** As it came. */
  readonly text?: string
  readonly body?: unknown
  /** Instead of both, of a stream. */
  readonly chunks?: AsyncIterable<Uint8Array>
}

class UndiciKubeClient implements KubeClient {
  readonly server: string
  readonly #readAccess: ReadClusterAccess
  readonly #fieldManager: string
  readonly #userAgent: string
  readonly #requests: Counter<'method' | 'code'> | undefined
  readonly #duration: Histogram<'method'> | undefined
  #connection: Connection
  #refreshing: Promise<Connection> | undefined
  #isClosed = false
  #lastAnswerMs = Number.NEGATIVE_INFINITY
  #answeringSinceMs = Number.NEGATIVE_INFINITY

  constructor(readAccess: ReadClusterAccess, access: ClusterAccess, options: KubeClientOptions) {
    this.server = access.server
    this.#readAccess = readAccess
    this.#fieldManager = options.fieldManager ?? 'conprof-operator'
    this.#userAgent = options.userAgent ?? 'conprof'
    this.#connection = connect(access, undefined)
    if (options.registry === undefined) return
    this.#requests = sharedCounter(options.registry, {
      name: 'conprof_kube_requests_total',
      help: 'Requests to the API server; the code is "unreachable" where no answer came.',
      labelNames: ['method', 'code'],
    })
    this.#duration = sharedHistogram(options.registry, {
      name: 'conprof_kube_request_duration_seconds',
      help: 'Time until an answer of the API server was read; of a watch, until it began.',
      labelNames: ['method'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    })
  }

  get lastAnswerMs(): number {
    return this.#lastAnswerMs
  }

  get answeringSinceMs(): number {
    return this.#answeringSinceMs
  }

  async request<T>(request: KubeRequest): Promise<T> {
    const { body } = await this.#send(request, { isStream: false })
    return body as T
  }

  async stream(request: KubeRequest): Promise<AsyncIterable<Uint8Array>> {
    const { chunks } = await this.#send(request, { isStream: true })
    return chunks!
  }

  async apply<T>(path: string, object: unknown, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
    return this.request<T>({
      method: 'PATCH',
      path,
      query: { fieldManager: this.#fieldManager, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: object,
      ...options,
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#connection.agent.destroy()
  }

  async #send(request: KubeRequest, { isStream }: { readonly isStream: boolean }): Promise<Exchange> {
    const method = request.method ?? 'GET'
    const label = isStream ? 'WATCH' : method
    for (let attempt = 1; ; attempt++) {
      const startMs = performance.now()
      let code = 'unreachable'
      try {
        const connection = await this.#current()
        const answer = await this.#exchange(connection, request, isStream)
        code = String(answer.status)
        if (answer.status < 300) return answer
        // What proves who we are may have been replaced since we read it.
        if (answer.status === 401 && attempt === 1 && (await this.#wasRenewed(connection))) continue
        throw answerError(request, answer.status, answer.headers, answer.text ?? '')
      } finally {
        this.#requests?.inc({ method: label, code })
        this.#duration?.observe({ method: label }, (performance.now() - startMs) / 1000)
      }
    }
  }

  async #exchange(connection: Connection, request: KubeRequest, isStream: boolean): Promise<Exchange> {
    const { access, dispatcher } = connection
    const { method = 'GET', contentType = 'application/json', timeoutMs = defaultTimeoutMs, signal } = request
    signal?.throwIfAborted()
    // Not AbortSignal.any: a long-lived signal would keep every request's.
    const abort = new AbortController()
    const onAbort = () => abort.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const timer = setTimeout(() => abort.abort(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs)
    const release = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const rejected = (error: unknown): unknown => {
      release()
      if (signal?.aborted) return signal.reason
      this.#suspect(connection)
      return unreachableError(request, this.server, abort.signal.aborted ? abort.signal.reason : error)
    }
    let isStreaming = false
    try {
      const answer = await undiciRequest(`${access.server}${request.path}${queryOf(request)}`, {
        dispatcher,
        method,
        headers: {
          ...access.headers,
          accept: 'application/json',
          'user-agent': this.#userAgent,
          ...(request.body !== undefined && { 'content-type': contentType }),
        },
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
        signal: abort.signal,
      })
      const status = answer.statusCode
      const { headers } = answer
      // A server that cannot answer says nothing of what it would have answered.
      if (status < 500 && status !== 429) this.#noteAnswer()
      if (isStream && status < 300) {
        clearTimeout(timer)
        isStreaming = true
        return { status, headers, chunks: this.#chunksOf(answer.body, rejected, release) }
      }
      const text = await readText(answer.body)
      return { status, headers, text, ...(status < 300 && text !== '' && { body: parseAnswer(text) }) }
    } catch (error) {
      throw rejected(error)
    } finally {
      if (!isStreaming) release()
    }
  }

  async *#chunksOf(
    body: AsyncIterable<Uint8Array>,
    rejected: (error: unknown) => unknown,
    release: () => void,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of body) {
        this.#noteAnswer()
        yield chunk
      }
    } catch (error) {
      throw rejected(error)
    } finally {
      release()
    }
  }

  #noteAnswer(): void {
    const nowMs = performance.now()
    if (nowMs - this.#lastAnswerMs > maxAnswerGapMs) this.#answeringSinceMs = nowMs
    this.#lastAnswerMs = nowMs
  }

  async #current(): Promise<Connection> {
    if (this.#isClosed) throw new TypeError('the cluster client is closed')
    const { readAtMs } = this.#connection
    if (performance.now() - readAtMs < maxAccessAgeMs) return this.#connection
    return this.#refresh(false)
  }

  async #wasRenewed(before: Connection): Promise<boolean> {
    const { access } = await this.#refresh(true).catch(() => before)
    return (
      JSON.stringify([access.headers, access.tls]) !==
      JSON.stringify([before.access.headers, before.access.tls])
    )
  }

  /** One at a time, however many requests need it. */
  async #refresh(isRefused: boolean): Promise<Connection> {
    this.#refreshing ??= this.#readAgain(isRefused).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #readAgain(isRefused: boolean): Promise<Connection> {
    const before = this.#connection
    try {
      this.#connection = connect(await this.#readAccess({ isRefused }), before)
    } catch {
      // What we have may be good for a while yet, and if not, the server says so better.
      this.#connection = { ...before, readAtMs: performance.now() - maxAccessAgeMs + minAccessAgeMs }
    }
    // Those in use end with their requests.
    if (this.#connection.agent !== before.agent) void before.agent.close()
    return this.#connection
  }

  /** Nothing was answered: perhaps its certificates are others now. */
  #suspect(connection: Connection): void {
    const isOld = performance.now() - connection.readAtMs > minAccessAgeMs
    if (isOld && this.#connection === connection)
      this.#connection = { ...connection, readAtMs: Number.NEGATIVE_INFINITY }
  }
}

function connect(access: ClusterAccess, before: Connection | undefined): Connection {
  const { tls, proxyUrl } = access
  const key = JSON.stringify([tls, proxyUrl])
  const readAtMs = performance.now()
  if (before?.key === key) return { ...before, access, readAtMs }
  const options: Agent.Options = {
    // HTTP/1.1: what goes wrong with one connection is then one request's alone.
    allowH2: false,
    keepAliveTimeout: 60_000,
    // Both are watched by whoever asks: a watch may be silent for long.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  const connectOptions = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 }
  const agent =
    proxyUrl === undefined
      ? new Agent({ ...options, connect: connectOptions })
      : new ProxyAgent({ ...options, uri: proxyUrl, requestTls: connectOptions })
  return { access, agent, dispatcher: agent, key, readAtMs }
}

function queryOf({ query = {} }: KubeRequest): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value)
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What the parser says quotes the text, which may be a Secret's.
    throw new Error('the answer is not JSON')
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  // Leaving the loop ends the connection.
  for await (const chunk of body) {
    sizeBytes += chunk.length
    if (sizeBytes > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, sizeBytes).toString('utf8')
}
