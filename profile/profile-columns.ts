/** One profile as the columns hold it: what `encode` turns into pprof bytes. */
export interface ProfileColumns {
  readonly header: number
  readonly sampleTypeCount: number
  readonly keys: Uint32Array
  /** Column by column, see DecodedPprof. */
  readonly values: Float64Array
  readonly wideValues: BigInt64Array | undefined
  readonly timeNanos: bigint
  readonly durationNanos: bigint
  readonly locations: EntryOrder | undefined
  readonly functions: EntryOrder | undefined
  /** Dictionary strings in file order, where that is not the order of first use. */
  readonly strings: Uint32Array | undefined
}

/** Locations or functions in file order, where it is not the order of first use or ids do not count up from 1. */
export interface EntryOrder {
  readonly entries: Uint32Array
  readonly ids: Float64Array
}
