import type { SampleType } from '../profile/symbols.ts'
import type { ProcessIdentity } from './attempt.ts'

/** Exact int64: doubles while every value is a safe integer, else bigints. */
export type Int64Column = Float64Array | BigInt64Array

export const rowFlags = {
  /** There is a body to fetch. */
  body: 1,
  /** The body has columns: it is pprof, and merges count it. */
  columns: 2,
  /** Its bytes are kept beside (or instead of) the columns. */
  bytes: 4,
  /** A counter of some stack fell since the profile before it: another life of the process. */
  reset: 8,
  /** There was a body; retention took it and left the totals. */
  thinned: 16,
} as const

/** The rows of one series of one source, ascending in (timeMs, seq): every attempt, with totals, without bodies. */
export interface Rows {
  readonly length: number
  readonly timeMs: Float64Array
  /** How long the scrape took. */
  readonly durationMs: Float64Array
  /** What the profile itself covers (pprof's duration); 0 for snapshots. */
  readonly coveredMs: Float64Array
  /** Codes of block/health.ts. */
  readonly health: Uint8Array
  readonly httpStatus: Uint16Array
  readonly flags: Uint8Array
  /** The profile's size as uncompressed pprof. */
  readonly sizeBytes: Float64Array
  /** Into `writers`, and the position in that writer's log. */
  readonly writer: Uint32Array
  readonly seq: Float64Array
  readonly writers: readonly string[]
  /** Into `processes`; 0 is the unknown process. */
  readonly process: Uint32Array
  readonly processes: readonly ProcessIdentity[]
  readonly sampleTypes: readonly SampleType[]
  /** Into sampleTypes. */
  readonly defaultSampleType: number
  /** One column per sample type; 0 where the row has no columns. */
  readonly totals: readonly Int64Column[]
}
