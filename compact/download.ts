import { open } from 'node:fs/promises'
import type { BucketReader } from '../bucket/bucket.ts'
import { mapConcurrently } from '../lib/map-concurrently.ts'

const rangeBytes = 8 * 1024 * 1024
const maxConcurrentRanges = 4

/** An object as a local file, in large ranges; holds 32 MiB at most. Not synced: it is read once and removed. */
export async function download(
  bucket: BucketReader,
  object: { readonly key: string; readonly sizeBytes: number },
  options: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  const { key, sizeBytes } = object
  const { path, signal } = options
  await using file = await open(path, 'wx')
  const offsets = Array.from({ length: Math.ceil(sizeBytes / rangeBytes) }, (_, i) => i * rangeBytes)
  await mapConcurrently(offsets, maxConcurrentRanges, async (offset) => {
    const length = Math.min(rangeBytes, sizeBytes - offset)
    const bytes = await bucket.getRange(key, offset, length, { signal })
    if (bytes.length !== length) {
      throw new Error(`get "${key}" from ${offset} on: ${bytes.length} bytes, want ${length}`)
    }
    for (let done = 0; done < length; ) {
      const { bytesWritten } = await file.write(bytes, done, length - done, offset + done)
      done += bytesWritten
    }
  })
}
