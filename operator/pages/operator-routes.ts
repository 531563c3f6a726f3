import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { z } from 'zod'
import { explainPod, type PodAnswer } from './explain-pod.ts'
import { listTargets, type TargetsFilter } from './list-targets.ts'
import type { OperatorState } from './operator-state.ts'
import { contentSecurityPolicy } from './page.ts'
import { podPage } from './pod-page.ts'
import { defaultLimit, maxLimit, targetsPage, views } from './targets-page.ts'

const count = (max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'want a whole number')
    .transform(Number)
    .pipe(z.int().max(max))
const text = z
  .string()
  .max(253)
  .transform((value) => (value.trim() === '' ? undefined : value.trim()))

const parameters = z.strictObject({
  namespace: text.optional(),
  pod: text.optional(),
  offset: count(100_000_000).default(0),
  limit: count(maxLimit).default(defaultLimit),
})
const pageParameters = parameters.extend({ view: z.enum(views).default('dropped') })

/** What the operator shows: pages for people, and the same as JSON. */
export function operatorRoutes(options: {
  readonly state: OperatorState
  readonly now?: () => number
}): Middleware {
  const { state, now = Date.now } = options
  const router = new Router()
  const answerPod = async (ctx: Context): Promise<PodAnswer | undefined> => {
    const { namespace = '', name = '' } = ctx['params'] as { namespace?: string; name?: string }
    const pod = state.pod(namespace, name)
    if (pod === undefined) {
      sendError(ctx, 404, 'not_found', unknownPod(state, namespace, name))
      return undefined
    }
    const scrapes = await state.scrapesOf(pod, { signal: AbortSignal.timeout(scrapesTimeoutMs) })
    return explainPod(pod, scrapes, { namespace: state.namespace, nowMs: now() })
  }
  router.get('/', (ctx) => ctx.redirect('targets'))
  router.get('/targets', (ctx) => {
    const given = read(ctx, pageParameters)
    if (given === undefined) return
    const { view, ...filter } = given
    sendPage(ctx, targetsPage(state, listTargets(state, filter), { view, filter, nowMs: now() }))
  })
  router.get('/targets/:namespace/:name', async (ctx) => {
    const answer = await answerPod(ctx)
    if (answer !== undefined) sendPage(ctx, podPage(answer))
  })
  router.get('/api/v1/targets', (ctx) => {
    const filter: TargetsFilter | undefined = read(ctx, parameters)
    if (filter !== undefined) sendData(ctx, listTargets(state, filter))
  })
  router.get('/api/v1/pods/:namespace/:name', async (ctx) => {
    const answer = await answerPod(ctx)
    if (answer !== undefined) sendData(ctx, answer)
  })
  return router.routes() as unknown as Middleware
}

/** Shorter than what a person waits, and than the collectors' own bound together with ours. */
const scrapesTimeoutMs = 8000

function unknownPod(state: OperatorState, namespace: string, name: string): string {
  const what = `pod ${JSON.stringify(`${namespace}/${name}`)} is not known to the operator`
  const notReady = state.notReady()
  if (notReady !== undefined) return `${what}, which does not know all yet: ${notReady}`
  return `${what}: there is none of this name, or the operator does not watch it (--watch.namespaces, --pod-label-selector)`
}

function read<Schema extends z.ZodType>(ctx: Context, schema: Schema): z.output<Schema> | undefined {
  const { data, error } = schema.safeParse(Object.fromEntries(new URLSearchParams(ctx.querystring)))
  if (error === undefined) return data
  const [issue] = error.issues
  const where = issue?.path.join('.') ?? ''
  sendError(ctx, 400, 'bad_data', `read parameters: ${where === '' ? '' : `${where}: `}${issue?.message}`)
  return undefined
}

function sendPage(ctx: Context, text: string): void {
  ctx.set('Content-Security-Policy', contentSecurityPolicy)
  ctx.set('Cache-Control', 'no-store')
  ctx.type = 'text/html; charset=utf-8'
  ctx.body = text
}

/** The envelope of Prometheus, as all programs answer. */
function sendData(ctx: Context, data: unknown): void {
  ctx.type = 'application/json'
  ctx.body = JSON.stringify({ status: 'success', data })
}

function sendError(ctx: Context, status: number, errorType: string, error: string): void {
  ctx.status = status
  ctx.type = 'application/json'
  ctx.body = JSON.stringify({ status: 'error', errorType, error })
}
