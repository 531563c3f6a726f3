import { createHash } from 'node:crypto'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { ByteSource } from '../../block/block-reader.ts'
import { formatByteSize } from '../../lib/byte-size.ts'
import { formatDuration } from '../../lib/duration.ts'
import type { Logger } from '../../lib/log.ts'
import { makeDirectory } from '../../lib/make-directory.ts'
import { CacheMetrics } from './cache-metrics.ts'
import { CachedObject, type Fetch } from './cached-object.ts'
import { fileEndings, ObjectPages, removeFiles } from './object-pages.ts'
import { markBytes, maxSizeBytes, pageBytes } from './page-index.ts'
import { scanCache } from './scan-cache.ts'
import { Slots } from './slots.ts'

export interface PageCacheOptions {
  /** A folder of the cache's own. */
  readonly path: string
  readonly maxBytes: number
  readonly log: Logger
  readonly registry: Registry
}

/** A block in a bucket, read through the cache. */
export interface CachedSource extends ByteSource {
  /** To be called once the block is open: what was read until then is its tail, and is kept the longest. */
  opened(): void
  /** Drops what is stored, which is what was fetched and yet proved to be wrong; not while it is read. */
  forget(): Promise<void>
}

/** What is known of one object; its files are open while it is in use. */
interface Entry {
  readonly path: string
  bodyBytes: number
  tailBytes: number
  users: number
  usedMs: number
  files: OpenFiles | undefined
  /** Of an eviction that is going on. */
  busy: Promise<void> | undefined
}

interface OpenFiles {
  readonly object: CachedObject
  readonly pages: Promise<ObjectPages>
  readonly sizeBytes: number
}

/**
 * Pages of blocks on disk. A block never changes, so what is there is right as long as its checksum is; all that is not
 * there is fetched. The least recently used goes first, tails last. A disk that takes nothing more costs nothing but
 * speed: what is there is read on, and nothing is stored for a while.
 *
 * Two processes may share a folder by mistake: what one of them drops under the other fits no checksum there.
 */
export class PageCache {
  readonly #options: PageCacheOptions
  readonly #metrics: CacheMetrics
  readonly #slots = new Slots(maxConcurrentFetches)
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>()
  readonly #open = new Set<Entry>()
  #totalBytes = 0
  /** Promised to what is being written. */
  #reservedBytes = 0
  #making: Promise<unknown> = Promise.resolve()
  #offUntilMs: number | undefined
  #isClosed = false
  readonly #storing = new Set<Promise<void>>()

  private constructor(options: PageCacheOptions) {
    this.#options = options
    this.#metrics = new CacheMetrics(options.registry, () => this.#state())
  }

  /** Finds what an earlier process left there. Never rejects: what the folder is good for shows in use. */
  static async open(options: PageCacheOptions): Promise<PageCache> {
    const cache = new PageCache(options)
    try {
      await makeDirectory(options.path)
      for (const { id, ...found } of await scanCache(options.path)) {
        cache.#entries.set(id, { ...found, users: 0, files: undefined, busy: undefined })
        cache.#totalBytes += found.bodyBytes + found.tailBytes
      }
      await cache.#makeRoom(0)
    } catch (error) {
      cache.#turnOff(error)
    }
    return cache
  }

  /** `bucket` is the bucket's name, `key` the block's below `blocks/`; reads that miss go to `inner`. */
  source(inner: ByteSource, at: { readonly bucket: string; readonly key: string }): CachedSource {
    const { name, sizeBytes } = inner
    const id = `${bucketFolder(at.bucket)}/${at.key}`
    const fetch: Fetch = (offset, length, options) => inner.read(offset, length, options)
    let isOpened = false
    return {
      name,
      sizeBytes,
      opened() {
        isOpened = true
      },
      forget: async () => {
        const entry = this.#entries.get(id)
        if (entry !== undefined) await this.#removeIdle(id, entry)
      },
      read: async (offset, length, options = {}) => {
        const end = Math.min(offset + length, sizeBytes)
        if (end <= offset) return new Uint8Array()
        // What is called a block and is not one must not take memory for its pages.
        if (this.#isClosed || sizeBytes > maxSizeBytes) return inner.read(offset, length, options)
        const isTail = !isOpened
        return this.#use(id, { name, sizeBytes }, async ({ object, pages }) => {
          if (isTail)
            await pages.growTail(Math.floor(offset / pageBytes)).catch((error) => this.#turnOff(error))
          return object.read(pages, [offset, end], { fetch, signal: options.signal })
        })
      },
    }
  }

  /** Drops the blocks of a bucket of which `isThere` says no; their keys are those below `blocks/`. */
  async retain(bucket: string, isThere: (key: string) => boolean): Promise<void> {
    const folder = `${bucketFolder(bucket)}/`
    for (const [id, entry] of [...this.#entries]) {
      if (!id.startsWith(folder) || isThere(id.slice(folder.length))) continue
      // One that is being read now goes with the next listing.
      await this.#removeIdle(id, entry)
    }
  }

  /** Once nobody reads; what was fetched last is stored first. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#storing)
    await this.#making
    for (const entry of [...this.#open]) await this.#closeFiles(entry)
  }

  async #removeIdle(id: string, entry: Entry): Promise<void> {
    if (entry.users > 0 || entry.busy !== undefined) return
    await this.#evicting(entry, () => this.#remove(id, entry))
  }

  async #use<Result>(
    id: string,
    object: { readonly name: string; readonly sizeBytes: number },
    read: (opened: { readonly object: CachedObject; readonly pages: ObjectPages }) => Promise<Result>,
  ): Promise<Result> {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      const path = join(this.#options.path, ...id.split('/'))
      entry = { path, bodyBytes: 0, tailBytes: 0, users: 0, usedMs: 0, files: undefined, busy: undefined }
    }
    // The most recently used is the last.
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    entry.users++
    try {
      await entry.busy
      const files = this.#filesOf(entry, object)
      return await read({ object: files.object, pages: await files.pages })
    } finally {
      this.#leave(entry)
    }
  }

  #filesOf(entry: Entry, object: { readonly name: string; readonly sizeBytes: number }): OpenFiles {
    if (entry.files?.sizeBytes !== object.sizeBytes) {
      void entry.files?.pages.then((pages) => pages.close())
      // Keys of blocks are hashes of what they hold, so this is rare: written anew by another version, perhaps.
      const pages = ObjectPages.load(entry.path, object.sizeBytes)
      entry.files = { object: this.#objectOf(entry, object), pages, sizeBytes: object.sizeBytes }
      pages.then((loaded) => this.#count(entry, loaded))
    }
    this.#open.delete(entry)
    this.#open.add(entry)
    return entry.files
  }

  #objectOf(entry: Entry, object: { readonly name: string; readonly sizeBytes: number }): CachedObject {
    return new CachedObject(object, {
      maxConcurrent: (signal, task) => this.#slots.run(signal, task),
      store: async (first, bytes) => {
        entry.users++
        const storing = this.#store(entry, first, bytes)
          .catch((error) => this.#turnOff(error))
          .finally(() => {
            this.#storing.delete(storing)
            this.#leave(entry)
          })
        this.#storing.add(storing)
        await storing
      },
      asked: (result, sizeBytes) => this.#metrics.asked(result, sizeBytes),
      corrupt: (pages) => {
        this.#metrics.corrupt(pages)
      },
    })
  }

  #leave(entry: Entry): void {
    entry.users--
    if (entry.users > 0) return
    const nowMs = Date.now()
    if (nowMs - entry.usedMs > touchEveryMs) {
      entry.usedMs = nowMs
      // A restart knows by it what was used last.
      utimes(entry.path + fileEndings.index, nowMs / 1000, nowMs / 1000).catch(() => {})
    }
    for (const idle of [...this.#open]) {
      if (this.#open.size <= maxOpenObjects) break
      if (idle.users === 0 && idle.busy === undefined) void this.#evicting(idle, () => this.#closeFiles(idle))
    }
  }

  async #store(entry: Entry, first: number, bytes: Uint8Array): Promise<void> {
    if (this.#offUntilMs !== undefined && performance.now() < this.#offUntilMs) return
    const pages = await entry.files?.pages
    if (pages === undefined) return
    const count = Math.ceil(bytes.length / pageBytes)
    const neededBytes = count * (pageBytes + markBytes) + pageBytes
    if (!(await this.#makeRoom(neededBytes))) return
    try {
      for (let page = first; page < first + count; ) {
        const together = pages.countTogether(page, first + count - page)
        const from = (page - first) * pageBytes
        await pages.write(page, bytes.subarray(from, from + together * pageBytes))
        page += together
      }
      this.#turnOn()
    } finally {
      this.#reservedBytes -= neededBytes
      this.#count(entry, pages)
    }
  }

  /** By what its index says. */
  #count(entry: Entry, pages: ObjectPages): void {
    const { body, tail } = pages.counts
    this.#totalBytes -= entry.bodyBytes + entry.tailBytes
    entry.bodyBytes = body * (pageBytes + markBytes)
    // The index goes when all goes.
    entry.tailBytes = body + tail === 0 ? 0 : tail * (pageBytes + markBytes) + pageBytes
    this.#totalBytes += entry.bodyBytes + entry.tailBytes
  }

  /** Reserves so much, dropping what is in the way; false where there is no room all the same. One at a time. */
  async #makeRoom(neededBytes: number): Promise<boolean> {
    const making = this.#making.then(() => this.#evict(neededBytes))
    this.#making = making
    return making
  }

  async #evict(neededBytes: number): Promise<boolean> {
    const { maxBytes } = this.#options
    const isFull = () => this.#totalBytes + this.#reservedBytes + neededBytes > maxBytes
    for (const part of ['body', 'all'] as const) {
      for (const [id, entry] of [...this.#entries]) {
        if (!isFull()) break
        if (entry.users > 0 || entry.busy !== undefined || (part === 'body' && entry.bodyBytes === 0))
          continue
        const before = this.#totalBytes
        await this.#evicting(entry, () => (part === 'body' ? this.#dropBody(entry) : this.#remove(id, entry)))
        this.#metrics.evicted(before - this.#totalBytes)
      }
    }
    if (isFull()) return false
    this.#reservedBytes += neededBytes
    return true
  }

  /** Who comes meanwhile waits for it. */
  async #evicting(entry: Entry, work: () => Promise<void>): Promise<void> {
    const busy = work().catch((error) => this.#turnOff(error))
    entry.busy = busy
    await busy
    if (entry.busy === busy) entry.busy = undefined
  }

  async #dropBody(entry: Entry): Promise<void> {
    const opened = await entry.files?.pages
    const pages = opened ?? (await ObjectPages.loadAny(entry.path))
    if (pages === undefined) return this.#removeFiles(entry)
    await pages.dropBody()
    this.#count(entry, pages)
    if (opened === undefined) await pages.close()
  }

  async #remove(id: string, entry: Entry): Promise<void> {
    await this.#closeFiles(entry)
    await this.#removeFiles(entry)
    // Unless somebody waits to use it.
    if (entry.users === 0) this.#entries.delete(id)
  }

  async #removeFiles(entry: Entry): Promise<void> {
    await removeFiles(entry.path)
    this.#totalBytes -= entry.bodyBytes + entry.tailBytes
    entry.bodyBytes = 0
    entry.tailBytes = 0
  }

  async #closeFiles(entry: Entry): Promise<void> {
    const { files } = entry
    entry.files = undefined
    this.#open.delete(entry)
    await files?.pages.then((pages) => pages.close())
  }

  #state() {
    let bodyBytes = 0
    let tailBytes = 0
    for (const entry of this.#entries.values()) {
      bodyBytes += entry.bodyBytes
      tailBytes += entry.tailBytes
    }
    return { bodyBytes, tailBytes, isUsable: this.#offUntilMs === undefined }
  }

  #turnOff(error: unknown): void {
    const isFirst = this.#offUntilMs === undefined
    this.#offUntilMs = performance.now() + offMs
    if (!isFirst) return
    const { code, message } = error as NodeJS.ErrnoException
    this.#options.log.warn(
      { path: this.#options.path },
      `store in the cache: ${code ?? message}; queries go on without storing there, next try in ${formatDuration(offMs)}`,
    )
  }

  #turnOn(): void {
    if (this.#offUntilMs === undefined) return
    this.#offUntilMs = undefined
    const size = formatByteSize(this.#options.maxBytes)
    this.#options.log.info({ path: this.#options.path }, `the cache takes pages again, up to ${size}`)
  }
}

function bucketFolder(bucket: string): string {
  return createHash('sha256').update(bucket).digest('hex').slice(0, 16)
}

const maxConcurrentFetches = 16
const maxOpenObjects = 64
const touchEveryMs = 60_000
const offMs = 5 * 60_000
