import type { ByteSource } from '../block/block-reader.ts'
import type { BucketReader } from '../bucket/bucket.ts'
import { AnswerScope } from './answer-scope.ts'

/** A block in a bucket, under its key there. Each read is a request, counted for the answer that began it. */
export function bucketSource(
  bucket: BucketReader,
  key: string,
  sizeBytes: number,
  options: { readonly onFetched?: (sizeBytes: number) => void } = {},
): ByteSource {
  return {
    name: key,
    sizeBytes,
    read: async (offset, length, { signal } = {}) => {
      const scope = AnswerScope.current
      scope?.noteRequest()
      const bytes = await bucket.getRange(key, offset, length, signal === undefined ? {} : { signal })
      scope?.noteFetched(bytes.length)
      options.onFetched?.(bytes.length)
      return bytes
    },
  }
}
