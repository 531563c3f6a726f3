import { type FileHandle, open } from 'node:fs/promises'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { type BlockVersion, blockMagic } from './block-format.ts'
import { encodeChunk } from './chunk.ts'
import { finishBlock } from './finish-block.ts'
import { nowhere, type Place, type Tail } from './tail.ts'

/** A block that is written into a file piece by piece, whatever its size. */
export class BlockFile {
  readonly path: string
  readonly #handle: FileHandle
  readonly #version: BlockVersion
  readonly #out = new ByteWriter(flushBytes + (1 << 16))
  #flushedBytes = 0

  private constructor(path: string, handle: FileHandle, version: BlockVersion) {
    this.path = path
    this.#handle = handle
    this.#version = version
    this.#out.raw(blockMagic)
    this.#out.u32(version)
    this.#out.u32(0)
  }

  /** What is at `path` is written over. */
  static async create(path: string, version: BlockVersion): Promise<BlockFile> {
    return new BlockFile(path, await open(path, 'w'), version)
  }

  get sizeBytes(): number {
    return this.#flushedBytes + this.#out.length
  }

  /** As a chunk; nothing is written for nothing. */
  async put(raw: Uint8Array, level: number): Promise<Place> {
    return raw.length === 0 ? nowhere : this.putBytes(encodeChunk(raw, level))
  }

  async putBytes(bytes: Uint8Array): Promise<Place> {
    const place = { offset: this.sizeBytes, length: bytes.length }
    this.#out.raw(bytes)
    if (this.#out.length >= flushBytes) await this.#flush()
    return place
  }

  /** Synced to the disk. */
  async finish(tail: Tail, level: number): Promise<void> {
    finishBlock(this.#out, tail, { version: this.#version, level, sectionBytes: {} })
    await this.#flush()
    await this.#handle.sync()
    await this.#handle.close()
  }

  async abandon(): Promise<void> {
    await this.#handle.close()
  }

  async #flush(): Promise<void> {
    const bytes = this.#out.bytes()
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at)
      at += bytesWritten
    }
    this.#flushedBytes += bytes.length
    this.#out.clear()
  }
}

const flushBytes = 4 << 20
