import { KubeError, type KubeErrorCode, type KubeRequest } from './kube-client.ts'

/** Of an answer that is not 2xx: `patch "/apis/…": 409 Conflict: the object has been modified`. */
export function answerError(
  request: KubeRequest,
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
): KubeError {
  return errorOf(nameOf(request), request.path, statusOf(status, body), retryAfterMsOf(headers))
}

/** Of the Status object in an `ERROR` event of a watch. */
export function eventError(path: string, object: unknown): KubeError {
  const { code = 500, reason = '', message = '' } = (object ?? {}) as Partial<Status>
  return errorOf('watch', path, { code, reason, message }, undefined)
}

export function unreachableError(request: KubeRequest, server: string, cause: unknown): KubeError {
  return new KubeError(
    `${nameOf(request)} ${JSON.stringify(request.path)}: no answer from ${server}: ${causeText(cause)}`,
    {
      code: 'UNREACHABLE',
      status: 0,
      reason: '',
      cause,
    },
  )
}

interface Status {
  readonly code: number
  readonly reason: string
  readonly message: string
}

function errorOf(
  verb: string,
  path: string,
  { code: status, reason, message }: Status,
  retryAfterMs: number | undefined,
): KubeError {
  // A message can quote what was sent, and of Secrets nothing may get into a log.
  const isQuotable = !/\/secrets(\/|$)/.test(path) || quotableReasons.has(reason)
  const said = isQuotable ? oneLine(message) : ''
  const parts = [`${verb} ${JSON.stringify(path)}`, `${status} ${reason}`.trim(), said]
  return new KubeError(parts.filter((part) => part !== '').join(': '), {
    code: codeOf(status, reason),
    status,
    reason,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** Their messages name the object and who asked, no more. */
const quotableReasons = new Set(['NotFound', 'Forbidden', 'AlreadyExists', 'Conflict', 'Unauthorized'])

function statusOf(status: number, body: string): Status {
  try {
    const { reason, message } = JSON.parse(body) as Partial<Status>
    return { code: status, reason: String(reason ?? ''), message: String(message ?? '') }
  } catch {
    // A proxy on the way, or the server before it knows what it serves.
    return { code: status, reason: '', message: body }
  }
}

function codeOf(status: number, reason: string): KubeErrorCode {
  if (status === 409) return reason === 'AlreadyExists' ? 'ALREADY_EXISTS' : 'CONFLICT'
  return codes[status] ?? (status >= 500 ? 'SERVER_ERROR' : 'BAD_REQUEST')
}

const codes: Readonly<Record<number, KubeErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  410: 'GONE',
  422: 'INVALID',
  429: 'TOO_MANY_REQUESTS',
}

function nameOf({ method = 'GET', query }: KubeRequest): string {
  return query?.['watch'] === undefined ? method.toLowerCase() : 'watch'
}

/** In seconds, or as a date. */
function retryAfterMsOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): number | undefined {
  const value = headers['retry-after']
  if (typeof value !== 'string') return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  // Several addresses of one name were tried.
  const [first] = cause instanceof AggregateError ? (cause.errors as Error[]) : []
  return oneLine((first ?? cause).message)
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' ')
  return line.length > 500 ? `${line.slice(0, 500)}…` : line
}
