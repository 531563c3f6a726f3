import type { HealthClass } from '../../block/health.ts'
import { inspectPprof } from '../../profile/inspect-pprof.ts'

/** How one scrape ended, before anything is stored. */
export interface Verdict {
  readonly health: HealthClass
  /** One line: what was seen; "" for ok. */
  readonly reason: string
}

/** What came back, or why nothing did. */
export type Answer =
  | {
      readonly status: number
      readonly headers: Readonly<Record<string, string | string[] | undefined>>
      readonly body: Uint8Array
      /** The body was cut off at the limit. */
      readonly isTooLarge: boolean
    }
  | {
      readonly error: Error
      /** How long after the start; absent where an answer had begun. */
      readonly silentMs?: number
    }

export const maxReceivedBytes = 32 * 1024 * 1024
export const maxInflatedBytes = 128 * 1024 * 1024

export interface ClassifyOptions {
  /** Whether the connection was plain HTTP: only then a mesh can be what refuses. */
  readonly isPlain: boolean
  /** False where a profile without samples is not worth keeping. */
  readonly keepEmpty: boolean
  /** Whether the process is known to be in a service mesh. */
  readonly isMeshed?: boolean
}

/** Decides from the answer alone. */
export function classify(answer: Answer, options: ClassifyOptions): Verdict {
  const verdict = classifyAnswer(answer, options)
  const isRefusal = options.isMeshed === true && isMeshRefusal(answer, verdict, options)
  return isRefusal ? { health: 'mesh-blocked', reason: verdict.reason } : verdict
}

/**
 * How proxies refuse without a word of their own: they close the connection at once, answer plain HTTP with an alert
 * of TLS, or say 503 for a server that never got the request.
 */
function isMeshRefusal(answer: Answer, { health }: Verdict, { isPlain }: ClassifyOptions): boolean {
  if (!('error' in answer)) {
    return isPlain && answer.status === 503 && answer.headers['x-envoy-upstream-service-time'] === undefined
  }
  // Later the program itself may have ended, in the seconds of a timed profile above all.
  const isAtOnce = answer.silentMs !== undefined && answer.silentMs < 1000
  return isAtOnce && (health === 'reset' || (isPlain && health === 'not-pprof'))
}

function classifyAnswer(answer: Answer, options: ClassifyOptions): Verdict {
  if ('error' in answer) return classifyError(answer.error)
  const { status, headers, body, isTooLarge } = answer
  if (isTooLarge)
    return { health: 'too-large', reason: `more than ${maxReceivedBytes / 2 ** 20} MiB received` }
  if (status < 200 || status >= 300) {
    const said = firstLine(body)
    const reason = `HTTP status ${status}${said === '' ? '' : `: ${said}`}`
    if (options.isPlain && isMesh(headers, said)) return { health: 'mesh-blocked', reason }
    if (status === 404) return { health: 'unsupported', reason }
    // Go's server says so to plain HTTP on a port for TLS.
    if (status === 400 && /HTTP request (was sent )?to (an )?HTTPS (server|port)/i.test(said))
      return { health: 'tls', reason }
    if (/already in use|already (running|started)|profiling in progress/i.test(said))
      return { health: 'busy', reason }
    return { health: status >= 500 ? 'http-5xx' : 'http-4xx', reason }
  }
  if (body.length === 0) return { health: 'empty', reason: 'an empty body' }
  const inspection = inspectPprof(body, { maxInflatedBytes })
  switch (inspection.kind) {
    case 'pprof':
      return { health: 'ok', reason: '' }
    case 'empty':
      return options.keepEmpty
        ? { health: 'ok', reason: '' }
        : { health: 'empty', reason: 'no samples in it' }
    case 'too-large':
      return { health: 'too-large', reason: inspection.reason }
    case 'not-pprof':
      return { health: 'not-pprof', reason: inspection.reason }
  }
}

function classifyError(error: Error): Verdict {
  const chain: NodeJS.ErrnoException[] = []
  for (let at: unknown = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at)
  for (const { errors } of chain as { errors?: unknown[] }[])
    if (errors?.[0] instanceof Error) chain.push(errors[0])
  const codes = chain.map(({ code }) => String(code ?? ''))
  const reason = (chain.find(({ message }) => message !== '')?.message ?? error.name).split('\n')[0]!
  const has = (...wanted: string[]) => codes.some((code) => wanted.some((each) => code.startsWith(each)))
  if (has('ECONNREFUSED')) return { health: 'refused', reason }
  if (has('UND_ERR_CONNECT_TIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ETIMEDOUT'))
    return { health: 'connect-timeout', reason }
  if (has('ERR_TLS', 'ERR_SSL', 'CERT_', 'DEPTH_ZERO', 'SELF_SIGNED', 'UNABLE_TO', 'EPROTO', 'ERR_OSSL'))
    return { health: 'tls', reason }
  if (
    chain.some(({ name }) => name === 'TimeoutError') ||
    has('UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT')
  )
    return { health: 'timeout', reason }
  if (has('HPE_') || chain.some(({ name }) => name === 'HTTPParserError'))
    return { health: 'not-pprof', reason: `what answers is no HTTP: ${reason}` }
  // A scrape opens only the job's own files: those of secrets, as TLS's were told apart above.
  if (chain.some(({ syscall }) => syscall === 'open') || has('EISDIR')) return { health: 'http-4xx', reason }
  if (has('ENOTFOUND', 'EAI_AGAIN')) return { health: 'refused', reason }
  return { health: 'reset', reason }
}

/** What proxies of service meshes say when they do not let plain HTTP through. */
function isMesh(headers: Readonly<Record<string, string | string[] | undefined>>, said: string): boolean {
  const server = String(headers['server'] ?? '')
  const isEnvoy = /^(istio-)?envoy$/i.test(server)
  return (
    (isEnvoy && /RBAC: access denied|upstream connect error|no healthy upstream|upgrade|TLS/i.test(said)) ||
    headers['l5d-proxy-error'] !== undefined ||
    headers['l5d-proxy-connection'] !== undefined
  )
}

function firstLine(body: Uint8Array): string {
  const text = Buffer.from(body.subarray(0, 300)).toString('utf8')
  return text
    .trim()
    .split('\n')[0]!
    .replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ')
    .slice(0, 160)
    .trim()
}

/** What a person can do about it. */
export const remedies: Readonly<Record<HealthClass, string>> = {
  ok: '',
  empty:
    'nothing is wrong: turn the profile on in the program (Go: runtime.SetBlockProfileRate, SetMutexProfileFraction) to have it',
  unsupported: 'the program does not offer this profile: set enabled: false for it, or correct its path',
  busy: 'another profiler is running in that process: conprof tries again soon; make sure only one scrapes it',
  refused:
    'nothing listens there, or the name is unknown: check address and port; where the program listens on localhost alone, let it listen on all addresses, or put conprof forward beside it',
  'connect-timeout':
    'no answer to the connection: check the address, and network policies or firewalls between',
  timeout: 'the answer took too long: raise the timeout, or lower the seconds of timed profiles',
  reset:
    'the connection was closed half-way: check the program’s log, and its server’s write timeout against the profile’s seconds',
  tls: 'check the scheme, and in the TLS settings authority, server name and certificates',
  'mesh-blocked': 'a mesh proxy refuses plain HTTP: exclude the port from the mesh or allow it in its policy',
  'http-4xx': 'check path, authorization and params',
  'http-5xx':
    'the program failed to make the profile, or what is before it did not reach it: the reason says which, the program’s log says why',
  'too-large':
    'the profile is beyond what conprof takes (32 MiB received, 128 MiB inflated): disable this type for the target',
  'not-pprof': 'the path answers something else than pprof: check port, path and prefix',
  'disk-full': 'make room on the disk of --storage.path: scraping goes on by itself',
}
