import { stat } from 'node:fs/promises'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Bucket, BucketOptions, ObjectInfo } from './bucket.ts'
import { type BucketOperation, isBucketError } from './errors.ts'

/** Counts and times what goes through to another bucket; one per registry. */
export class InstrumentedBucket implements Bucket {
  readonly name: string
  readonly isLocal: boolean
  readonly #inner: Bucket
  readonly #operations: Counter<'operation'>
  readonly #failures: Counter<'operation' | 'code'>
  readonly #duration: Histogram<'operation'>
  readonly #transferred: Counter<'operation'>

  constructor(inner: Bucket, options: { readonly registry: Registry }) {
    const registers = [options.registry]
    this.name = inner.name
    this.isLocal = inner.isLocal === true
    this.#inner = inner
    this.#operations = new Counter({
      name: 'conprof_bucket_operations_total',
      help: 'Operations on the bucket that began; a listing is one, however many pages it has.',
      labelNames: ['operation'],
      registers,
    })
    this.#failures = new Counter({
      name: 'conprof_bucket_operation_failures_total',
      help: 'Operations on the bucket that failed. A missing object is code NOT_FOUND; being told to stop is none.',
      labelNames: ['operation', 'code'],
      registers,
    })
    this.#duration = new Histogram({
      name: 'conprof_bucket_operation_duration_seconds',
      help: 'How long operations on the bucket took, with the retries in them.',
      labelNames: ['operation'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 120],
      registers,
    })
    this.#transferred = new Counter({
      name: 'conprof_bucket_transferred_bytes_total',
      help: 'Bytes of objects read from (get) and written to (put) the bucket.',
      labelNames: ['operation'],
      registers,
    })
    for (const operation of ['list', 'get', 'stat', 'put', 'delete'] as const) {
      this.#operations.inc({ operation }, 0)
    }
  }

  async *list(prefix: string, options: BucketOptions = {}): AsyncIterable<ObjectInfo> {
    const end = this.#begin('list')
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
    this.#transferred.inc({ operation: 'get' }, bytes.length)
    return bytes
  }

  async stat(key: string, options: BucketOptions = {}): Promise<ObjectInfo> {
    return this.#observe('stat', options, () => this.#inner.stat(key, options))
  }

  async put(key: string, body: Uint8Array, options: BucketOptions = {}): Promise<void> {
    await this.#observe('put', options, () => this.#inner.put(key, body, options))
    this.#transferred.inc({ operation: 'put' }, body.length)
  }

  async putFile(key: string, path: string, options: BucketOptions = {}): Promise<void> {
    await this.#observe('put', options, () => this.#inner.putFile(key, path, options))
    const { size } = await stat(path).catch(() => ({ size: 0 }))
    this.#transferred.inc({ operation: 'put' }, size)
  }

  async delete(key: string, options: BucketOptions = {}): Promise<void> {
    await this.#observe('delete', options, () => this.#inner.delete(key, options))
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  async #observe<T>(operation: BucketOperation, options: BucketOptions, work: () => Promise<T>): Promise<T> {
    const end = this.#begin(operation)
    try {
      return await work()
    } catch (error) {
      this.#failed(operation, error, options)
      throw error
    } finally {
      end()
    }
  }

  #begin(operation: BucketOperation): () => void {
    this.#operations.inc({ operation })
    return this.#duration.startTimer({ operation })
  }

  #failed(operation: BucketOperation, error: unknown, options: BucketOptions): void {
    if (options.signal?.aborted === true) return
    this.#failures.inc({ operation, code: isBucketError(error) ? error.code : 'OTHER' })
  }
}
