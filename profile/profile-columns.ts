/** One profile as the columns hold it: what `encode` turns into pprof bytes. */
export interface ProfileColumns {
  /** Into `dictionary.headers`. */
  readonly header: number
  readonly sampleTypeCount: number
  /** One sample key per sample, in file order. */
  readonly keys: Uint32Array
  /** Column by column: `values[type * keys.length + sample]`. Meaningless where `wideValues` is there. */
  readonly values: Float64Array
  /** The same, where some value is beyond ±2^50. */
  readonly wideValues: BigInt64Array | undefined
  readonly timeNanos: bigint
  readonly durationNanos: bigint
  /** What the file does not do as nearly all do; absent means as predicted. */
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
