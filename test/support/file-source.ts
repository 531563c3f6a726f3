import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { ByteSource } from '../../block/block-reader.ts'

/** A block in a local file, opened for each read. */
export function fileSource(path: string): ByteSource {
  return {
    name: path,
    sizeBytes: statSync(path).size,
    async read(offset, length) {
      await using file = await open(path)
      const bytes = new Uint8Array(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      return bytes.subarray(0, bytesRead)
    },
  }
}
