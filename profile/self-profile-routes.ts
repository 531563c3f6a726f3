import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { SelfProfiler } from './self-profiler.ts'

/** `/debug/pprof/{profile,heap}` as Go's net/http/pprof answers them, for `go tool pprof` and for ourselves. */
export function selfProfileRoutes(profiler: SelfProfiler): Middleware {
  const router = new Router()
  router.get('/debug/pprof/profile', async (ctx) => {
    const seconds = Number(ctx.query['seconds'] ?? 30)
    if (!(seconds > 0 && seconds <= maxSeconds)) {
      refuse(
        ctx,
        400,
        `seconds ${JSON.stringify(ctx.query['seconds'])}: want more than 0, at most ${maxSeconds}`,
      )
      return
    }
    const gone = new AbortController()
    ctx.res.once('close', () => gone.abort())
    const profile = await profiler.cpu({ durationMs: seconds * 1000, signal: gone.signal })
    if (profile === undefined) {
      refuse(ctx, 500, 'Could not enable CPU profiling: cpu profiling already in use')
      return
    }
    await send(ctx, 'profile', profile)
  })
  router.get('/debug/pprof/heap', async (ctx) => {
    await send(ctx, 'heap', profiler.heap())
  })
  return router.routes() as unknown as Middleware
}

async function send(ctx: Context, name: string, profile: Uint8Array): Promise<void> {
  ctx.set('Content-Disposition', `attachment; filename="${name}"`)
  ctx.set('X-Content-Type-Options', 'nosniff')
  ctx.type = 'application/octet-stream'
  ctx.body = await promisify(gzip)(profile)
}

/** The header is how `go tool pprof` knows that the text is meant for a person. */
function refuse(ctx: Context, status: number, text: string): void {
  ctx.status = status
  ctx.set('X-Go-Pprof', '1')
  ctx.type = 'text/plain; charset=utf-8'
  ctx.body = `${text}\n`
}

const maxSeconds = 3600
