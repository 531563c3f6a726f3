import type { Context } from 'koa'
import { z } from 'zod'
import { parseSelector } from '../../profile/selector.ts'
import type { CaptureDesk } from '../capture/capture-desk.ts'
import { captureId, captureLimits } from '../capture/capture-order.ts'
import { ApiError, sendData } from './answer.ts'
import type { CaptureRequest } from './capture-types.ts'
import type { RouteRequest } from './create-api.ts'
import { noParameters, readParameters } from './parameters.ts'
import { readJsonBody } from './read-json-body.ts'

const { seconds, count, pods, totalSeconds } = captureLimits

/** The body of POST /api/v1/capture. */
export const captureRequest = z
  .strictObject({
    query: z.string().max(10_000),
    seconds: z.number().int().min(1).max(seconds).default(10),
    count: z.number().int().min(1).max(count).default(1),
    pods: z.number().int().min(1).max(pods).default(5),
    goroutineText: z.boolean().default(false),
  } satisfies Record<keyof CaptureRequest, z.ZodType>)
  .refine((given) => given.seconds * given.count <= totalSeconds, {
    message: `seconds times count is more than ${totalSeconds}, an hour: want less`,
  })

export async function answerBeginCapture(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const { query, ...given } = await readJsonBody(ctx, captureRequest, { maxBytes: 64 * 1024 })
  const desk = deskOf(options.captures)
  const { answer, warnings } = await desk.begin({ ...given, matchers: parseSelector(query) }, { signal })
  sendData(ctx, answer, warnings)
}

export async function answerCapture(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const { answer, warnings } = await deskOf(options.captures).report(idOf(ctx), { signal })
  sendData(ctx, answer, warnings)
}

export async function answerCancelCapture(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const { answer, warnings } = await deskOf(options.captures).cancel(idOf(ctx), { signal })
  sendData(ctx, answer, warnings)
}

function deskOf(desk: CaptureDesk | undefined): CaptureDesk {
  if (desk !== undefined) return desk
  throw new ApiError('not_found', 'capture: this program has no collectors to ask')
}

function idOf(ctx: Context): string {
  const id = String((ctx as unknown as { params: { id: string } }).params.id)
  if (captureId.safeParse(id).success) return id
  throw new ApiError(
    'bad_data',
    `capture ${JSON.stringify(id)}: want an id as POST /api/v1/capture answers it`,
  )
}
