import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bucket } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import type { PendingBlocks } from './pending-blocks.ts'

export interface UploadOptions {
  readonly pending: PendingBlocks
  readonly bucket: Bucket
  readonly logger: Logger
  /** After a failed PUT; doubles up to `maxBackoffMs`. */
  readonly minBackoffMs?: number
  readonly maxBackoffMs?: number
  /** How often to look for new blocks. */
  readonly intervalMs?: number
  /** An uploaded block stays in `pending/` this long, so that readers with an older listing still find it. */
  readonly keepUploadedMs?: number
  readonly onUploaded?: (key: string, sizeBytes: number) => void
  readonly onFailure?: (key: string, error: unknown) => void
  /** Ends once all are uploaded, or one could not be, instead of waiting for more. */
  readonly isLast?: boolean
}

/** Brings pending blocks to the bucket, one after the other, for as long as it takes. Never rejects. */
export async function uploadBlocks(options: UploadOptions & { readonly signal: AbortSignal }): Promise<void> {
  const { pending, bucket, logger, signal, isLast = false } = options
  const minBackoffMs = options.minBackoffMs ?? 1000
  const maxBackoffMs = options.maxBackoffMs ?? 60_000
  let backoffMs = 0
  let failures = 0
  while (!signal.aborted) {
    // One that the bucket will not have must not keep the others waiting.
    const waiting = pending.waiting()
    const block = waiting[failures % Math.max(waiting.length, 1)]
    if (isLast && (block === undefined || failures > 0)) return
    if (block !== undefined) {
      try {
        await bucket.putFile(`blocks/${block.key}`, block.path, { signal })
        pending.markUploaded(block.key)
        options.onUploaded?.(block.key, block.sizeBytes)
        if (backoffMs > 0) logger.info({ bucket: bucket.name }, 'bucket takes blocks again')
        backoffMs = 0
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (!existsSync(block.path)) {
          logger.error({ block: block.key }, `upload block: "${block.path}" is gone`)
          pending.forget(block.key)
          continue
        }
        failures++
        backoffMs = Math.min(Math.max(backoffMs * 2, minBackoffMs), maxBackoffMs)
        options.onFailure?.(block.key, error)
        logger.warn(
          { bucket: bucket.name, block: block.key, pending: pending.waiting().length, backoffMs },
          `upload block: ${(error as Error).message}`,
        )
      }
    }
    await pending.deleteUploaded(isLast ? 0 : (options.keepUploadedMs ?? 120_000)).catch((error: unknown) => {
      logger.warn(`delete uploaded block: ${(error as Error).message}`)
    })
    if (isLast) continue
    const idleMs = pending.waiting().length === 0 ? (options.intervalMs ?? 500) : 0
    // Up to half as long again, so that collectors do not come back all at once.
    const waitMs = backoffMs > 0 ? backoffMs * (1 + Math.random() / 2) : idleMs
    await sleep(waitMs, undefined, { signal }).catch(() => {})
  }
}
