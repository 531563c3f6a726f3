import type { ByteSource } from '../block/block-reader.ts'
import { firstReadable } from './first-readable.ts'

/** One place where a block's bytes are. */
export interface BlockCopy extends ByteSource {
  /** Told once the block is open: what was read until then is its tail. */
  opened?(): void
  /** Forgets what it keeps of the block, which proved to be broken. */
  forget?(): Promise<void>
}

/** A block's bytes, wherever they are. */
export interface BlockSource extends BlockCopy {
  /** Whether it was in none of its places any more: compacted and deleted, so that another block has what it had. */
  readonly isGone: boolean
  opened(): void
  forget(): Promise<void>
}

export function blockSource(copies: readonly [BlockCopy, ...BlockCopy[]]): BlockSource {
  const source = firstReadable(copies)
  let isGone = false
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    get isGone() {
      return isGone
    },
    read: async (offset, length, options) => {
      try {
        return await source.read(offset, length, options)
      } catch (error) {
        if ((error as { readonly code?: unknown }).code === 'NOT_FOUND') isGone = true
        throw error
      }
    },
    opened() {
      for (const copy of copies) copy.opened?.()
    },
    async forget() {
      for (const copy of copies) await copy.forget?.()
    },
  }
}
