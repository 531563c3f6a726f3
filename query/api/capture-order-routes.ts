import type { Context } from 'koa'
import { captureOrder } from '../capture/capture-order.ts'
import type { CaptureOrders } from '../capture/capture-source.ts'
import { guarded } from './admin-guard.ts'
import { ApiError, sendData } from './answer.ts'
import type { Route, RouteRequest } from './create-api.ts'
import { noParameters, readParameters } from './parameters.ts'
import { readJsonBody } from './read-json-body.ts'

/** What query asks of a collector; others have no token for it, or no permission. */
export const answerOrder: Route = ordered(async (ctx, { orders }) => {
  const order = await readJsonBody(ctx, captureOrder, { maxBytes: 1024 * 1024 })
  try {
    sendData(ctx, orders.begin(order))
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === undefined) throw error
    throw new ApiError('unavailable', (error as Error).message, { cause: error })
  }
})

/** `null` where this process does not know it, or not any more. */
export const answerOrderReport: Route = ordered((ctx, { orders, id }) => {
  sendData(ctx, orders.report(id) ?? null)
})

export const answerCancelOrder: Route = ordered((ctx, { orders, id }) => {
  sendData(ctx, { wasRunning: orders.cancel(id) })
})

function ordered(
  answer: (
    ctx: Context,
    what: { readonly orders: CaptureOrders; readonly id: string },
  ) => Promise<void> | void,
): Route {
  return (ctx: Context, request: RouteRequest) => {
    readParameters(noParameters, new URLSearchParams(ctx.querystring))
    const { captureOrders } = request.options
    if (captureOrders === undefined)
      throw new ApiError('not_found', 'take capture order: this program scrapes nothing')
    const { orders, access } = captureOrders
    const id = String((ctx as unknown as { params: { id?: string } }).params.id ?? '')
    if (ctx.method === 'GET') return answer(ctx, { orders, id })
    return guarded(access, () => answer(ctx, { orders, id }))(ctx, request)
  }
}
