import type { BucketReader } from '../../bucket/bucket.ts'
import { formatByteSize } from '../../lib/byte-size.ts'
import { listBlockObjects, openBlockObject, type ToolOptions } from './block-object.ts'
import { formatTable } from './format-table.ts'

/** `conprof block ls`: one line per block. A block that cannot be opened has a line that says why. */
export async function listBlocks(bucket: BucketReader, options: ToolOptions = {}): Promise<string> {
  const rows: (string | number)[][] = []
  const broken: string[] = []
  let totalBytes = 0
  for await (const object of listBlockObjects(bucket, options)) {
    const { minTimeMs, maxTimeMs, level } = object.name
    totalBytes += object.sizeBytes
    let counts: (string | number)[] = [0, 0]
    try {
      const { meta } = await openBlockObject(bucket, object, options)
      counts = [meta.seriesCount, meta.profileCount]
    } catch (error) {
      if (options.signal?.aborted) throw error
      broken.push(`${object.key}: ${(error as Error).message}\n`)
    }
    rows.push([
      timeText(minTimeMs),
      timeText(maxTimeMs),
      level,
      ...counts,
      formatByteSize(object.sizeBytes),
      object.key,
    ])
  }
  if (rows.length === 0) return `no blocks in ${bucket.name}\n`
  const table = formatTable(['FROM', 'TO', 'LEVEL', 'SERIES', 'PROFILES', 'SIZE', 'KEY'], rows)
  return `${table}${rows.length} blocks, ${formatByteSize(totalBytes)}\n${broken.join('')}`
}

export function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z')
}
