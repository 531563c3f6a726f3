import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Context } from 'koa'

const compress = promisify(gzip)

/**
 * Packs an answer of text for a client that takes gzip: through a port-forward its bytes are what takes time. Files
 * to download stay as they are, because what is saved must be the file.
 */
export async function compressAnswer(ctx: Context): Promise<void> {
  const { body } = ctx
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return
  if (!/^(application\/json|text\/)/.test(ctx.type) || ctx.res.hasHeader('Content-Disposition')) return
  ctx.vary('Accept-Encoding')
  if (body.length < smallestBytes || ctx.res.hasHeader('Content-Encoding')) return
  if (ctx.acceptsEncodings('gzip', 'identity') !== 'gzip') return
  // The fastest level: an answer is packed once and read once.
  ctx.body = await compress(body, { level: 1 })
  ctx.set('Content-Encoding', 'gzip')
}

/** Below this a packet more or less is all there is to save. */
const smallestBytes = 4096
