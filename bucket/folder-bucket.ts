import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, type Dirent } from 'node:fs'
import { open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { makeDirectory as createDirectory } from '../lib/make-directory.ts'
import { syncDirectory } from '../lib/sync-directory.ts'
import type { Bucket, BucketOptions, ObjectInfo } from './bucket.ts'
import { BucketError, type BucketErrorCode, type BucketOperation } from './errors.ts'
import { checkKey, checkRange, compareKeys, temporaryFolder } from './key.ts'

/**
 * A folder whose files are the objects. A key cannot be both an object and the start of another's path
 * (`a` and `a/b`): the later one is `REJECTED`. Symbolic links below the folder are not listed.
 */
export class FolderBucket implements Bucket {
  readonly name: string
  readonly isLocal = true
  readonly #root: string

  private constructor(root: string) {
    this.name = root
    this.#root = root
  }

  /** Makes the folder where it is missing, and removes what a process that died left unfinished. */
  static async open(root: string): Promise<FolderBucket> {
    const bucket = new FolderBucket(root)
    try {
      await makeDirectory(root)
    } catch (error) {
      throw bucket.#errorOf('open', '', error)
    }
    await bucket.#removeLeftovers()
    return bucket
  }

  async *list(prefix: string, options: BucketOptions = {}): AsyncIterable<ObjectInfo> {
    yield* this.#walk('', prefix, options)
  }

  async getRange(
    key: string,
    offset: number,
    length: number,
    options: BucketOptions = {},
  ): Promise<Uint8Array> {
    checkKey(key)
    checkRange(offset, length)
    options.signal?.throwIfAborted()
    try {
      await using handle = await open(join(this.#root, key), 'r')
      const { size } = await handle.stat()
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
      let filled = 0
      while (filled < bytes.length) {
        options.signal?.throwIfAborted()
        const chunk = bytes.subarray(filled, filled + chunkBytes)
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled === bytes.length ? bytes : bytes.slice(0, filled)
    } catch (error) {
      throw this.#errorOf('get', key, error, options)
    }
  }

  async stat(key: string, options: BucketOptions = {}): Promise<ObjectInfo> {
    checkKey(key)
    options.signal?.throwIfAborted()
    try {
      const stats = await stat(join(this.#root, key))
      if (!stats.isFile()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
      return { key, sizeBytes: stats.size, modifiedMs: Math.trunc(stats.mtimeMs) }
    } catch (error) {
      throw this.#errorOf('stat', key, error)
    }
  }

  async put(key: string, body: Uint8Array, options: BucketOptions = {}): Promise<void> {
    await this.#publish(key, options, async (path) => {
      await using handle = await open(path, 'wx')
      await handle.writeFile(body, options)
      await handle.sync()
    })
  }

  async putFile(key: string, path: string, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    // Opened outside of the attempt: a source that is missing is the caller's error, not the bucket's.
    await using source = await open(path, 'r')
    await this.#publish(key, options, async (temporaryPath) => {
      await pipeline(
        createReadStream('', { fd: source, autoClose: false, start: 0, highWaterMark: chunkBytes }),
        createWriteStream(temporaryPath, { flags: 'wx', flush: true }),
        options,
      )
    })
  }

  async delete(key: string, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    options.signal?.throwIfAborted()
    const path = join(this.#root, key)
    try {
      await unlink(path)
      await syncDirectory(dirname(path))
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error))) return
      throw this.#errorOf('delete', key, error)
    }
    await this.#removeEmptyFolders(dirname(key))
  }

  async close(): Promise<void> {}

  async #publish(key: string, options: BucketOptions, write: (path: string) => Promise<void>): Promise<void> {
    checkKey(key)
    options.signal?.throwIfAborted()
    const path = join(this.#root, key)
    const temporaryPath = join(this.#root, temporaryFolder, randomUUID())
    try {
      await makeDirectory(dirname(temporaryPath))
      await write(temporaryPath)
      for (let attempt = 1; ; attempt++) {
        try {
          await makeDirectory(dirname(path))
          await rename(temporaryPath, path)
          break
        } catch (error) {
          // A delete beside us may remove a folder it found empty before the rename fills it.
          if (errnoOf(error) !== 'ENOENT' || attempt === 10) throw error
        }
      }
      await syncDirectory(dirname(path))
    } catch (error) {
      await rm(temporaryPath, { force: true }).catch(() => {})
      throw this.#errorOf('put', key, error, options)
    }
  }

  async *#walk(folder: string, prefix: string, options: BucketOptions): AsyncIterable<ObjectInfo> {
    options.signal?.throwIfAborted()
    for (const { key, entry } of await this.#read(folder, prefix)) {
      if (entry.isDirectory()) {
        if (entry.name === temporaryFolder) continue
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.#walk(key, prefix, options)
      } else if (entry.isFile() && key.startsWith(prefix)) {
        options.signal?.throwIfAborted()
        try {
          yield await this.stat(key)
        } catch (error) {
          // Deleted since its folder was read: as if the listing had come later.
          if (!(error instanceof BucketError && error.code === 'NOT_FOUND')) throw error
        }
      }
    }
  }

  /** A folder's entries in the order of the keys below them; folders end in a slash, which counts. */
  async #read(
    folder: string,
    prefix: string,
  ): Promise<{ readonly key: string; readonly entry: Dirent<string> }[]> {
    try {
      const entries = await readdir(join(this.#root, folder), { withFileTypes: true })
      return entries
        .map((entry) => ({ key: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`, entry }))
        .sort((a, b) => compareKeys(a.key, b.key))
    } catch (error) {
      if (folder !== '' && errnoOf(error) === 'ENOENT') return []
      throw this.#errorOf('list', prefix, error)
    }
  }

  async #removeEmptyFolders(folder: string): Promise<void> {
    for (let path = folder; path !== '.'; path = dirname(path)) {
      try {
        await rmdir(join(this.#root, path))
      } catch {
        // Not empty, or gone already. A folder too many does no harm.
        return
      }
    }
  }

  async #removeLeftovers(): Promise<void> {
    const folder = join(this.#root, temporaryFolder)
    const names = await readdir(folder).catch(() => [])
    for (const name of names) {
      const path = join(folder, name)
      try {
        // Young ones may be another process's, still being written.
        if (Date.now() - (await stat(path)).mtimeMs > leftoverAgeMs) await unlink(path)
      } catch {
        // A folder that is only read, or a file that its owner finished meanwhile.
      }
    }
  }

  #errorOf(operation: BucketOperation, key: string, error: unknown, options: BucketOptions = {}): unknown {
    if (options.signal?.aborted === true) return options.signal.reason
    if (error instanceof BucketError) return error
    const errno = errnoOf(error)
    if (errno === '') return error
    const [code, seen] = explain(operation, errno)
    const path = key === '' ? this.#root : join(this.#root, key)
    const about = { operation, bucketName: this.name, key }
    return new BucketError(code, about, { seen: seen ?? `${errno} at ${path}`, cause: error })
  }
}

function explain(operation: BucketOperation, errno: string): [BucketErrorCode, string | undefined] {
  switch (errno) {
    case 'ENOSPC':
      return ['DISK_FULL', 'no space left on the disk']
    case 'EDQUOT':
      return ['DISK_FULL', "the disk's quota is used up"]
    case 'EROFS':
      return ['READ_ONLY', 'the file system is read-only']
    case 'EACCES':
    case 'EPERM':
      return ['FORBIDDEN', `no permission (${errno})`]
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
      if (operation === 'get' || operation === 'stat') return ['NOT_FOUND', 'no such object']
      if (operation === 'open') return ['NO_BUCKET', 'there is something else than a folder']
      if (errno === 'ENOENT') return ['NO_BUCKET', 'no such folder']
      return ['REJECTED', 'a folder cannot hold a key that is also the start of another key']
    default:
      return ['UNAVAILABLE', undefined]
  }
}

/** As `mkdir -p`, and the new folders are still there after a power cut. */
async function makeDirectory(path: string): Promise<void> {
  const first = await createDirectory(path)
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

function errnoOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : ''
}

const chunkBytes = 1024 * 1024
const leftoverAgeMs = 60 * 60 * 1000
