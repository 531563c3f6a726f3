import { open } from 'node:fs/promises'
import type { Context } from 'koa'
import type { PendingFile } from '../pending-files.ts'
import { ApiError, sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { noParameters, readParameters } from './parameters.ts'
import type { PendingBlocksAnswer } from './types.ts'

/** The blocks that the bucket may not have yet: what another process reads by range. */
export function answerPendingBlocks(ctx: Context, { options }: RouteRequest): void {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const blocks = pendingFiles(options).map(({ key, sizeBytes }) => ({ key, sizeBytes }))
  const startedMs = Math.round(performance.timeOrigin)
  sendData(ctx, { startedMs, blocks } satisfies PendingBlocksAnswer)
}

/** Bytes of one of them: one range as 206, the whole of it without a `Range`. */
export async function answerPendingBlock(ctx: Context, { options }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  const key = ctx.path.replace(/^.*?\/blocks\/pending\//i, '')
  // Only names from the list reach the disk.
  const file = pendingFiles(options).find((each) => each.key === key)
  if (file === undefined) throw gone(key)
  const range = rangeOf(ctx.get('range'), file)
  const handle = await open(file.path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? gone(key) : error
  })
  ctx.type = 'application/octet-stream'
  ctx.set('Accept-Ranges', 'bytes')
  ctx.length = range.length
  if (range.isPart) {
    ctx.status = 206
    ctx.set('Content-Range', `bytes ${range.first}-${range.last}/${file.sizeBytes}`)
  }
  // The stream closes the handle, also where the client goes away.
  ctx.body = handle.createReadStream({ start: range.first, end: range.last, highWaterMark: 256 * 1024 })
}

function pendingFiles({ pending }: RouteRequest['options']): readonly PendingFile[] {
  if (pending === undefined)
    throw new ApiError('not_found', 'list pending blocks: this program scrapes nothing')
  return pending()
}

function gone(key: string): ApiError {
  return new ApiError(
    'not_found',
    `read pending block ${JSON.stringify(key)}: not here, or in the bucket by now`,
  )
}

function rangeOf(header: string, { key, sizeBytes }: PendingFile) {
  if (header === '') return { first: 0, last: sizeBytes - 1, length: sizeBytes, isPart: false }
  const [, from, to] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header) ?? []
  const first = Number(from)
  const last = to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1)
  if (from === undefined || first > last) {
    throw new ApiError(
      'bad_data',
      `read pending block ${JSON.stringify(key)}: range ${JSON.stringify(header)}, want bytes=a-b below ${sizeBytes}`,
    )
  }
  return { first, last, length: last - first + 1, isPart: true }
}
