import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** One file of the log. */
export interface SegmentFile {
  readonly number: number
  readonly path: string
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(8, '0')}.wal`)
}

/** In the order they were written. Anything else in the folder is left alone. */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  const segments: SegmentFile[] = []
  for (const name of await readdir(directory)) {
    if (!/^\d{8}\.wal$/.test(name)) continue
    segments.push({ number: Number(name.slice(0, 8)), path: join(directory, name) })
  }
  return segments.sort((a, b) => a.number - b.number)
}
