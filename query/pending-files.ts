import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseBlockKey } from '../block/block-key.ts'
import type { ByteSource } from '../block/block-reader.ts'

/** A block that was cut and that the bucket may not have yet. */
export interface PendingFile {
  /** Below `blocks/`, as it will be in the bucket. */
  readonly key: string
  readonly path: string
  readonly sizeBytes: number
}

/** The blocks of a collector's `pending/`; none where the folder is not there. */
export async function listPendingFiles(directory: string): Promise<PendingFile[]> {
  let names: string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const files: PendingFile[] = []
  for (const name of names.sort()) {
    // File names are keys without their day.
    const key = parseBlockKey(`0000-00-00/${name}`)
    if (key === undefined) continue
    const path = join(directory, name)
    try {
      const { size } = await stat(path)
      const day = new Date(key.minTimeMs).toISOString().slice(0, 10)
      files.push({ key: `${day}/${name}`, path, sizeBytes: size })
    } catch (error) {
      // Uploaded and deleted since: the listing that follows has it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return files
}

/** Opens the file for each read, so that a cached reader holds no descriptor. */
export function pendingSource({ path, sizeBytes }: PendingFile): ByteSource {
  return {
    name: path,
    sizeBytes,
    async read(offset, length) {
      const handle = await open(path, 'r')
      try {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - offset)))
        let filled = 0
        while (filled < bytes.length) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return bytes.subarray(0, filled)
      } finally {
        await handle.close()
      }
    },
  }
}
