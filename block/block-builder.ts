import type { Labels } from '../profile/labels.ts'
import type { Attempt } from './attempt.ts'
import type { BlockVersion } from './block-format.ts'
import type { BlockMeta } from './block-reader.ts'

/** What `BlockBuilder.encode` makes: the key below `blocks/` is deterministic in what the block covers. */
export interface EncodedBlock {
  /** `<yyyy-mm-dd>/<minTime>-<maxTime>-<level>-<id>.block` */
  readonly key: string
  readonly bytes: Uint8Array
  readonly meta: BlockMeta
}

export interface EncodeOptions {
  /** Only these series; all without it. */
  readonly select?: (labels: Labels) => boolean
  /** Only attempts in `[startMs, endMs]`. */
  readonly startMs?: number
  readonly endMs?: number
  /** Rows and totals only: what plots and lists need. */
  readonly withoutBodies?: boolean
  /** `dense` for the bucket, `fast` for an answer that is read once elsewhere, `stored` for one read in place. */
  readonly compression?: 'dense' | 'fast' | 'stored'
  readonly version?: BlockVersion
}

/**
 * Attempts of one stretch of time, held as the columns that a block will hold: the head's memory and a block's
 * maker in one. Not durable; the log is.
 */
export interface BlockBuilder {
  readonly attemptCount: number
  readonly profileCount: number
  readonly minTimeMs: number
  readonly maxTimeMs: number
  /** Estimate of the memory held, and so of the block's size before compression. */
  readonly heldBytes: number
  readonly symbolBytes: number
  /** Synchronous; times of a series ascend. Decodes, encodes, proves the bytes equal; what is no pprof is kept as bytes. Never throws on bad bodies. */
  append(attempt: Attempt, origin: { readonly writer: string; readonly seq: number }): void
  /** Undefined where nothing is selected. */
  encode(options?: EncodeOptions): EncodedBlock | undefined
  /** As `encode`, giving way to others every few milliseconds. Nothing may be appended until it is done. */
  encodeInSlices(options?: EncodeOptions): Promise<EncodedBlock | undefined>
}
