import type { EntryOrder } from './profile-columns.ts'

/** Where the chain of a group stands: the last profile as its columns. A new group starts from `emptyState()`. */
export interface SeriesState {
  /** -1 before the first record. */
  header: number
  sampleTypeCount: number
  keys: Uint32Array
  values: Float64Array
  wideValues: BigInt64Array | undefined
  timeNanos: bigint
  durationNanos: bigint
  locations: EntryOrder | undefined
  functions: EntryOrder | undefined
  strings: Uint32Array | undefined
  /** One above the highest key of the chain. */
  nextKey: number
}

export function emptyState(): SeriesState {
  return {
    header: -1,
    sampleTypeCount: 0,
    keys: new Uint32Array(0),
    values: new Float64Array(0),
    wideValues: undefined,
    timeNanos: 0n,
    durationNanos: 0n,
    locations: undefined,
    functions: undefined,
    strings: undefined,
    nextKey: 0,
  }
}
