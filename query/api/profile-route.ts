import type { Context } from 'koa'
import { ApiError, sendJson, setWarnings } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { readParameters } from './parameters.ts'
import {
  type ProfileFormat,
  type ProfileParameters,
  pgoParameters,
  profileParameters,
} from './profile-parameters.ts'
import { readPprofBody } from './read-pprof-body.ts'
import { viewPgo } from './view-pgo.ts'
import { type ProfileView, viewProfile } from './view-profile.ts'

/** GET: of what is stored. */
export async function answerProfile(ctx: Context, request: RouteRequest): Promise<void> {
  sendView(ctx, await viewProfile(readGiven(ctx), contextOf(request)))
}

/** POST: of the file in the request's body, or of two in a form; nothing of them is stored. */
export async function answerPostedProfile(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readGiven(ctx)
  const files = await readPprofBody(ctx, request)
  try {
    sendView(ctx, await viewProfile(given, { ...contextOf(request), ...files }))
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'NOT_PPROF') throw error
    throw new ApiError('bad_data', `read file: ${(error as Error).message}`, { cause: error })
  }
}

/** GET /api/v1/pgo. */
export async function answerPgo(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(pgoParameters, new URLSearchParams(ctx.querystring))
  sendView(ctx, await viewPgo(given, contextOf(request)))
}

function readGiven(ctx: Context): ProfileParameters {
  return readParameters(profileParameters, new URLSearchParams(ctx.querystring))
}

function contextOf({ options, signal }: RouteRequest) {
  const { catalog, limits, merges } = options
  return { catalog, limits, merges, signal }
}

function sendView(ctx: Context, view: ProfileView): void {
  const { format, bytes, fileName, isGoroutineText = false, warnings } = view
  const type = contentTypes[format]
  if (type === undefined) {
    sendJson(ctx, bytes, warnings)
    return
  }
  setWarnings(ctx, warnings)
  // A file, not an encoding: no Content-Encoding, so that what is saved is what `go tool pprof` reads.
  if (isGoroutineText) {
    ctx.attachment(fileName, { type: 'inline' })
    // It is another program's: whatever is in it, a browser shows it as text.
    ctx.set('X-Content-Type-Options', 'nosniff')
  } else if (format === 'pprof' || format === 'speedscope') ctx.attachment(fileName)
  ctx.type = isGoroutineText ? 'text/plain; charset=utf-8' : type
  ctx.body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Others are JSON in the envelope. */
const contentTypes: Partial<Record<ProfileFormat, string>> = {
  pprof: 'application/octet-stream',
  collapsed: 'text/plain; charset=utf-8',
  traces: 'text/plain; charset=utf-8',
  dot: 'text/vnd.graphviz; charset=utf-8',
  speedscope: 'application/json',
}
