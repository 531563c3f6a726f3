import type { BucketReader } from '../../bucket/bucket.ts'
import { labelsHash } from '../../profile/labels.ts'
import { rowFlags } from '../rows.ts'
import { listBlockObjects, openBlockObject, type ToolOptions } from './block-object.ts'

/** `conprof block cat ID`: the bytes of one profile as they were scraped, without gzip. An Error where there is none. */
export async function catProfile(
  bucket: BucketReader,
  id: string,
  options: ToolOptions = {},
): Promise<Uint8Array> {
  const [, time, hash] = /^(\d{1,15})-([0-9a-f]{16})$/.exec(id) ?? []
  if (time === undefined)
    throw new Error(`read profile "${id}": want an id such as 1795380901252-0123456789abcdef`)
  const timeMs = Number(time)
  let isFailed = false
  for await (const object of listBlockObjects(bucket, options)) {
    if (timeMs < object.name.minTimeMs || timeMs > object.name.maxTimeMs) continue
    const reader = await openBlockObject(bucket, object, options)
    for (const series of reader.select([])) {
      if (labelsHash(reader.labels(series)) !== hash) continue
      const [rows] = await reader.rows([series], options)
      const row = rows?.timeMs.indexOf(timeMs) ?? -1
      if (rows === undefined || row < 0) continue
      if (rows.flags[row]! & rowFlags.body) return await reader.body(series, row, options)
      isFailed = true
    }
  }
  if (isFailed) throw new Error(`read profile "${id}": that attempt brought no profile`)
  throw new Error(`read profile "${id}": no block in ${bucket.name} has it`)
}
