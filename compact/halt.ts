import { z } from 'zod'
import type { Bucket, BucketOptions, BucketReader } from '../bucket/bucket.ts'
import { putSmallObject, readSmallObject } from './small-object.ts'

/** What a pass would have deleted, had it not been too much. */
export interface Halt {
  readonly atMs: number
  readonly blocks: number
  readonly bytes: number
  /** Of all blocks that are not deleted. */
  readonly liveBytes: number
  /** `selector`, `size`, …: how many blocks for each. */
  readonly reasons: Readonly<Record<string, number>>
}

/** Somebody has seen it, and wants it. */
export interface Confirmation {
  readonly atMs: number
  /** At most so many bytes may go. */
  readonly bytes: number
}

/** How long a confirmation waits for its pass. */
export const confirmationHoldsMs = 24 * 60 * 60 * 1000

/**
 * Each has one writer: the pass writes what it would do, and removes both once it did; whoever confirms writes the
 * other. So nobody writes over what another wrote.
 */
const haltKey = 'retention/halted.json'
const confirmationKey = 'retention/confirmed.json'

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const halt: z.ZodType<Halt> = z.object({
  atMs: count,
  blocks: count,
  bytes: count,
  liveBytes: count,
  reasons: z.record(z.string(), count),
})
const confirmation: z.ZodType<Confirmation> = z.object({ atMs: count, bytes: count })

export function readHalt(bucket: BucketReader, options: BucketOptions = {}): Promise<Halt | undefined> {
  return readSmallObject(bucket, haltKey, { schema: halt, ...options })
}

export function writeHalt(bucket: Bucket, value: Halt, options: BucketOptions = {}): Promise<void> {
  return putSmallObject(bucket, { key: haltKey, value }, options)
}

/** One that is too old counts as none. */
export async function readConfirmation(
  bucket: BucketReader,
  { nowMs, ...options }: BucketOptions & { readonly nowMs: number },
): Promise<Confirmation | undefined> {
  const found = await readSmallObject(bucket, confirmationKey, { schema: confirmation, ...options })
  return found === undefined || nowMs - found.atMs > confirmationHoldsMs ? undefined : found
}

/** For what the last pass would have deleted. Undefined where none has halted. */
export async function confirmHalt(
  bucket: Bucket,
  { nowMs, ...options }: BucketOptions & { readonly nowMs: number },
): Promise<Halt | undefined> {
  const found = await readHalt(bucket, options)
  if (found === undefined) return undefined
  const value: Confirmation = { atMs: nowMs, bytes: found.bytes }
  await putSmallObject(bucket, { key: confirmationKey, value }, options)
  return found
}

/** The confirmation first: it is good for one pass, however that ends. */
export async function clearHalt(bucket: Bucket, options: BucketOptions = {}): Promise<void> {
  await bucket.delete(confirmationKey, options)
  await bucket.delete(haltKey, options)
}
