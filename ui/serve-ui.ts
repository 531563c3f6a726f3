import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Middleware } from 'koa'
import { buildUi } from './build.ts'
import { readUiFiles, uiContentSecurityPolicy } from './ui-files.ts'

/** Bundles the UI and serves it from memory, so that nothing of an older one is ever shown. */
export async function serveUi(options: { readonly prefix: string }): Promise<Middleware> {
  const outDir = await mkdtemp(join(tmpdir(), 'conprof-ui-'))
  try {
    await buildUi({ outDir })
    const files = await readUiFiles({ outDir, prefix: options.prefix })
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
      ctx.body = Buffer.from(file.body.buffer, file.body.byteOffset, file.body.byteLength)
    }
  } finally {
    await rm(outDir, { recursive: true, force: true })
  }
}
