import { stat } from 'node:fs/promises'
import type { Bucket, BucketOptions, ObjectInfo } from './bucket.ts'
import type { OneBucketMetrics } from './bucket-metrics.ts'
import type { BucketOperation } from './errors.ts'

/** Counts and times what goes through to another bucket. */
export class InstrumentedBucket implements Bucket {
  readonly name: string
  readonly isLocal: boolean
  readonly #inner: Bucket
  readonly #metrics: OneBucketMetrics

  /** `name` where the inner bucket's own is another's, too. */
  constructor(inner: Bucket, options: { readonly metrics: OneBucketMetrics; readonly name?: string }) {
    this.name = options.name ?? inner.name
    this.isLocal = inner.isLocal === true
    this.#inner = inner
    this.#metrics = options.metrics
  }

  async *list(prefix: string, options: BucketOptions = {}): AsyncIterable<ObjectInfo> {
    const end = this.#metrics.begin('list')
    try {
      yield* this.#inner.list(prefix, options)
    } catch (error) {
      this.#failed('list', error, options)
      throw error
    } finally {
      end()
    }
  }

  async getRange(
    key: string,
    offset: number,
    length: number,
    options: BucketOptions = {},
  ): Promise<Uint8Array> {
    const bytes = await this.#observe('get', options, () =>
      this.#inner.getRange(key, offset, length, options),
    )
    this.#metrics.transferred('get', bytes.length)
    return bytes
  }

  async stat(key: string, options: BucketOptions = {}): Promise<ObjectInfo> {
    return this.#observe('stat', options, () => this.#inner.stat(key, options))
  }

  async put(key: string, body: Uint8Array, options: BucketOptions = {}): Promise<void> {
    await this.#observe('put', options, () => this.#inner.put(key, body, options))
    this.#metrics.transferred('put', body.length)
  }

  async putFile(key: string, path: string, options: BucketOptions = {}): Promise<void> {
    await this.#observe('put', options, () => this.#inner.putFile(key, path, options))
    const { size } = await stat(path).catch(() => ({ size: 0 }))
    this.#metrics.transferred('put', size)
  }

  async delete(key: string, options: BucketOptions = {}): Promise<void> {
    await this.#observe('delete', options, () => this.#inner.delete(key, options))
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  async #observe<T>(operation: BucketOperation, options: BucketOptions, work: () => Promise<T>): Promise<T> {
    const end = this.#metrics.begin(operation)
    try {
      return await work()
    } catch (error) {
      this.#failed(operation, error, options)
      throw error
    } finally {
      end()
    }
  }

  #failed(operation: BucketOperation, error: unknown, options: BucketOptions): void {
    if (options.signal?.aborted === true) return
    this.#metrics.failed(operation, error)
  }
}
