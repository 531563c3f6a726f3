import { type FileHandle, open } from 'node:fs/promises'
import type { ByteSource } from './block-reader.ts'

/** A block in a local file. Stays readable after the file was deleted, until it is closed. */
export class FileByteSource implements ByteSource {
  readonly name: string
  readonly sizeBytes: number
  readonly #handle: FileHandle

  private constructor(name: string, sizeBytes: number, handle: FileHandle) {
    this.name = name
    this.sizeBytes = sizeBytes
    this.#handle = handle
  }

  static async open(path: string): Promise<FileByteSource> {
    const handle = await open(path, 'r')
    return new FileByteSource(path, (await handle.stat()).size, handle)
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.sizeBytes - offset)))
    let at = 0
    while (at < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, at, bytes.length - at, offset + at)
      if (bytesRead === 0) return bytes.subarray(0, at)
      at += bytesRead
    }
    return bytes
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
