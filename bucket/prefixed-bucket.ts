import type { Bucket, BucketOptions, ObjectInfo } from './bucket.ts'
import { checkKey } from './key.ts'

/** A bucket inside a bucket: every key gets `prefix/` in front, and only such objects are seen. */
export class PrefixedBucket implements Bucket {
  readonly name: string
  readonly isLocal: boolean
  readonly #inner: Bucket
  readonly #prefix: string

  /** `prefix` is a key without slashes at its ends; closing closes the inner bucket. */
  constructor(inner: Bucket, prefix: string) {
    checkKey(prefix)
    this.#inner = inner
    this.isLocal = inner.isLocal === true
    this.#prefix = `${prefix}/`
    this.name = `${inner.name.replace(/\/$/, '')}/${prefix}`
  }

  async *list(prefix: string, options?: BucketOptions): AsyncIterable<ObjectInfo> {
    for await (const info of this.#inner.list(this.#prefix + prefix, options)) {
      yield { ...info, key: info.key.slice(this.#prefix.length) }
    }
  }

  async getRange(key: string, offset: number, length: number, options?: BucketOptions): Promise<Uint8Array> {
    return this.#inner.getRange(this.#whole(key), offset, length, options)
  }

  async stat(key: string, options?: BucketOptions): Promise<ObjectInfo> {
    return { ...(await this.#inner.stat(this.#whole(key), options)), key }
  }

  async put(key: string, body: Uint8Array, options?: BucketOptions): Promise<void> {
    await this.#inner.put(this.#whole(key), body, options)
  }

  async putFile(key: string, path: string, options?: BucketOptions): Promise<void> {
    await this.#inner.putFile(this.#whole(key), path, options)
  }

  async delete(key: string, options?: BucketOptions): Promise<void> {
    await this.#inner.delete(this.#whole(key), options)
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  #whole(key: string): string {
    // Before the prefix hides that a key is empty or absolute.
    checkKey(key)
    return this.#prefix + key
  }
}
