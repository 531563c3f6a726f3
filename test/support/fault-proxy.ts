import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import type { ControlPlane } from './control-plane.ts'
import { type OpenWatch, ProxiedWatch, reset } from './proxied-watch.ts'

export type { OpenWatch }

export type RequestKind = 'get' | 'list' | 'watch' | 'write'

export interface ProxiedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly kind: RequestKind
  /** Of a list, from 1; a list's other pages carry `continue`. */
  readonly page: number
  /** Of a write, parsed; undefined where there is none. */
  readonly body: unknown
  /** Of the answer that the client was sent; 0 while there is none, or where none was. */
  status: number
}

/** What happens to a request instead of its being forwarded and answered. */
export type Fault =
  /** The connection is reset; the server never hears of it. */
  | { readonly type: 'reset' }
  /** Nothing ever, as of a half-open connection. */
  | { readonly type: 'silence' }
  | {
      readonly type: 'answer'
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
    }
  /** Forwarded after so long. */
  | { readonly type: 'delay'; readonly ms: number }
  /** Forwarded once released, or reset if that says `drop`. */
  | { readonly type: 'hold' }
  /** Forwarded, and the server's answer is thrown away with the connection. */
  | { readonly type: 'lose-answer' }
  /** A watch that sends these lines and then ends. */
  | { readonly type: 'events'; readonly lines: readonly string[] }

export interface Rule {
  /** How many requests met it so far. */
  readonly hits: number
  /** What it holds stays held. */
  remove(): void
  /** Lets go all that it holds, and removes it. */
  release(how?: 'forward' | 'drop'): void
}

export interface FaultProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** In the order in which they came. */
  readonly requests: readonly ProxiedRequest[]
  /** Of those that run. */
  watches(path?: string): OpenWatch[]
  /** For the requests that match, `times` of them or all until it is removed; the newest rule counts. */
  inject(fault: Fault, options?: { match?: (request: ProxiedRequest) => boolean; times?: number }): Rule
  count(match: (request: ProxiedRequest) => boolean): number
  /** Closes to new connections and resets all that are there, as where the network is cut, until `connect`. */
  disconnect(): void
  connect(): void
}

/** `{"kind":"Status",…}` as the API server words it. */
export function statusBody(code: number, reason: string, message = reason): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  })
}

/** Plain HTTP in front of an API server: passes everything on, and whatever it is told to break. */
export async function startFaultProxy(
  t: Test,
  plane: Pick<ControlPlane, 'url' | 'caFile'>,
): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true, ca: await readFile(plane.caFile) })
  const requests: ProxiedRequest[] = []
  const rules: ActiveRule[] = []
  const watches = new Set<ProxiedWatch>()
  let isConnected = true

  const server = createServer(async (incoming, outgoing) => {
    const body = await readBody(incoming)
    const asked = describe(incoming, body, requests)
    requests.push(asked)
    outgoing.on('error', () => {})
    if (!isConnected) return reset(outgoing)
    const rule = rules.findLast((candidate) => candidate.takes(asked))
    const fault = rule?.fault
    switch (fault?.type) {
      case 'reset':
        return reset(outgoing)
      case 'silence':
        return
      case 'answer':
        asked.status = fault.status
        outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
        outgoing.end(fault.body ?? '')
        return
      case 'events':
        asked.status = 200
        outgoing.writeHead(200, { 'content-type': 'application/json' })
        outgoing.end(fault.lines.map((line) => `${line}\n`).join(''))
        return
      case 'delay':
        await setTimeout(fault.ms)
        break
      case 'hold':
        if ((await rule!.held()) === 'drop') return reset(outgoing)
        break
    }
    forward(asked, incoming, body, outgoing, fault?.type === 'lose-answer')
  })

  const forward = (
    asked: ProxiedRequest,
    incoming: IncomingMessage,
    body: Buffer,
    outgoing: ServerResponse,
    isAnswerLost: boolean,
  ) => {
    const headers = { ...incoming.headers, host: new URL(plane.url).host, connection: 'keep-alive' }
    const onward = request(
      `${plane.url}${incoming.url}`,
      { method: incoming.method, headers, agent },
      (answer) => {
        if (isAnswerLost) {
          answer.resume()
          answer.on('end', () => reset(outgoing))
          return
        }
        asked.status = answer.statusCode ?? 0
        outgoing.writeHead(asked.status, answer.headers)
        // A watch's headers count before there is an event.
        outgoing.flushHeaders()
        if (asked.kind !== 'watch' || asked.status !== 200) return void answer.pipe(outgoing)
        const watch = new ProxiedWatch(asked.path, outgoing)
        watches.add(watch)
        answer.on('data', (chunk: Buffer) => watch.pass(chunk))
        answer.on('end', () => watch.end())
        answer.on('error', () => watch.reset())
        outgoing.on('close', () => watches.delete(watch))
      },
    )
    onward.on('error', () => reset(outgoing))
    outgoing.on('close', () => onward.destroy())
    onward.end(body)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const rule of rules) rule.release('drop')
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    agent.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('start the fault proxy: no address')

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    watches: (path) => [...watches].filter((watch) => path === undefined || watch.path === path),
    inject: (fault, { match = () => true, times = Number.POSITIVE_INFINITY } = {}) => {
      const rule = new ActiveRule(fault, match, times, () => {
        const index = rules.indexOf(rule)
        if (index !== -1) rules.splice(index, 1)
      })
      rules.push(rule)
      return rule
    },
    count: (match) => requests.filter(match).length,
    disconnect: () => {
      isConnected = false
      for (const watch of watches) watch.reset()
      server.closeAllConnections()
    },
    connect: () => {
      isConnected = true
    },
  }
}

class ActiveRule implements Rule {
  readonly fault: Fault
  readonly #match: (request: ProxiedRequest) => boolean
  readonly #times: number
  readonly #remove: () => void
  #hits = 0
  #held: ((how: 'forward' | 'drop') => void)[] = []

  constructor(fault: Fault, match: (request: ProxiedRequest) => boolean, times: number, remove: () => void) {
    this.fault = fault
    this.#match = match
    this.#times = times
    this.#remove = remove
  }

  get hits(): number {
    return this.#hits
  }

  takes(asked: ProxiedRequest): boolean {
    if (this.#hits >= this.#times || !this.#match(asked)) return false
    this.#hits++
    return true
  }

  async held(): Promise<'forward' | 'drop'> {
    return new Promise((resolve) => this.#held.push(resolve))
  }

  remove(): void {
    this.#remove()
  }

  release(how: 'forward' | 'drop' = 'forward'): void {
    this.#remove()
    for (const go of this.#held) go(how)
    this.#held = []
  }
}

function describe(
  { method = '', url = '' }: IncomingMessage,
  body: Buffer,
  before: readonly ProxiedRequest[],
): ProxiedRequest {
  const { pathname: path, searchParams: query } = new URL(url, 'http://localhost')
  const kind = kindOf(method, query)
  // Pages come one after another: those since this collection's last first page.
  const earlier = before.filter((request) => request.path === path && request.kind === 'list')
  const first = earlier.findLastIndex((request) => !request.query.has('continue'))
  const page = query.has('continue') ? earlier.length - first + 1 : 1
  return { method, path, query, kind, page, body: body.length === 0 ? undefined : parsed(body), status: 0 }
}

function kindOf(method: string, query: URLSearchParams): RequestKind {
  if (method !== 'GET') return 'write'
  if (query.has('watch')) return 'watch'
  return query.has('limit') ? 'list' : 'get'
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return body.toString('utf8')
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
  } catch {
    // The client went away; so will what is forwarded.
  }
  return Buffer.concat(chunks)
}
