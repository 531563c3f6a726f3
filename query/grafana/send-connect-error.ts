import type { Context } from 'koa'
import { errorTypeOf, setWarnings } from '../api/answer.ts'
import type { RouteRequest } from '../api/create-api.ts'
import type { ErrorType } from '../api/types.ts'

/** Codes of the Connect protocol that are answered, and their HTTP statuses. */
const statusOf = {
  canceled: 499,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  permission_denied: 403,
  failed_precondition: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
} as const

type ConnectCode = keyof typeof statusOf

const codeOf: Readonly<Partial<Record<ErrorType, ConnectCode>>> = {
  bad_data: 'invalid_argument',
  forbidden: 'permission_denied',
  not_found: 'not_found',
  execution: 'failed_precondition',
  canceled: 'canceled',
  timeout: 'deadline_exceeded',
  unavailable: 'unavailable',
}

export function sendConnectError(
  ctx: Context,
  { code, message }: { readonly code: ConnectCode; readonly message: string },
): void {
  ctx.status = statusOf[code]
  ctx.type = 'application/json'
  ctx.body = JSON.stringify({ code, message })
}

/** The answer to a request of Grafana's that threw; returns what the error was, as the API names it. */
export function sendThrown(ctx: Context, error: unknown, _route: string): ErrorType {
  const type = errorTypeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  sendConnectError(ctx, { code: codeOf[type] ?? 'internal', message })
  return type
}

/** Grafana shows none of them: they are in the log, in a metric, and in a header for whoever looks. */
export function tellWarnings(ctx: Context, warnings: readonly string[], { options }: RouteRequest): void {
  const shown = setWarnings(ctx, [...new Set(warnings)])
  if (shown.length > 0) options.log.warn({ path: ctx.path }, `answer Grafana: ${shown.join('; ')}`)
}
