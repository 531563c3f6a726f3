import type { Context } from 'koa'
import type { z } from 'zod'
import { ApiError } from './answer.ts'

/** The request's body as JSON, checked. Throws an ApiError that names what is wrong in it, or its size. */
export async function readJsonBody<Schema extends z.ZodType>(
  ctx: Context,
  schema: Schema,
  { maxBytes }: { readonly maxBytes: number },
): Promise<z.output<Schema>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of ctx.req as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > maxBytes) throw new ApiError('bad_data', `read body: more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  let given: unknown
  try {
    given = JSON.parse(Buffer.concat(chunks).toString())
  } catch (error) {
    throw new ApiError('bad_data', `read body: ${(error as Error).message}`, { cause: error })
  }
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const place = issue!.path.length === 0 ? 'body' : `body, ${JSON.stringify(issue!.path.join('.'))}`
  const message = issue!.message.replace(/^./, (letter) => letter.toLowerCase())
  throw new ApiError('bad_data', `${place}: ${message}`, { cause: result.error })
}
