import { setImmediate } from 'node:timers/promises'
import type { Rows } from '../block/rows.ts'
import type { ByteReader } from '../lib/bytes/byte-reader.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { headerFacts } from '../profile/header.ts'
import { type SampleKind, sampleKind } from '../profile/kind.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import type { SampleType } from '../profile/symbols.ts'
import { MergeDictionary } from '../profile/translate-symbols.ts'
import { KeySpace } from './key-space.ts'
import { SeriesColumn, Total } from './merge-columns.ts'
import type { MergePart } from './merge-part.ts'
import type { Aggregation, MergeOptions } from './merge-profiles.ts'
import { isSum, planSeries } from './plan-series.ts'
import type { Seam } from './process-lives.ts'
import { ReadBudget } from './read-budget.ts'
import { addReading, type GroupReading, type PartReading, planReading } from './read-part.ts'
import { type PartPlan, type PartSums, planSums, readSums } from './read-sums.ts'
import { SeriesFacts } from './series-facts.ts'

/** One series, planned and on its way. */
export interface SeriesReading {
  readonly facts: SeriesFacts
  readonly sampleTypes: readonly SampleType[]
  /** How each sample type adds up. */
  readonly aggregations: readonly Aggregation[]
  readonly seams: readonly Seam[]
  readonly dictionaries: ReadonlyMap<MergePart, Dictionary>
  readonly readings: readonly PartReading[]
  readonly streams: ReadonlyMap<GroupReading, Promise<ByteReader[]>>
  /** How much of it is read as bodies. */
  readonly bytes: number
}

/** How long it works before others have their turn, and before it sees that nobody waits any more. */
const sliceMs = 8

/** A merge under way: a series at a time, and what they came to. */
export class ProfileMerge {
  readonly #options: MergeOptions
  readonly #isOneDictionary: boolean
  readonly #target: MergeDictionary
  readonly #spaces = new Map<Dictionary, KeySpace>()
  #sampleTypes: SampleType[] = []
  readonly #totals: Total[] = []
  /** Of the series at hand, reused. */
  readonly #columns: SeriesColumn[] = []
  readonly #budget: ReadBudget
  #facts: ReturnType<typeof headerFacts> | undefined
  #dictionary: Dictionary | undefined
  #profiles = 0
  #series = 0
  #coveredMs = 0
  #durationMs = 0
  #minTimeMs = Number.MAX_SAFE_INTEGER
  #kept = 0
  #thinned = 0
  readonly #warnings: string[] = []
  #sliceStart = performance.now()

  /** Lets the event loop turn every few milliseconds, and stops where the caller has gone. */
  readonly #breathe = async (): Promise<void> => {
    if (performance.now() - this.#sliceStart < sliceMs) return
    await setImmediate()
    this.#options.signal?.throwIfAborted()
    this.#sliceStart = performance.now()
  }

  constructor(parts: readonly MergePart[], options: MergeOptions) {
    this.#options = options
    this.#budget = new ReadBudget(options.maxBytes)
    const places = new Set(
      parts.map(({ reader, series }) => `${reader.name} ${reader.entry(series).service}`),
    )
    this.#isOneDictionary = places.size <= 1 && options.target === undefined
    this.#target = options.target ?? new MergeDictionary()
  }

  planSums(part: MergePart): PartPlan | undefined {
    const profileType = profileTypeOf(part)
    const isSummed = part.rows.sampleTypes.map(
      (sampleType) =>
        this.#isAsked(sampleType) && isSum(this.#aggregationOf(sampleKind(sampleType, profileType))),
    )
    return planSums(part, isSummed)
  }

  readSums(plans: readonly PartPlan[]): Promise<Map<MergePart, PartSums>> {
    return readSums(plans, { budget: this.#budget, signal: this.#options.signal })
  }

  /** What is to be read of a series, whose bodies begin to come; undefined where it has nothing to merge. */
  async begin(
    all: readonly MergePart[],
    sums: ReadonlyMap<MergePart, PartSums>,
  ): Promise<SeriesReading | undefined> {
    const facts = new SeriesFacts()
    for (const part of all) facts.add(part)
    this.#kept += facts.kept
    this.#thinned += facts.thinned
    const parts = facts.parts()
    if (parts.length === 0) return undefined
    const dictionaries = await this.#prepare(parts)
    const profileType = profileTypeOf(parts[0]!)
    const sampleTypes = [...this.#sampleTypes]
    const aggregations = sampleTypes.map((each) => this.#aggregationOf(sampleKind(each, profileType)))
    const { startMs } = this.#options
    const { wanted, seams } = planSeries(facts, {
      sampleTypes,
      aggregations,
      columns: this.#columns,
      startMs,
    })
    const readings = [...wanted].map(([part, each]) =>
      planReading(part, each, { sums: sums.get(part), sampleTypes }),
    )
    const streams = new Map<GroupReading, Promise<ByteReader[]>>()
    let bytes = 0
    for (const { part, groups } of readings)
      for (const group of groups) {
        bytes += group.bytes
        const coming = this.#readGroup(part, group)
        // Whoever needs it sees the error; where the merge ends before that, nobody does.
        coming.catch(() => {})
        streams.set(group, coming)
      }
    return { facts, aggregations, sampleTypes, seams, dictionaries, readings, streams, bytes }
  }

  async #readGroup({ reader, series }: MergePart, { group, bytes }: GroupReading): Promise<ByteReader[]> {
    this.#budget.take(bytes)
    const { signal } = this.#options
    return reader.groupStreams(series, group, signal === undefined ? {} : { signal })
  }

  async addSeries(reading: SeriesReading): Promise<void> {
    const { facts, aggregations, sampleTypes, seams, dictionaries, readings, streams } = reading
    const columns = this.#columns
    for (const column of columns) column.clear()
    for (const each of readings) {
      const dictionary = dictionaries.get(each.part)!
      await addReading(each, columns, {
        space: this.#spaces.get(dictionary)!,
        dictionary,
        sampleTypes,
        streamsOf: (group) => streams.get(group)!,
        breathe: this.#breathe,
      })
    }
    // A restart between two blocks: what the old life ended with has not been counted.
    for (const { last, first } of seams) {
      if (![...last].some(([stack, value]) => (first.get(stack) ?? value) < value)) continue
      for (const [stack, value] of last) {
        const [type, key] = stack.split(' ')
        columns[Number(type)]!.add(Number(key), value, 1)
      }
    }
    this.#series++
    this.#profiles += facts.profiles
    this.#minTimeMs = Math.min(this.#minTimeMs, facts.minTimeMs)
    this.#coveredMs += facts.coveredMs > 0 ? facts.coveredMs : facts.maxTimeMs - facts.minTimeMs
    this.#durationMs += facts.coveredMs
    aggregations.forEach((aggregation, type) => {
      this.#totals[type]!.addSeries(columns[type]!, aggregation === 'avg' ? facts.profiles : 1)
    })
  }

  warn(warning: string): void {
    this.#warnings.push(warning)
  }

  finish(): MergedProfile {
    const { startMs, endMs } = this.#options
    const dictionary = this.#isOneDictionary
      ? (this.#dictionary ?? this.#target.dictionary)
      : this.#target.dictionary
    const warnings = [...this.#warnings]
    if (this.#kept > 0)
      warnings.push(`${this.#kept} bodies of the selection are no pprof profiles and were not merged`)
    if (this.#thinned > 0)
      warnings.push(`${this.#thinned} profiles were thinned out and not merged: only their totals are left`)
    return {
      symbols: dictionary,
      sampleTypes: this.#sampleTypes,
      values: this.#totals.map((total) => total.column(dictionary.keyCount)),
      defaultSampleType: Math.max(
        this.#sampleTypes.findIndex(
          ({ type }) => type === this.#facts?.sampleTypes[this.#facts.defaultSampleType]?.type,
        ),
        0,
      ),
      periodType: this.#facts?.periodType ?? { type: '', unit: '' },
      period: this.#facts?.period ?? 0n,
      dropFrames: this.#facts?.dropFrames ?? '',
      keepFrames: this.#facts?.keepFrames ?? '',
      timeNanos: this.#profiles === 0 ? 0n : BigInt(this.#minTimeMs) * 1_000_000n,
      durationNanos: BigInt(Math.round(this.#durationMs)) * 1_000_000n,
      coverage: {
        coveredSeconds: this.#coveredMs / 1000,
        rangeSeconds: (endMs - startMs) / 1000,
        profiles: this.#profiles,
        series: this.#series,
      },
      warnings,
    }
  }

  #aggregationOf(kind: SampleKind): Aggregation {
    return this.#options.agg ?? (kind === 'gauge' ? 'avg' : kind === 'counter' ? 'delta' : 'sum')
  }

  #isAsked({ type }: SampleType): boolean {
    return this.#options.type === undefined || type === this.#options.type
  }

  /** Reads the parts' dictionaries, and learns the sample types. */
  async #prepare(parts: readonly MergePart[]): Promise<Map<MergePart, Dictionary>> {
    const { signal } = this.#options
    const read = signal === undefined ? {} : { signal }
    const found = await Promise.all(
      parts.map(({ reader, series }) => reader.dictionary(reader.entry(series).service, read)),
    )
    const dictionaries = new Map<MergePart, Dictionary>()
    for (const [i, part] of parts.entries()) {
      const dictionary = found[i]!
      dictionaries.set(part, dictionary)
      if (!this.#spaces.has(dictionary)) {
        this.#budget.take(dictionary.heldBytes)
        const target = this.#isOneDictionary ? undefined : this.#target
        this.#spaces.set(dictionary, new KeySpace(dictionary, target))
      }
      this.#dictionary ??= dictionary
      for (const [i, sampleType] of part.rows.sampleTypes.entries()) {
        if (!this.#isAsked(sampleType)) continue
        if (this.#sampleTypes.some((t) => t.type === sampleType.type && t.unit === sampleType.unit)) continue
        if (part.rows.totals[i] === undefined) continue
        this.#sampleTypes.push(sampleType)
        this.#totals.push(new Total())
        this.#columns.push(new SeriesColumn())
      }
      if (this.#facts === undefined && dictionary.headers.length > 0)
        this.#facts = factsOf(dictionary, part.rows)
    }
    return dictionaries
  }
}

function profileTypeOf({ reader, series }: MergePart): string {
  return reader.labels(series)['profile_type'] ?? ''
}

/** Facts of the header that has the series' sample types. */
function factsOf(dictionary: Dictionary, rows: Rows) {
  const all = dictionary.headers.map((header) => headerFacts(header, dictionary))
  return (
    all.find(({ sampleTypes }) => sampleTypes.every((t, i) => rows.sampleTypes[i]?.type === t.type)) ??
    all[0]!
  )
}
