import type { ByteSource } from '../block/block-reader.ts'
import { FileByteSource } from '../block/file-byte-source.ts'
import type { BucketReader } from '../bucket/bucket.ts'
import { blocksPrefix } from './stored-blocks.ts'

interface Named {
  /** Below `blocks/`. */
  readonly key: string
  readonly sizeBytes: number
}

/** A block where it is stored. Errors name it by its key. */
export function storedSource(bucket: BucketReader, { key, sizeBytes }: Named): ByteSource {
  return {
    name: key,
    sizeBytes,
    read: (offset, length, options) => bucket.getRange(`${blocksPrefix}${key}`, offset, length, options),
  }
}

/** Its copy in a local file, until that is closed. */
export async function localSource(path: string, key: string): Promise<ByteSource & AsyncDisposable> {
  const file = await FileByteSource.open(path)
  return {
    name: key,
    sizeBytes: file.sizeBytes,
    read: (offset, length) => file.read(offset, length),
    [Symbol.asyncDispose]: () => file.close(),
  }
}
