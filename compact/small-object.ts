import type { z } from 'zod'
import type { Bucket, BucketOptions, BucketReader } from '../bucket/bucket.ts'
import { isBucketError } from '../bucket/errors.ts'

/** A few words in an object of their own, as JSON. */
export interface SmallObject<T> {
  readonly key: string
  readonly value: T
}

const maxBytes = 64 * 1024

/** Undefined where there is none. Throws a SyntaxError of one line for what is no such object. */
export async function readSmallObject<T>(
  bucket: BucketReader,
  key: string,
  { schema, ...options }: BucketOptions & { readonly schema: z.ZodType<T> },
): Promise<T | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await bucket.getRange(key, 0, maxBytes, options)
  } catch (error) {
    if (isBucketError(error, 'NOT_FOUND')) return undefined
    throw error
  }
  let wrong: string
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(bytes).toString()))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    wrong = [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')
  } catch (error) {
    wrong = (error as Error).message
  }
  throw new SyntaxError(`read ${JSON.stringify(key)} of bucket ${bucket.name}: ${wrong.replace(/\s+/g, ' ')}`)
}

/** All whose keys begin with `prefix` and end with `.json`, in the order of keys. Throws as `readSmallObject`. */
export async function readSmallObjects<T>(
  bucket: BucketReader,
  prefix: string,
  options: BucketOptions & { readonly schema: z.ZodType<T> },
): Promise<readonly SmallObject<T>[]> {
  const { schema, ...bucketOptions } = options
  const found: SmallObject<T>[] = []
  for await (const { key } of bucket.list(prefix, bucketOptions)) {
    if (!key.endsWith('.json')) continue
    const value = await readSmallObject(bucket, key, { schema, ...bucketOptions })
    if (value !== undefined) found.push({ key, value })
  }
  return found
}

export function putSmallObject(
  bucket: Bucket,
  { key, value }: SmallObject<unknown>,
  options: BucketOptions = {},
): Promise<void> {
  return bucket.put(key, Buffer.from(`${JSON.stringify(value)}\n`), options)
}
