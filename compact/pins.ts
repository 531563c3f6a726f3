import type { Bucket, BucketOptions, BucketReader } from '../bucket/bucket.ts'
import { putSmallObject, readSmallObject, readSmallObjects } from './small-object.ts'
import { type StoredSelection, storedSelection } from './stored-selection.ts'

/** A selection that stays beyond retention, until the pin is gone. */
export interface Pin extends StoredSelection {
  readonly name: string
}

const prefix = 'pins/'

/** Throws where one cannot be read: what it holds is not known then, so nothing may be deleted. */
export async function readPins(bucket: BucketReader, options: BucketOptions = {}): Promise<readonly Pin[]> {
  const found = await readSmallObjects(bucket, prefix, { schema: storedSelection, ...options })
  return found.map(({ key, value }) => ({ name: key.slice(prefix.length, -'.json'.length), ...value }))
}

/** Throws a SyntaxError for a name that is taken, or that cannot be one. */
export async function addPin(bucket: Bucket, { name, ...selection }: Pin): Promise<void> {
  const key = keyOf(name)
  if ((await readSmallObject(bucket, key, { schema: storedSelection })) !== undefined) {
    throw new SyntaxError(`pin "${name}": there is one of that name: conprof unpin ${name} removes it`)
  }
  await putSmallObject(bucket, { key, value: selection })
}

/** False where there was none. */
export async function removePin(bucket: Bucket, name: string): Promise<boolean> {
  const key = keyOf(name)
  // Even one that does not read.
  for await (const object of bucket.list(key)) {
    if (object.key !== key) continue
    await bucket.delete(key)
    return true
  }
  return false
}

function keyOf(name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) {
    throw new SyntaxError(
      `pin ${JSON.stringify(name)}: want a name of small letters, digits, dots, dashes and underscores`,
    )
  }
  return `${prefix}${name}.json`
}
