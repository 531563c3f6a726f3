import { constants } from 'node:fs'
import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectory } from '../../lib/make-directory.ts'
import {
  decodeIndex,
  encodeIndexHeader,
  indexHeaderBytes,
  markBytes,
  markOf,
  pageBytes,
  pageCount,
} from './page-index.ts'

export const fileEndings = { index: '.index', body: '.pages', tail: '.tail' } as const

type FileKind = keyof typeof fileEndings

/**
 * The pages of one object that are on disk: an index, and two sparse files in which each page lies at its place. Pages
 * of the tail are in a file of their own, so that the rest can go and they stay.
 */
export class ObjectPages {
  readonly #path: string
  readonly #sizeBytes: number
  readonly #marks: Uint32Array
  readonly #handles = new Map<FileKind, Promise<FileHandle>>()
  #tailPage: number
  #hasHeader: boolean
  #isClosed = false
  #counts = { body: 0, tail: 0 }

  private constructor(
    path: string,
    sizeBytes: number,
    index: { readonly tailPage: number; readonly marks: Uint32Array } | undefined,
  ) {
    this.#path = path
    this.#sizeBytes = sizeBytes
    this.#marks = index?.marks ?? new Uint32Array(pageCount(sizeBytes))
    this.#tailPage = index?.tailPage ?? this.#marks.length
    this.#hasHeader = index !== undefined
    for (const [page, mark] of this.#marks.entries()) if (mark !== 0) this.#counts[this.#kindOf(page)]++
  }

  /** `path` is without an ending. What is there and not of an object of this size is removed. */
  static async load(path: string, sizeBytes: number): Promise<ObjectPages> {
    const bytes = await readFile(path + fileEndings.index).catch(() => undefined)
    const index = bytes === undefined ? undefined : decodeIndex(bytes, sizeBytes)
    // Data without an index, too: its marks went away.
    if (index === undefined) await removeFiles(path).catch(() => {})
    return new ObjectPages(path, sizeBytes, index)
  }

  /** As `load`, of whatever size; undefined where there is no index to tell. */
  static async loadAny(path: string): Promise<ObjectPages | undefined> {
    const bytes = await readFile(path + fileEndings.index).catch(() => undefined)
    const index = bytes === undefined ? undefined : decodeIndex(bytes)
    return index && new ObjectPages(path, index.sizeBytes, index)
  }

  /** How many pages are stored. */
  get counts(): { readonly body: number; readonly tail: number } {
    return this.#counts
  }

  isStored(page: number): boolean {
    return this.#marks[page] !== 0
  }

  /** How many pages from `first` on are in one file. */
  countTogether(first: number, count: number): number {
    return first < this.#tailPage ? Math.min(count, this.#tailPage - first) : count
  }

  /** Stored pages of one file, the last one as long as the object is; `bad` are not, and no longer stored. */
  async read(first: number, count: number): Promise<{ readonly bytes: Uint8Array; readonly bad: number[] }> {
    const from = first * pageBytes
    const bytes = new Uint8Array(Math.min(count * pageBytes, this.#sizeBytes - from))
    const marks = this.#marks.slice(first, first + count)
    const filled = await this.#readInto(bytes, this.#kindOf(first), from).catch(() => 0)
    const bad: number[] = []
    for (let i = 0; i < count; i++) {
      const end = Math.min((i + 1) * pageBytes, bytes.length)
      if (filled >= end && markOf(bytes.subarray(i * pageBytes, end), first + i) === marks[i]) continue
      bad.push(first + i)
      // Not if somebody else stored it anew meanwhile.
      if (this.#marks[first + i] === marks[i]) this.#mark(first + i, 0)
    }
    return { bytes, bad }
  }

  /** Whole pages from `first` on, all of one file. Rejects where the disk does not take them. */
  async write(first: number, bytes: Uint8Array): Promise<void> {
    const kind = this.#kindOf(first)
    const count = Math.ceil(bytes.length / pageBytes)
    const marks = Buffer.alloc(count * markBytes)
    for (let i = 0; i < count; i++) {
      const mark = markOf(bytes.subarray(i * pageBytes, (i + 1) * pageBytes), first + i)
      marks.writeUInt32LE(mark, i * markBytes)
    }
    const data = await this.#handle(kind)
    await writeAll(data, bytes, first * pageBytes)
    const index = await this.#handle('index')
    if (!this.#hasHeader) await this.#writeHeader(index)
    await writeAll(index, marks, indexHeaderBytes + first * markBytes)
    // The tail may have grown into these pages: they are in the wrong file then.
    if (this.#kindOf(first) !== kind || this.countTogether(first, count) < count) return
    for (let i = 0; i < count; i++) this.#mark(first + i, marks.readUInt32LE(i * markBytes))
  }

  /** From this page on it is the tail, unless that began before it. */
  async growTail(page: number): Promise<void> {
    if (page >= this.#tailPage) return
    const last = this.#tailPage
    for (let moved = page; moved < last; moved++) this.#mark(moved, 0)
    this.#tailPage = page
    if (!this.#hasHeader) return
    const index = await this.#handle('index')
    await writeAll(index, Buffer.alloc((last - page) * markBytes), indexHeaderBytes + page * markBytes)
    await this.#writeHeader(index)
  }

  /** Leaves the tail alone. Nobody may be reading or writing. */
  async dropBody(): Promise<void> {
    await this.#closeFile('body')
    this.#marks.fill(0, 0, this.#tailPage)
    this.#counts.body = 0
    await rm(this.#path + fileEndings.body, { force: true })
    const index = await this.#handle('index')
    // What is beyond a file's end are zeros.
    const tail = Buffer.alloc((this.#marks.length - this.#tailPage) * markBytes)
    for (let page = this.#tailPage; page < this.#marks.length; page++) {
      tail.writeUInt32LE(this.#marks[page]!, (page - this.#tailPage) * markBytes)
    }
    await index.truncate(indexHeaderBytes)
    await this.#writeHeader(index)
    await writeAll(index, tail, indexHeaderBytes + this.#tailPage * markBytes)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const kind of [...this.#handles.keys()]) await this.#closeFile(kind)
  }

  #kindOf(page: number): 'body' | 'tail' {
    return page < this.#tailPage ? 'body' : 'tail'
  }

  #mark(page: number, mark: number): void {
    const before = this.#marks[page] === 0 ? 0 : 1
    this.#marks[page] = mark
    this.#counts[this.#kindOf(page)] += (mark === 0 ? 0 : 1) - before
  }

  async #writeHeader(index: FileHandle): Promise<void> {
    await writeAll(index, encodeIndexHeader({ sizeBytes: this.#sizeBytes, tailPage: this.#tailPage }), 0)
    this.#hasHeader = true
  }

  async #readInto(bytes: Uint8Array, kind: FileKind, position: number): Promise<number> {
    const handle = await this.#handle(kind)
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled
  }

  #handle(kind: FileKind): Promise<FileHandle> {
    const known = this.#handles.get(kind)
    if (known !== undefined) return known
    // A file that nobody closes ends the process.
    if (this.#isClosed) return Promise.reject(new Error(`open "${this.#path}": the cache is closed`))
    const opening = openFile(this.#path + fileEndings[kind])
    this.#handles.set(kind, opening)
    opening.catch(() => this.#handles.delete(kind))
    return opening
  }

  async #closeFile(kind: FileKind): Promise<void> {
    const handle = this.#handles.get(kind)
    this.#handles.delete(kind)
    await handle?.then((opened) => opened.close()).catch(() => {})
  }
}

export async function removeFiles(path: string): Promise<void> {
  // The index first: data without one is of no use to anybody.
  for (const ending of Object.values(fileEndings)) await rm(path + ending, { force: true })
}

async function openFile(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT
  try {
    return await open(path, flags)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      await makeDirectory(dirname(path))
      return await open(path, flags)
    }
    // What is there can be read all the same.
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return await open(path, 'r')
    throw error
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}
