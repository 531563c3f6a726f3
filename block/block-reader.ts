import type { ByteReader } from '../lib/bytes/byte-reader.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import type { Labels } from '../profile/labels.ts'
import type { Matcher } from '../profile/matcher.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { PartitionRange } from './partition.ts'
import type { Rows } from './rows.ts'
import type { GroupSums } from './sums-codec.ts'
import type { SeriesEntry } from './tail.ts'

/** Where a block's bytes lie: an object in a bucket, a local file, memory. */
export interface ByteSource {
  readonly name: string
  readonly sizeBytes: number
  read(offset: number, length: number, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>
}

/** Positions `[first, last]` in one collector's log. */
export interface SeqInterval {
  readonly first: number
  readonly last: number
}

/** Which attempts a block holds: per writer, ascending, disjoint intervals. */
export interface Covered {
  readonly writer: string
  readonly intervals: readonly SeqInterval[]
}

export interface BlockMeta {
  readonly version: number
  /** 1 as a collector cuts it; compaction counts up. */
  readonly level: number
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly covered: readonly Covered[]
  /** Of which series that is true; all where nothing was split. */
  readonly partition: PartitionRange
  readonly seriesCount: number
  readonly profileCount: number
  readonly attemptCount: number
  readonly sizeBytes: number
  /** Bytes of `sums`, `totals`, `bodies`, `kept`, `symbols`, `rows`, `tail`. */
  readonly sectionBytes: Readonly<Record<string, number>>
}

/** A series' place in its block's series table. */
export type SeriesIndex = number & { readonly __seriesIndex: never }

/** Opened by `openBlock(source)`: two range reads, whatever the block's size. Everything else is read on demand. */
export interface BlockReader {
  readonly name: string
  readonly source: ByteSource
  readonly meta: BlockMeta
  labelNames(): readonly string[]
  labelValues(name: string): readonly string[]
  select(matchers: readonly Matcher[]): readonly SeriesIndex[]
  labels(series: SeriesIndex): Labels
  /** Of all its profiles here; none where every attempt failed. */
  sampleTypes(series: SeriesIndex): readonly SampleType[]
  /** In the order of `series`; neighbouring ranges are read together. No frame is touched. */
  rows(series: readonly SeriesIndex[], options?: { readonly signal?: AbortSignal }): Promise<readonly Rows[]>
  /** The bytes of one row's profile as uncompressed pprof (or whatever it was), exactly as scraped. */
  body(series: SeriesIndex, row: number, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>

  /** What merges read: where a series' parts lie, its service's symbols (kept once read), sums, and a group's streams. */
  entry(series: SeriesIndex): SeriesEntry
  dictionary(service: number, options?: { readonly signal?: AbortSignal }): Promise<Dictionary>
  /** One per group; empty where the block has no sums. */
  sums(series: SeriesIndex, options?: { readonly signal?: AbortSignal }): Promise<readonly GroupSums[]>
  /**
   * The sums of all profiles that each series has here, in the order of `series`; undefined where the block has none.
   * Neighbouring ranges are read together.
   */
  totals(
    series: readonly SeriesIndex[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly (GroupSums | undefined)[]>
  groupStreams(
    series: SeriesIndex,
    group: number,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ByteReader[]>
  /** Bodies that a group keeps as they came, in the order of their rows. */
  keptBodies(
    series: SeriesIndex,
    group: number,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly Uint8Array[]>
  /** Forgets a service's symbols, for those who read one service after the other. */
  releaseDictionary(service: number): void
}
