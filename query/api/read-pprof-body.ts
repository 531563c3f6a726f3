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

/** Parts of a form, beside which there may be line ends and headers. */
const maxFormBytes = 2 * maxSentBytes + 64 * 1024

/** Files that were posted, uncompressed: a body is one file, a form has one for each side. */
export interface PostedFiles {
  readonly file?: Uint8Array
  /** Always the base. */
  readonly baseFile?: Uint8Array
}

/**
 * What was posted, inflated where it is gzip; an answer that is made twice has it of the first time. Throws ApiErrors
 * for none, a broken one, or one that is too large.
 */
export function readPprofBody(
  ctx: Context,
  { signal }: { readonly signal: AbortSignal },
): Promise<PostedFiles> {
  const known = ctx.state['pprofBody'] as Promise<PostedFiles> | undefined
  const body = known ?? readFiles(ctx, signal)
  ctx.state['pprofBody'] = body
  return body
}

async function readFiles(ctx: Context, signal: AbortSignal): Promise<PostedFiles> {
  const type = ctx.get('content-type')
  if (!/^multipart\/form-data\b/i.test(type))
    return { file: await inflated(await readBody(ctx, { signal, maxBytes: maxSentBytes })) }
  const sent = await readBody(ctx, { signal, maxBytes: maxFormBytes })
  const parts = await readForm(sent, type)
  const files: { file?: Uint8Array; baseFile?: Uint8Array } = {}
  for (const [name, part] of parts) {
    const side = sides.get(name)
    if (side === undefined)
      throw new ApiError('bad_data', `read form: part ${JSON.stringify(name)}: want profile and base`)
    if (files[side] !== undefined)
      throw new ApiError('bad_data', `read form: part "${name}": it is there twice`)
    if (typeof part === 'string')
      throw new ApiError('bad_data', `read form: part "${name}": text, want a file`)
    if (part.size > maxSentBytes) throw tooLarge(`part "${name}" has ${formatByteSize(part.size)}`)
    files[side] = await inflated(await part.bytes())
  }
  if (parts.length === 0) throw new ApiError('bad_data', 'read form: it is empty, want profile and base')
  return files
}

const sides: ReadonlyMap<string, keyof PostedFiles> = new Map([
  ['profile', 'file'],
  ['base', 'baseFile'],
])

async function readForm(body: Uint8Array<ArrayBuffer>, type: string) {
  try {
    return [...(await new Response(body, { headers: { 'content-type': type } }).formData())]
  } catch (error) {
    throw new ApiError('bad_data', `read form: ${body.length} bytes are no ${JSON.stringify(type)}`, {
      cause: error,
    })
  }
}

function tooLarge(seen: string): ApiError {
  return new ApiError('too_large', `read file: ${seen}, want at most ${formatByteSize(maxSentBytes)}`)
}

async function readBody(
  ctx: Context,
  { signal, maxBytes }: { readonly signal: AbortSignal; readonly maxBytes: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(ctx.get('content-length') || 0)
  // What is still to come is not waited for.
  if (announced > maxBytes) throw tooLarge(`it has ${formatByteSize(announced)}`)
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of ctx.req as AsyncIterable<Uint8Array>) {
    signal.throwIfAborted()
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes) throw tooLarge('it is larger')
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
