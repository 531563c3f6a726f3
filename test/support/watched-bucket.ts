import type { Bucket, BucketOptions, ObjectInfo } from '../../bucket/bucket.ts'

type Operation = 'list' | 'get' | 'stat' | 'put' | 'delete'

export interface BucketWatch {
  /** What it throws, the operation throws, without any effect. */
  readonly before?: (operation: Operation, key: string) => void
}

/** A real bucket that tells of each operation, and may fail at it. */
export class WatchedBucket implements Bucket {
  readonly name: string
  readonly #inner: Bucket
  readonly #watch: BucketWatch

  constructor(inner: Bucket, watch: BucketWatch) {
    this.name = inner.name
    this.#inner = inner
    this.#watch = watch
  }

  async *list(prefix: string, options?: BucketOptions): AsyncIterable<ObjectInfo> {
    yield* await this.#act('list', prefix, () => Array.fromAsync(this.#inner.list(prefix, options)))
  }

  getRange(key: string, offset: number, length: number, options?: BucketOptions): Promise<Uint8Array> {
    return this.#act('get', key, () => this.#inner.getRange(key, offset, length, options))
  }

  stat(key: string, options?: BucketOptions): Promise<ObjectInfo> {
    return this.#act('stat', key, () => this.#inner.stat(key, options))
  }

  put(key: string, body: Uint8Array, options?: BucketOptions): Promise<void> {
    return this.#act('put', key, () => this.#inner.put(key, body, options))
  }

  putFile(key: string, path: string, options?: BucketOptions): Promise<void> {
    return this.#act('put', key, () => this.#inner.putFile(key, path, options))
  }

  delete(key: string, options?: BucketOptions): Promise<void> {
    return this.#act('delete', key, () => this.#inner.delete(key, options))
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #act<Answer>(operation: Operation, key: string, act: () => Promise<Answer>): Promise<Answer> {
    this.#watch.before?.(operation, key)
    return act()
  }
}
