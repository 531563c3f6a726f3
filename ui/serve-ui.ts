import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Middleware } from 'koa'
import { buildUi } from './build.ts'
import { readUiFiles, type UiFile, uiContentSecurityPolicy } from './ui-files.ts'

const gzipped = promisify(gzip)

/** Bundles the UI and serves it from memory, so that nothing of an older one is ever shown. */
export async function serveUi(options: { readonly prefix: string }): Promise<Middleware> {
  const outDir = await mkdtemp(join(tmpdir(), 'conprof-ui-'))
  try {
    await buildUi({ outDir })
    const files = await readUiFiles({ outDir, prefix: options.prefix })
    // Each when it is first asked for: most of them never are.
    const packing = new Map<UiFile, Promise<Uint8Array>>()
    const pack = (file: UiFile) => {
      const known = packing.get(file) ?? gzipped(file.body)
      packing.set(file, known)
      return known
    }
    return async (ctx, next) => {
      const file = files.get(ctx.path.slice(1))
      if (file === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
      ctx.state['route'] = 'ui'
      ctx.set('Cache-Control', file.cacheControl)
      ctx.set('X-Content-Type-Options', 'nosniff')
      if (file.contentType.startsWith('text/html')) {
        ctx.set('Content-Security-Policy', uiContentSecurityPolicy)
      }
      ctx.type = file.contentType
      const packed = isText(file) ? await pack(file) : undefined
      if (packed !== undefined) ctx.vary('Accept-Encoding')
      const isPacked = packed !== undefined && ctx.acceptsEncodings('gzip', 'identity') === 'gzip'
      if (isPacked) ctx.set('Content-Encoding', 'gzip')
      const bytes = isPacked ? packed : file.body
      ctx.body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
  } finally {
    await rm(outDir, { recursive: true, force: true })
  }
}

function isText({ contentType, body }: UiFile): boolean {
  return /^(text|application\/json|image\/svg)/.test(contentType) && body.length > 1000
}
