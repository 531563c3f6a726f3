import { createHash } from 'node:crypto'
import type { Bucket, BucketOptions, BucketReader } from '../bucket/bucket.ts'
import { putSmallObject, readSmallObjects } from './small-object.ts'
import { type StoredSelection, storedSelection } from './stored-selection.ts'

/** A selection that is to be gone, for good, from every block. */
export interface Erasure extends StoredSelection {
  readonly key: string
}

/**
 * For how long it holds. Blocks that a compactor was making, and those that collectors bring late, come after
 * whoever erased has left; each is looked into while it does.
 */
export const erasureHoldsMs = 30 * 24 * 60 * 60 * 1000

const prefix = 'erasures/'

/** Throws where one cannot be read. */
export async function readErasures(
  bucket: BucketReader,
  options: BucketOptions = {},
): Promise<readonly Erasure[]> {
  const found = await readSmallObjects(bucket, prefix, { schema: storedSelection, ...options })
  return found.map(({ key, value }) => ({ key, ...value }))
}

/** From now on whoever compacts the bucket erases it, wherever it finds it. */
export async function addErasure(bucket: Bucket, selection: StoredSelection): Promise<Erasure> {
  const { match, startMs, endMs, createdMs } = selection
  const hash = createHash('sha256')
    .update(JSON.stringify([match, startMs, endMs]))
    .digest('hex')
  const key = `${prefix}${createdMs}-${hash.slice(0, 8)}.json`
  await putSmallObject(bucket, { key, value: { match, startMs, endMs, createdMs } })
  return { key, ...selection }
}

/** Takes away those that have held for long enough; gives the rest. */
export async function dropOldErasures(
  bucket: Bucket,
  { nowMs, ...options }: BucketOptions & { readonly nowMs: number },
): Promise<readonly Erasure[]> {
  const holding: Erasure[] = []
  for (const erasure of await readErasures(bucket, options)) {
    if (nowMs - erasure.createdMs > erasureHoldsMs) await bucket.delete(erasure.key, options)
    else holding.push(erasure)
  }
  return holding
}
