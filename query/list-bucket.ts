import type { BucketReader, ObjectInfo } from '../bucket/bucket.ts'
import { mapConcurrently } from './map-concurrently.ts'
import type { TimeRange } from './time.ts'

/** The objects below `prefix` (which is `blocks/` and what is before it) that may overlap the range. */
export async function listBucket(
  bucket: BucketReader,
  prefix: string,
  range: TimeRange & { readonly signal?: AbortSignal },
): Promise<ObjectInfo[]> {
  const options = range.signal === undefined ? {} : { signal: range.signal }
  const listed = await mapConcurrently(prefixesOf(prefix, range), maxConcurrentLists, (each) =>
    Array.fromAsync(bucket.list(each, options)),
  )
  return listed.flat()
}

/** One per day while they are few. A block lies under the day it begins on, so the day before is asked too. */
function prefixesOf(prefix: string, { startMs, endMs }: TimeRange): string[] {
  const first = Math.floor(startMs / dayMs) - 1
  const last = Math.floor(endMs / dayMs)
  if (last - first >= maxListedDays) return [prefix]
  const prefixes: string[] = []
  for (let day = first; day <= last; day++) {
    prefixes.push(`${prefix}${new Date(day * dayMs).toISOString().slice(0, 10)}/`)
  }
  return prefixes
}

const dayMs = 24 * 60 * 60 * 1000
const maxListedDays = 9
const maxConcurrentLists = 4
