import type { Context } from 'koa'
import { SelectorError } from '../../profile/selector.ts'
import { saysMissing } from '../missing.ts'
import type { ErrorAnswer, ErrorType, SuccessAnswer } from './types.ts'

/** A request that gets no answer, and why. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ErrorType

  constructor(code: ErrorType, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const statusOf: Readonly<Record<ErrorType, number>> = {
  bad_data: 400,
  forbidden: 403,
  not_found: 404,
  too_large: 413,
  execution: 422,
  canceled: 499,
  internal: 500,
  timeout: 503,
  unavailable: 503,
}

/** As `sendData`, of data that was made JSON elsewhere. */
export function sendJson(ctx: Context, data: Uint8Array, warnings: readonly string[] = []): void {
  const shown = setWarnings(ctx, warnings)
  const rest = shown.length > 0 ? `,"warnings":${JSON.stringify(shown)}}` : '}'
  ctx.type = 'application/json'
  ctx.body = Buffer.concat([Buffer.from('{"status":"success","data":'), data, Buffer.from(rest)])
}

export function sendData(ctx: Context, data: unknown, warnings: readonly string[] = []): void {
  const shown = setWarnings(ctx, warnings)
  const answer: SuccessAnswer<unknown> = {
    status: 'success',
    data,
    ...(shown.length > 0 ? { warnings: shown } : {}),
  }
  ctx.type = 'application/json'
  ctx.body = JSON.stringify(answer)
}

/** In a header too, for answers that are no JSON. Returns those that are shown. */
export function setWarnings(ctx: Context, warnings: readonly string[]): readonly string[] {
  ctx.state['isPartial'] = warnings.some(saysMissing)
  if (warnings.length === 0) return []
  const rest = warnings.length - maxWarnings
  const shown = rest > 0 ? [...warnings.slice(0, maxWarnings), `and ${rest} more warnings`] : warnings
  // Header values are printable ASCII, and servers bound their length.
  ctx.set(
    'X-Conprof-Warnings',
    shown
      .join('; ')
      .replaceAll(/[^\x20-\x7e]/g, '?')
      .slice(0, 4096),
  )
  return shown
}

const maxWarnings = 20

/** Whether the answer that was set lacks something that is stored. */
export function isPartial(ctx: Context): boolean {
  return ctx.state['isPartial'] === true
}

/** What lies in a store and cannot be read now is no fault of this program. */
export function errorTypeOf(error: unknown): ErrorType {
  if (error instanceof ApiError) return error.code
  if (error instanceof SelectorError) return 'bad_data'
  return unreadableCodes.has(String((error as { readonly code?: unknown } | undefined)?.code))
    ? 'unavailable'
    : 'internal'
}

const unreadableCodes = new Set([
  'BLOCK_CORRUPT',
  'BLOCK_TOO_NEW',
  'NOT_FOUND',
  'FORBIDDEN',
  'UNAVAILABLE',
  'ENOENT',
  // Of another process that has it.
  'AWAY',
  'REFUSED',
  'SILENT',
])

/**
 * The answer to a request that threw. `go tool pprof` prints a body of plain text where `X-Go-Pprof` says that it
 * is meant for people, so downloads get their errors that way.
 */
export function sendError(ctx: Context, error: unknown, options: { readonly asText: boolean }): ErrorType {
  const code = errorTypeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  ctx.status = statusOf[code]
  if (options.asText) {
    ctx.set('X-Go-Pprof', '1')
    ctx.type = 'text/plain; charset=utf-8'
    ctx.body = `${message}\n`
    return code
  }
  const answer: ErrorAnswer = {
    status: 'error',
    errorType: code,
    error: message,
    ...(error instanceof SelectorError ? { position: { from: error.from, to: error.to } } : {}),
  }
  ctx.type = 'application/json'
  ctx.body = JSON.stringify(answer)
  return code
}
