import type { Context } from 'koa'
import { z } from 'zod'
import { parseSelector } from '../../profile/selector.ts'
import { parseTime } from '../time.ts'
import { ApiError, sendData } from './answer.ts'
import type { ApiOptions, RouteRequest } from './create-api.ts'
import type { PinAnswer, PinsAnswer } from './overview-types.ts'
import { noParameters, rangeOf, readParameters } from './parameters.ts'
import type { PinStore } from './pin-store.ts'
import { readJsonBody } from './read-json-body.ts'

/** As answers have times, or as requests do. */
const pinTime = z.union([z.int().min(0), z.string()])

/** The body of POST /api/v1/pins. */
export const pinRequest = z.strictObject({
  name: z.string().max(63),
  match: z.string().max(10_000),
  start: pinTime,
  end: pinTime,
} satisfies Record<keyof PinAnswer, z.ZodType>)

export async function answerPins(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const pins = await storeOf(options).list({ signal })
  sendData(ctx, { pins } satisfies PinsAnswer)
}

/** Answers with all there are. */
export async function answerAddPin(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const store = storeOf(options)
  const { name, match, ...times } = await readJsonBody(ctx, pinRequest, { maxBytes: 64 * 1024 })
  parseSelector(match)
  const { startMs, endMs } = await refusing(async () =>
    rangeOf({ start: timeOf(times.start), end: timeOf(times.end) }),
  )
  if (startMs < 0) throw new ApiError('bad_data', 'pin: "start" is before 1970')
  await refusing(() => store.add({ name, match, start: startMs, end: endMs }))
  sendData(ctx, { pins: await store.list({ signal }) } satisfies PinsAnswer)
}

/** Answers with those that are left. */
export async function answerRemovePin(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const store = storeOf(options)
  const name = String((ctx as unknown as { params: { name: string } }).params.name)
  if (!(await refusing(() => store.remove(name))))
    throw new ApiError('not_found', `unpin ${JSON.stringify(name)}: no such pin`)
  sendData(ctx, { pins: await store.list({ signal }) } satisfies PinsAnswer)
}

function storeOf({ pins }: ApiOptions): PinStore {
  if (pins === undefined) throw new ApiError('not_found', 'pins: this program has no bucket to keep them in')
  return pins
}

/** What cannot be read is the request's fault. */
async function refusing<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ApiError('bad_data', error.message, { cause: error })
  }
}

function timeOf(given: number | string): number {
  return typeof given === 'number' ? given : parseTime(given, Date.now())
}
