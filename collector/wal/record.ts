import type { Attempt } from '../../block/attempt.ts'
import type { Covered } from '../../block/block-reader.ts'

/** docs/format/wal.md is the description of what these numbers mean on disk. */
export const walMagic = 0x4c415743 // "CWAL", little-endian
export const walVersion = 1
/** Before every record, so that reading can find its way behind damage. */
export const recordMarker = 0x7ec04dc5

export const headerFixedBytes = 28
export const recordHeadBytes = 13

export const recordTypes = { series: 1, process: 2, attempt: 3, cut: 4 } as const

/** A body of 32 MiB (the scrape's cap) fits with room; nothing longer is believed. */
export const maxRecordBytes = 64 * 1024 * 1024
/** Longest text of a label, an image, a key. */
export const maxTextBytes = 1024 * 1024
export const maxLabels = 4096
export const maxIntervals = 1 << 20
export const maxWriterBytes = 256

export interface SegmentHeader {
  /** Who wrote this segment: the writer of every attempt in it. */
  readonly writer: string
  /** Every attempt in this segment has a seq of at least this. */
  readonly firstSeq: number
  /** How many bytes of the segment before this one were written for certain; 0 where there was none. */
  readonly previousBytes: number
  /** Random, so that bytes left over from another file never pass for a record of this one. */
  readonly salt: number
}

/** A block was made of these attempts and is safe in `pending/`: they are not to be replayed. */
export interface CutRecord {
  /** Below `blocks/`. */
  readonly key: string
  readonly covered: readonly Covered[]
}

export type WalEntry =
  | { readonly kind: 'attempt'; readonly seq: number; readonly attempt: Attempt; readonly offset: number }
  | { readonly kind: 'cut'; readonly cut: CutRecord; readonly offset: number }
  /** Bytes that could not be read; what follows them is read on. */
  | { readonly kind: 'damage'; readonly offset: number; readonly sizeBytes: number; readonly reason: string }
