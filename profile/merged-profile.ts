import type { Int64Sums } from '../lib/int64-sums.ts'
import type { SampleType, Symbols } from './symbols.ts'

/** What a merge makes and every view reads: values per sample key of one dictionary. */
export interface MergedProfile {
  readonly symbols: Symbols
  readonly sampleTypes: readonly SampleType[]
  /** `values[t]` is indexed by sample key; keys that are zero in every column do not take part. */
  readonly values: readonly Int64Sums[]
  readonly defaultSampleType: number
  readonly periodType: SampleType
  readonly period: bigint
  /** As in `HeaderFacts`. */
  readonly dropFrames: string
  readonly keepFrames: string
  readonly timeNanos: bigint
  readonly durationNanos: bigint
  readonly coverage: Coverage
  readonly warnings: readonly string[]
}

/** What every merged answer says about itself. */
export interface Coverage {
  /** Seconds the profiles really looked at, summed over series. */
  readonly coveredSeconds: number
  readonly rangeSeconds: number
  readonly profiles: number
  readonly series: number
}
