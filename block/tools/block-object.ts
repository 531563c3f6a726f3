import type { BucketReader } from '../../bucket/bucket.ts'
import { type BlockKey, parseBlockKey } from '../block-key.ts'
import type { BlockReader, ByteSource } from '../block-reader.ts'
import { openBlock } from '../open-block.ts'

/** A block as the bucket lists it. */
export interface BlockObject {
  readonly key: string
  readonly sizeBytes: number
  readonly name: BlockKey
}

export interface ToolOptions {
  readonly signal?: AbortSignal
}

/** Every block below `blocks/`, by key; what is no block is left out. */
export async function* listBlockObjects(
  bucket: BucketReader,
  options: ToolOptions = {},
): AsyncIterable<BlockObject> {
  for await (const { key, sizeBytes } of bucket.list('blocks/', options)) {
    const name = parseBlockKey(key)
    if (name !== undefined) yield { key, sizeBytes, name }
  }
}

/** By its key, its file name, its id or the start of one of them; an Error where that is no block or several. */
export async function findBlockObject(
  bucket: BucketReader,
  wanted: string,
  options: ToolOptions = {},
): Promise<BlockObject> {
  const found: BlockObject[] = []
  for await (const object of listBlockObjects(bucket, options)) {
    const file = object.key.slice(object.key.lastIndexOf('/') + 1)
    const names = [object.key, object.key.slice('blocks/'.length), file, object.name.id]
    if (names.some((name) => name.startsWith(wanted))) found.push(object)
  }
  const [first, second] = found
  if (first === undefined) throw new Error(`find block "${wanted}" in ${bucket.name}: there is none`)
  if (second !== undefined) {
    throw new Error(
      `find block "${wanted}" in ${bucket.name}: ${found.length} start so, such as "${second.key}"`,
    )
  }
  return first
}

export function openBlockObject(
  bucket: BucketReader,
  object: BlockObject,
  options: ToolOptions = {},
): Promise<BlockReader> {
  const { key, sizeBytes } = object
  const read: ByteSource['read'] = (offset, length, more) =>
    bucket.getRange(key, offset, length, { ...options, ...more })
  return openBlock({ name: key, sizeBytes, read }, options)
}
