import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { LookupFunction } from 'node:net'
import type { ProgramAddress } from './program-address.ts'

export interface ProgramRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Of the client; nothing of them goes on but what it can read. */
  readonly headers: IncomingHttpHeaders
  readonly signal: AbortSignal
}

/** Resolves once an answer begins; its body is then to be read or destroyed. Rejects where none does, or `signal` aborts. */
export function askProgram(
  program: ProgramAddress,
  { method, target, headers, signal }: ProgramRequest,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { host, port } = program
  const { accept, 'accept-encoding': encoding } = headers
  const asked = request({
    host,
    port,
    method,
    path: target,
    headers: {
      'user-agent': 'conprof-forward',
      ...(accept !== undefined && { accept }),
      ...(encoding !== undefined && { 'accept-encoding': encoding }),
    },
    // By itself each: a connection that was kept could be one that the program is just closing.
    agent: false,
    signal,
    // Whatever somebody writes into /etc/hosts.
    ...(host === 'localhost' && { lookup: lookUpLoopback }),
  })
  asked.once('response', resolve)
  // There may be more of them, also once it is answered: that is then the answer's own error.
  asked.on('error', reject)
  asked.end()
  return promise
}

/** What of an answer's headers is handed back. Cookies above all are not. */
export function passedHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const passed = passedNames.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return Object.fromEntries(passed)
}

const passedNames = [
  'content-type',
  'content-encoding',
  'content-length',
  'content-disposition',
  'x-go-pprof',
]

/** Why there is no answer, in one line that a scrape's reason has room for. */
export function describeFailure(
  { text }: ProgramAddress,
  error: Error,
): { readonly status: 502 | 504; readonly problem: string } {
  const { code = '', name, message } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return { status: 504, problem: `${text}: ${message}` }
  if (code === 'ECONNREFUSED')
    return {
      status: 502,
      problem: `${text}: connection refused: is the program up, and does it listen there, where --target of conprof forward says?`,
    }
  if (code.startsWith('HPE_'))
    return {
      status: 502,
      problem: `${text}: what answers is no HTTP: does the program serve pprof there, and without TLS?`,
    }
  if (code === 'ECONNRESET')
    return {
      status: 502,
      problem: `${text}: the program closed the connection before its answer was whole: see its log`,
    }
  return { status: 502, problem: `${text}: ${message.split('\n')[0]}` }
}

const lookUpLoopback: LookupFunction = (_name, _options, callback) =>
  callback(null, [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ])
