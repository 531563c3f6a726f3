import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, type Registry } from 'prom-client'
import { parseBlockKey } from '../block/block-key.ts'
import type { Bucket } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'

export interface RetentionLimits {
  /** `--storage.retention.time`: a block whose last profile is older goes. */
  readonly maxAgeMs?: number
  /** `--storage.retention.size`: the oldest blocks go until all of them are at most this large. */
  readonly maxBytes?: number
  /** Blocks whose last profile is younger are never deleted for size. */
  readonly minAgeMs?: number
}

export interface StoredBlock {
  readonly key: string
  readonly sizeBytes: number
  readonly maxTimeMs: number
}

export interface Expired {
  readonly block: StoredBlock
  readonly reason: 'time' | 'size'
}

/** Which blocks to delete, oldest first. */
export function selectExpired(
  blocks: readonly StoredBlock[],
  limits: RetentionLimits,
  nowMs: number,
): Expired[] {
  const { maxAgeMs = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = limits
  const minAgeMs = limits.minAgeMs ?? 2 * 3_600_000
  let bytes = blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const expired: Expired[] = []
  for (const block of blocks.toSorted((a, b) => a.maxTimeMs - b.maxTimeMs || (a.key < b.key ? -1 : 1))) {
    const ageMs = nowMs - block.maxTimeMs
    const isTooOld = ageMs > maxAgeMs
    if (!isTooOld && (bytes <= maxBytes || ageMs < minAgeMs)) continue
    expired.push({ block, reason: isTooOld ? 'time' : 'size' })
    bytes -= block.sizeBytes
  }
  return expired
}

export interface RetentionOptions {
  readonly bucket: Bucket
  readonly limits: RetentionLimits
  readonly logger: Logger
  readonly registry: Registry
  readonly intervalMs?: number
}

/** Deletes expired blocks, whole ones, once an hour. */
export class Retention {
  readonly #options: RetentionOptions
  readonly #blocks: Counter<'reason'>
  readonly #bytes: Counter<'reason'>
  readonly #failures: Counter

  constructor(options: RetentionOptions) {
    this.#options = options
    const registers = [options.registry]
    this.#blocks = new Counter({
      name: 'conprof_retention_deleted_blocks_total',
      help: 'Blocks deleted from the bucket, by reason.',
      labelNames: ['reason'],
      registers,
    })
    this.#bytes = new Counter({
      name: 'conprof_retention_deleted_bytes_total',
      help: 'Their bytes.',
      labelNames: ['reason'],
      registers,
    })
    this.#failures = new Counter({
      name: 'conprof_retention_failures_total',
      help: 'Rounds that ended early and will be made up for.',
      registers,
    })
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.deleteExpired({ signal })
      } catch (error) {
        if (signal.aborted) return
        this.#failures.inc()
        this.#options.logger.warn(`delete expired blocks, will try again: ${(error as Error).message}`)
      }
      await sleep(this.#options.intervalMs ?? 3_600_000, undefined, { signal }).catch(() => {})
    }
  }

  /** One round; returns what was deleted. */
  async deleteExpired(
    options: { readonly signal?: AbortSignal; readonly nowMs?: number } = {},
  ): Promise<Expired[]> {
    const { bucket, limits, logger } = this.#options
    const bucketOptions = options.signal === undefined ? {} : { signal: options.signal }
    const blocks: StoredBlock[] = []
    for await (const { key, sizeBytes } of bucket.list('blocks/', bucketOptions)) {
      const parsed = parseBlockKey(key)
      if (parsed !== undefined) blocks.push({ key, sizeBytes, maxTimeMs: parsed.maxTimeMs })
    }
    const expired = selectExpired(blocks, limits, options.nowMs ?? Date.now())
    for (const { block, reason } of expired) {
      await bucket.delete(block.key, bucketOptions)
      this.#blocks.inc({ reason })
      this.#bytes.inc({ reason }, block.sizeBytes)
      const newest = new Date(block.maxTimeMs).toISOString()
      logger.info({ block: block.key, sizeBytes: block.sizeBytes, newest, reason }, 'expired block deleted')
    }
    return expired
  }
}
