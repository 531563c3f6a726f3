import { readFile } from 'node:fs/promises'
import type { Bucket, BucketOptions, ObjectInfo } from './bucket.ts'
import { BucketError, type BucketOperation } from './errors.ts'
import { checkKey, checkRange, compareKeys } from './key.ts'

interface StoredObject {
  readonly bytes: Uint8Array
  readonly modifiedMs: number
}

/** Objects for tests and trials; gone with the process. */
export class MemoryBucket implements Bucket {
  readonly name: string
  readonly isLocal = true
  readonly #objects = new Map<string, StoredObject>()
  readonly #now: () => number

  constructor(options: { readonly name?: string; readonly now?: () => number } = {}) {
    this.name = options.name ?? 'memory'
    this.#now = options.now ?? Date.now
  }

  async *list(prefix: string, options: BucketOptions = {}): AsyncIterable<ObjectInfo> {
    options.signal?.throwIfAborted()
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys)
    for (const key of keys) {
      options.signal?.throwIfAborted()
      const object = this.#objects.get(key)
      if (object !== undefined) yield infoOf(key, object)
    }
  }

  async getRange(
    key: string,
    offset: number,
    length: number,
    options: BucketOptions = {},
  ): Promise<Uint8Array> {
    checkRange(offset, length)
    return this.#find('get', key, options).bytes.slice(offset, offset + length)
  }

  async stat(key: string, options: BucketOptions = {}): Promise<ObjectInfo> {
    return infoOf(key, this.#find('stat', key, options))
  }

  async put(key: string, body: Uint8Array, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    options.signal?.throwIfAborted()
    // Not body.slice(), which copies nothing where the body is a Buffer.
    this.#objects.set(key, { bytes: new Uint8Array(body), modifiedMs: this.#now() })
  }

  async putFile(key: string, path: string, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    await this.put(key, await readFile(path, options), options)
  }

  async delete(key: string, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    options.signal?.throwIfAborted()
    this.#objects.delete(key)
  }

  async close(): Promise<void> {}

  #find(operation: BucketOperation, key: string, options: BucketOptions): StoredObject {
    checkKey(key)
    options.signal?.throwIfAborted()
    const object = this.#objects.get(key)
    if (object === undefined) {
      throw new BucketError(
        'NOT_FOUND',
        { operation, bucketName: this.name, key },
        { seen: 'no such object' },
      )
    }
    return object
  }
}

function infoOf(key: string, object: StoredObject): ObjectInfo {
  return { key, sizeBytes: object.bytes.length, modifiedMs: object.modifiedMs }
}
