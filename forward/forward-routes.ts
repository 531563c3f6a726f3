import { pipeline } from 'node:stream/promises'
import type { Context, Middleware } from 'koa'
import type { Logger } from '../lib/log.ts'
import { askProgram, describeFailure, passedHeaders } from './ask-program.ts'
import type { ProgramAddress } from './program-address.ts'
import { type RequestRules, ruleOn } from './request-rules.ts'

export interface ForwardRoutesOptions {
  readonly program: ProgramAddress
  readonly rules: RequestRules
  readonly logger: Logger
  /** How many requests the program is asked at once. */
  readonly maxRunning?: number
  /** How long an answer may take beside its seconds. */
  readonly slackMs?: number
}

/** Answers every request that comes as far as this: with what the program says, or with why it is not asked. */
export function forwardRoutes({
  program,
  rules,
  logger,
  maxRunning = 16,
  slackMs = longestTimeoutMs,
}: ForwardRoutesOptions): Middleware {
  const report = createFailureReport(logger)
  let running = 0
  return async (ctx) => {
    const { method, path, querystring: query, headers } = ctx
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    // What is not read of a body must not be taken for the next request.
    if (hasBody) ctx.set('Connection', 'close')
    const ruling = ruleOn(rules, { method, path, query, hasBody })
    if ('problem' in ruling) return refuse(ctx, ruling)
    ctx.state['route'] = path
    // Of all who ask too much a collector comes again, later, from these words; 503 it would take for a mesh's.
    if (running >= maxRunning) {
      return refuse(ctx, { status: 429, problem: `${running} requests are already running: try again later` })
    }
    running++
    try {
      const limitMs = ruling.seconds * 1000 + slackMs
      await pass(ctx, { program, target: ruling.target, limitMs, report })
    } finally {
      running--
    }
  }
}

interface PassOptions {
  readonly program: ProgramAddress
  readonly target: string
  readonly limitMs: number
  readonly report: (problem: string | undefined) => void
}

/** Resolves once the client has the answer, or is gone. */
async function pass(ctx: Context, { program, target, limitMs, report }: PassOptions): Promise<void> {
  const stop = new AbortController()
  const late = new DOMException(`no whole answer within ${limitMs / 1000} s`, 'TimeoutError')
  const timer = setTimeout(() => stop.abort(late), limitMs)
  const { method, headers, res } = ctx
  // A profile that nobody waits for is not taken to its end.
  res.once('close', () => stop.abort())
  let hasBegun = false
  try {
    const answer = await askProgram(program, { method, target, headers, signal: stop.signal })
    report(undefined)
    hasBegun = true
    ctx.status = answer.statusCode ?? 502
    ctx.set({ ...passedHeaders(answer.headers), ...noSniffing })
    ctx.respond = false
    // Half an answer must not look whole: where one side breaks, the other sees it break.
    await pipeline(answer, res)
  } catch (error) {
    const isLate = stop.signal.reason === late
    if (!isLate && isOfClient(error as Error)) return
    const failure = describeFailure(program, isLate ? late : (error as Error))
    report(failure.problem)
    if (!hasBegun) refuse(ctx, failure)
  } finally {
    clearTimeout(timer)
  }
}

/** Whether it was the client that went away. */
function isOfClient(error: Error): boolean {
  const { name, code } = error as NodeJS.ErrnoException
  return name === 'AbortError' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function refuse(
  ctx: Context,
  { status, problem }: { readonly status: number; readonly problem: string },
): void {
  ctx.status = status
  ctx.type = 'text/plain; charset=utf-8'
  ctx.set(noSniffing)
  ctx.body = `${problem}\n`
}

/** What a program says, a browser need not guess at. */
const noSniffing = { 'X-Content-Type-Options': 'nosniff' }

/** A line when it begins to fail, or fails in another way, and one when it answers again. */
function createFailureReport(logger: Logger): (problem: string | undefined) => void {
  let last: string | undefined
  return (problem) => {
    if (problem !== undefined && problem !== last) logger.warn(`ask the program: ${problem}`)
    else if (problem === undefined && last !== undefined) logger.info('the program answers again')
    last = problem
  }
}

/** The longest that a ProfileTarget may ask for: who scrapes gives up first. */
const longestTimeoutMs = 300_000
