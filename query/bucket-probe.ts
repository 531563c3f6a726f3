import { setTimeout as sleep } from 'node:timers/promises'
import type { BucketReader } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'

/**
 * Finds out once whether the bucket is there, for readiness: a program with a wrong bucket never becomes ready,
 * and one that was ready stays so when its bucket goes away, since head and pending blocks still answer.
 */
export class BucketProbe {
  readonly #bucket: BucketReader
  readonly #logger: Logger
  readonly #retryMs: number
  #missing: string | undefined

  constructor(options: {
    readonly bucket: BucketReader
    readonly logger: Logger
    /** Between attempts. */
    readonly retryMs?: number
  }) {
    this.#bucket = options.bucket
    this.#logger = options.logger
    this.#retryMs = options.retryMs ?? 2000
    this.#missing = `no listing of bucket ${options.bucket.name} yet`
  }

  /** What is still missing, in words; undefined once the bucket has answered. */
  get missing(): string | undefined {
    return this.#missing
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted && this.#missing !== undefined) {
      try {
        // The first object, or the end, is answer enough.
        for await (const _ of this.#bucket.list('blocks/', { signal })) break
        this.#missing = undefined
      } catch (error) {
        if (signal.aborted) return
        const reason = (error as Error).message
        if (reason !== this.#missing) this.#logger.error(`reach the bucket, will try again: ${reason}`)
        this.#missing = reason
        await sleep(this.#retryMs, undefined, { signal }).catch(() => {})
      }
    }
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    }
  }
}
