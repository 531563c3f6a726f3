import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Bucket } from '../bucket/bucket.ts'
import { isBucketError } from '../bucket/errors.ts'

/** Beside `blocks/`: who compacts and deletes here. */
export const ownerKey = 'owner.json'
const maxOwnerBytes = 4096

const ownerSchema = z.object({ cluster: z.string().min(1), createdMs: z.number().int().min(0) })
export type Owner = z.infer<typeof ownerSchema>

/** Another cluster compacts this prefix. */
export class OwnedError extends Error {
  readonly code = 'OWNED'

  constructor(bucketName: string, names: { readonly owner: string; readonly own: string }) {
    super(
      `own bucket ${bucketName}: ${ownerKey} names cluster ${JSON.stringify(names.owner)}, this is ${JSON.stringify(names.own)}; want a prefix of its own for each, or --take-ownership where the other is gone`,
    )
    this.name = 'OwnedError'
  }
}

export interface OwnershipOptions {
  readonly bucket: Bucket
  /** What is the same for all compactors of one cluster, and another in every other. */
  readonly cluster: string
  /** Writes over another's name, once. */
  readonly take?: boolean
  /** Between writing and reading back: longer than a write of a few bytes takes to arrive; 5 s without it. */
  readonly settleMs?: number
  readonly now?: () => number
}

/**
 * Keeps two clusters from compacting one prefix, which would not lose profiles, but apply one's retention to the
 * other's. No store need know conditional writes: who finds nobody writes its name, waits, and reads who was last.
 * Should both still go on, the next `claim` ends one.
 */
export class Ownership {
  readonly #options: OwnershipOptions
  #isTaken = false

  constructor(options: OwnershipOptions) {
    this.#options = options
  }

  /** Before each round. Throws OWNED where it is another's, and a BucketError where it cannot be known. */
  async claim({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { bucket, cluster, take = false, settleMs = 5000, now = Date.now } = this.#options
    const options = signal === undefined ? {} : { signal }
    const owner = await readOwner(bucket, options)
    const mayTake = take && !this.#isTaken
    if (owner?.cluster === cluster) return
    if (owner !== undefined && !mayTake) {
      throw new OwnedError(bucket.name, { owner: owner.cluster, own: cluster })
    }
    const own: Owner = { cluster, createdMs: now() }
    await bucket.put(ownerKey, Buffer.from(`${JSON.stringify(own)}\n`), options)
    await sleep(settleMs, undefined, options)
    const last = await readOwner(bucket, options)
    if (last?.cluster !== cluster) {
      throw new OwnedError(bucket.name, { owner: last?.cluster ?? '', own: cluster })
    }
    this.#isTaken = true
  }
}

/** Undefined where nobody was here yet. Throws a SyntaxError for what is no such object. */
export async function readOwner(
  bucket: Bucket,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Owner | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await bucket.getRange(ownerKey, 0, maxOwnerBytes, options)
  } catch (error) {
    if (isBucketError(error, 'NOT_FOUND')) return undefined
    throw error
  }
  try {
    return ownerSchema.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch {
    const seen = JSON.stringify(Buffer.from(bytes).toString('utf8', 0, 100))
    throw new SyntaxError(
      `read ${ownerKey} of bucket ${bucket.name}: it is ${seen}, want {"cluster": …, "createdMs": …}`,
    )
  }
}
