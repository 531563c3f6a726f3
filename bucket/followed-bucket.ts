import type { Logger } from '../lib/log.ts'
import type { Bucket, BucketOptions, ObjectInfo } from './bucket.ts'

/** A way to reach a bucket, as somebody wrote it down. */
export interface BucketAccess {
  /** Another text where anything is another. */
  readonly fingerprint: string
  open(): Promise<Bucket>
}

export interface FollowedBucketOptions {
  /** What is written there now; rejects where that is no good. */
  readonly read: () => Promise<BucketAccess>
  readonly log: Logger
  /** How old what was read may be when an operation begins; 1 s without it. */
  readonly maxAgeMs?: number
}

/**
 * One bucket, reached in the way that is written down when an operation begins: with keys that were rotated a second
 * ago. An operation ends as it began. What does not read leaves everything as it was, with a warning.
 */
export class FollowedBucket implements Bucket {
  readonly name: string
  readonly #options: FollowedBucketOptions
  #opened: Opened
  #readAtMs = performance.now()
  #reading: Promise<void> | undefined
  #problem: string | undefined

  private constructor(options: FollowedBucketOptions, opened: Opened) {
    this.name = opened.bucket.name
    this.#options = options
    this.#opened = opened
  }

  /** Rejects as `read` and the access that it gives do. */
  static async open(options: FollowedBucketOptions): Promise<FollowedBucket> {
    return new FollowedBucket(options, await open(await options.read()))
  }

  async *list(prefix: string, options: BucketOptions = {}): AsyncIterable<ObjectInfo> {
    const opened = await this.#take()
    try {
      yield* opened.bucket.list(prefix, options)
    } finally {
      await this.#giveBack(opened)
    }
  }

  getRange(key: string, offset: number, length: number, options: BucketOptions = {}): Promise<Uint8Array> {
    return this.#with((bucket) => bucket.getRange(key, offset, length, options))
  }

  stat(key: string, options: BucketOptions = {}): Promise<ObjectInfo> {
    return this.#with((bucket) => bucket.stat(key, options))
  }

  put(key: string, body: Uint8Array, options: BucketOptions = {}): Promise<void> {
    return this.#with((bucket) => bucket.put(key, body, options))
  }

  putFile(key: string, path: string, options: BucketOptions = {}): Promise<void> {
    return this.#with((bucket) => bucket.putFile(key, path, options))
  }

  delete(key: string, options: BucketOptions = {}): Promise<void> {
    return this.#with((bucket) => bucket.delete(key, options))
  }

  async close(): Promise<void> {
    await this.#reading
    await this.#opened.bucket.close()
  }

  async #with<T>(work: (bucket: Bucket) => Promise<T>): Promise<T> {
    const opened = await this.#take()
    try {
      return await work(opened.bucket)
    } finally {
      await this.#giveBack(opened)
    }
  }

  async #take(): Promise<Opened> {
    await this.#refresh()
    this.#opened.users++
    return this.#opened
  }

  async #giveBack(opened: Opened): Promise<void> {
    opened.users--
    if (opened !== this.#opened && opened.users === 0) await opened.bucket.close()
  }

  async #refresh(): Promise<void> {
    if (performance.now() - this.#readAtMs < (this.#options.maxAgeMs ?? 1000)) return
    this.#reading ??= this.#read().finally(() => {
      this.#readAtMs = performance.now()
      this.#reading = undefined
    })
    await this.#reading
  }

  async #read(): Promise<void> {
    const { read, log } = this.#options
    try {
      const access = await read()
      if (access.fingerprint !== this.#opened.fingerprint) {
        const before = this.#opened
        this.#opened = await open(access)
        log.info({ bucket: this.name }, 'bucket config changed: it is used from now on')
        if (before.users === 0) await before.bucket.close()
      }
      this.#problem = undefined
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#problem) {
        log.warn({ bucket: this.name }, `${message}; the bucket config read before goes on`)
      }
      this.#problem = message
    }
  }
}

interface Opened {
  readonly fingerprint: string
  readonly bucket: Bucket
  users: number
}

async function open(access: BucketAccess): Promise<Opened> {
  return { fingerprint: access.fingerprint, bucket: await access.open(), users: 0 }
}
