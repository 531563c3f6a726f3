import type { ByteSource } from '../block/block-reader.ts'
import type { BucketReader } from '../bucket/bucket.ts'

/** A block in a bucket. */
export function bucketSource(bucket: BucketReader, key: string, sizeBytes: number): ByteSource {
  return {
    name: key,
    sizeBytes,
    read: (offset, length, options) => bucket.getRange(key, offset, length, options),
  }
}
