import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Context } from 'koa'
import { formatByteSize } from '../../lib/byte-size.ts'
import { ApiError } from './answer.ts'

const inflate = promisify(gunzip)

/** Of a file as it is sent. */
export const maxSentBytes = 32 * 1024 * 1024
/** Of what is in it once it is inflated; in memory it is a few times that. */
export const maxInflatedBytes = 128 * 1024 * 1024

/**
 * The file that was posted, inflated where it is gzip; an answer that is made twice has it of the first time. Throws
 * ApiErrors for none, a broken one, or one that is too large.
 */
export function readPprofBody(
  ctx: Context,
  { signal }: { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const known = ctx.state['pprofBody'] as Promise<Uint8Array> | undefined
  const body = known ?? readBody(ctx, signal).then(inflated)
  ctx.state['pprofBody'] = body
  return body
}

async function readBody(ctx: Context, signal: AbortSignal): Promise<Uint8Array> {
  const tooLarge = (seen: string) =>
    // What is still to come is not waited for.
    new ApiError('too_large', `read file: ${seen}, want at most ${formatByteSize(maxSentBytes)}`)
  const announced = Number(ctx.get('content-length') || 0)
  if (announced > maxSentBytes) throw tooLarge(`it has ${formatByteSize(announced)}`)
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of ctx.req as AsyncIterable<Uint8Array>) {
    signal.throwIfAborted()
    sizeBytes += chunk.length
    if (sizeBytes > maxSentBytes) throw tooLarge('it is larger')
    chunks.push(chunk)
  }
  if (sizeBytes === 0)
    throw new ApiError('bad_data', 'read file: no bytes came, want a pprof file as the body')
  return Buffer.concat(chunks)
}

async function inflated(body: Uint8Array): Promise<Uint8Array> {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body
  try {
    return await inflate(body, { maxOutputLength: maxInflatedBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const most = formatByteSize(maxInflatedBytes)
      throw new ApiError('too_large', `read file: inflated it is larger, want at most ${most}`, {
        cause: error,
      })
    }
    throw new ApiError('bad_data', `read file: gzip of ${body.length} bytes: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
