import { ColumnPlans } from '../profile/column-plan.ts'
import { counterFell } from '../profile/counter-fell.ts'
import { Dictionary } from '../profile/dictionary.ts'
import { DictionaryTranslator } from '../profile/dictionary-translator.ts'
import { RecordEncoder } from '../profile/encode-record.ts'
import { sampleKind } from '../profile/kind.ts'
import type { Labels } from '../profile/labels.ts'
import type { ProfileColumns } from '../profile/profile-columns.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { BlockFile } from './block-file.ts'
import { compressionLevels } from './block-format.ts'
import type { BlockReader, SeriesIndex } from './block-reader.ts'
import type { CoveredSet } from './covered.ts'
import { joinKept, joinRecords } from './join-records.ts'
import { gatherRows, type MergedRow, mergeRows, type RowFate, type RowTables } from './merge-rows.ts'
import { type Rows, rowFlags } from './rows.ts'
import { encodeRows } from './rows-codec.ts'
import { type BuiltGroup, maxGroupBytes, maxGroupProfiles } from './series-builder.ts'
import { SourceProfiles } from './source-profiles.ts'
import { SumsBuilder } from './sums-builder.ts'
import { encodeSums, type GroupSums } from './sums-codec.ts'
import type { GroupPlace } from './tail.ts'

/** What one block has of a series. */
export interface SeriesSource {
  readonly reader: BlockReader
  readonly series: SeriesIndex
  readonly rows: Rows
  /** Rows that another block speaks for. */
  readonly exclude: CoveredSet | undefined
}

/** A series whose bodies are written, and the rest of it, to be written beside that of its neighbours. */
export interface CompactedSeries {
  readonly labels: Labels
  readonly sampleTypes: readonly SampleType[]
  readonly defaultSampleType: number
  readonly isSummed: readonly boolean[]
  readonly period: number
  readonly groups: readonly GroupPlace[]
  /** Raw, to be put as chunks; empty for none. */
  readonly sums: Uint8Array
  readonly totals: Uint8Array
  readonly rows: Uint8Array
  readonly attemptCount: number
  readonly profileCount: number
  readonly minTimeMs: number
  readonly maxTimeMs: number
  /** Whether rows were thinned or dropped. */
  readonly isAltered: boolean
}

/** The symbols of one service, as they come together from several blocks. */
export class ServiceCompactor {
  readonly dictionary = new Dictionary()
  readonly #plans = new ColumnPlans(this.dictionary)
  readonly #sources = new Map<
    BlockReader,
    {
      readonly dictionary: Dictionary
      readonly plans: ColumnPlans
      readonly translator: DictionaryTranslator
    }
  >()
  readonly #groupSums = new SumsBuilder()
  readonly #file: BlockFile
  readonly #tables: RowTables
  readonly #breathe: () => Promise<void>
  readonly #signal: { readonly signal?: AbortSignal }

  constructor(about: {
    readonly file: BlockFile
    readonly tables: RowTables
    /** Called after every profile. */
    readonly breathe: () => Promise<void>
    readonly signal?: AbortSignal | undefined
  }) {
    this.#file = about.file
    this.#tables = about.tables
    this.#breathe = about.breathe
    this.#signal = about.signal === undefined ? {} : { signal: about.signal }
  }

  /** Undefined where no row is left. Writes the bodies into the file. */
  async addSeries(
    sources: readonly SeriesSource[],
    fate?: (timeMs: number, flags: number) => RowFate,
  ): Promise<CompactedSeries | undefined> {
    const merged = mergeRows(sources, fate)
    if (merged.length === 0) return undefined
    const [{ reader, series }] = sources as [SeriesSource]
    const labels = reader.labels(series)
    const sampleTypes = unionTypes(sources)
    const isSummed = sampleTypes.map(
      (sampleType) => sampleKind(sampleType, labels['profile_type'] ?? '') !== 'counter',
    )
    const chain = new Chain(this.dictionary, this.#plans, {
      sampleTypes,
      isSummed,
      file: this.#file,
      groupSums: this.#groupSums,
    })
    const profiles = await Promise.all(sources.map((source) => this.#profilesOf(source)))
    const flags = new Uint8Array(merged.length)
    let before: PlacedRow | undefined
    for (const [i, each] of merged.entries()) {
      const { rows } = sources[each.source]!
      flags[i] = each.isThinned
        ? (rows.flags[each.row]! & ~(rowFlags.body | rowFlags.bytes)) | rowFlags.thinned
        : rows.flags[each.row]!
      if ((flags[i]! & rowFlags.body) === 0) continue
      const { profiles: source, translator } = profiles[each.source]!
      const { state, kept } = await source.at(each.row, this.#signal)
      const isSeam = before !== undefined && isApart(before, { ...each, index: i })
      const columns = state && translator.profile(state)
      const fell = await chain.add(columns, kept, { timeMs: rows.timeMs[each.row]!, isSeam })
      if (columns !== undefined) {
        const mayBeAnother = isSeam && !hasIdentities(sources, before!, each)
        if (mayBeAnother && (fell || totalFell(sources, before!, each))) flags[i]! |= rowFlags.reset
        before = { ...each, index: i }
      }
      await this.#breathe()
    }
    const groups = await chain.finish()
    const rows = sources.map((source) => source.rows)
    const gathered = gatherRows(rows, merged, { tables: this.#tables, flags, sampleTypes })
    const latest = sources.at(-1)!
    const entry = latest.reader.entry(latest.series)
    const latestDefault = latest.rows.sampleTypes[latest.rows.defaultSampleType]
    const { sums, totals } = chain.encodeSums(entry.period)
    return {
      labels,
      sampleTypes,
      defaultSampleType: Math.max(
        sampleTypes.findIndex((t) => t.type === latestDefault?.type && t.unit === latestDefault?.unit),
        0,
      ),
      isSummed,
      period: entry.period,
      groups,
      sums,
      totals,
      rows: encodeRows(gathered),
      attemptCount: merged.length,
      profileCount: flags.reduce((count, each) => count + (each & rowFlags.body), 0),
      minTimeMs: gathered.timeMs[0]!,
      maxTimeMs: gathered.timeMs.at(-1)!,
      isAltered: fate !== undefined && isAltered(sources, merged),
    }
  }

  async #profilesOf({ reader, series, rows }: SeriesSource) {
    let known = this.#sources.get(reader)
    if (known === undefined) {
      const { service, groups } = reader.entry(series)
      const dictionary =
        groups.length === 0 ? new Dictionary() : await reader.dictionary(service, this.#signal)
      const translator = new DictionaryTranslator(dictionary, this.dictionary)
      known = { dictionary, plans: new ColumnPlans(dictionary), translator }
      if (groups.length > 0) this.#sources.set(reader, known)
    }
    const profiles = new SourceProfiles(reader, series, { rows, ...known })
    return { profiles, translator: known.translator }
  }
}

/** Profiles of one series becoming groups. */
class Chain {
  readonly #dictionary: Dictionary
  readonly #plans: ColumnPlans
  readonly #sampleTypes: readonly SampleType[]
  readonly #isSummed: readonly boolean[]
  readonly #file: BlockFile
  readonly #places: GroupPlace[] = []
  readonly #sums: GroupSums[] = []
  /** Of the group that is open. */
  readonly #groupSums: SumsBuilder
  #group: BuiltGroup | undefined
  #last: SeriesState = emptyState()

  constructor(
    dictionary: Dictionary,
    plans: ColumnPlans,
    about: {
      readonly sampleTypes: readonly SampleType[]
      readonly isSummed: readonly boolean[]
      readonly file: BlockFile
      /** Empty; one for all, since its columns grow with the keys. */
      readonly groupSums: SumsBuilder
    },
  ) {
    this.#dictionary = dictionary
    this.#plans = plans
    this.#sampleTypes = about.sampleTypes
    this.#isSummed = about.isSummed
    this.#file = about.file
    this.#groupSums = about.groupSums
  }

  /** Resolves to whether a counter is lower than in the profile before, where that is asked. */
  async add(
    profile: ProfileColumns | undefined,
    kept: Uint8Array | undefined,
    { timeMs, isSeam }: { readonly timeMs: number; readonly isSeam: boolean },
  ): Promise<boolean> {
    const group = await this.#openGroup()
    group.profileCount++
    let fell = false
    if (profile !== undefined) {
      const start = group.recordCount === 0 ? emptyState() : this.#last
      const plan = this.#plans.plan(profile.header)
      const { keyLabelSet } = this.#dictionary
      const { record } = records.encode(profile, start, {
        timeMs,
        plan,
        labelSetOf: keyLabelSet,
        strings: profile.strings,
      })
      const next = { ...profile, nextKey: Math.max(start.nextKey, highest(profile.keys) + 1) }
      fell = isSeam && this.#last.header === next.header && counterFell(this.#last, next, plan)
      this.#last = next
      group.records.push(record)
      group.recordTimesMs.push(timeMs)
      group.recordCount++
      group.heldBytes += record.length
      this.#addSums(next)
    }
    if (kept !== undefined) {
      group.kept.push(kept)
      group.heldBytes += kept.length
    }
    return fell
  }

  async finish(): Promise<readonly GroupPlace[]> {
    await this.#closeGroup()
    return this.#places
  }

  encodeSums(period: number): { readonly sums: Uint8Array; readonly totals: Uint8Array } {
    if (!this.#isSummed.includes(true) || this.#places.length === 0)
      return { sums: new Uint8Array(0), totals: new Uint8Array(0) }
    const sums = encodeSums(this.#sums, period).slice()
    if (this.#sums.length < 2) return { sums, totals: new Uint8Array(0) }
    for (const group of this.#sums) this.#groupSums.addAll(group)
    return { sums, totals: encodeSums([this.#groupSums.take(this.#isSummed)], period).slice() }
  }

  #addSums({ header, keys, values, wideValues }: SeriesState): void {
    const count = keys.length
    const column = wideValues ?? values
    for (const [type, sampleType] of this.#plans.plan(header).sampleTypes.entries()) {
      const place = typeIndex(this.#sampleTypes, sampleType)
      if (!this.#isSummed[place]) continue
      for (let i = 0; i < count; i++) {
        const value = column[type * count + i]!
        if (value !== 0 && value !== 0n) this.#groupSums.add(keys[i]!, place, value)
      }
    }
  }

  async #openGroup(): Promise<BuiltGroup> {
    const open = this.#group
    if (open !== undefined && open.profileCount < maxGroupProfiles && open.heldBytes < maxGroupBytes)
      return open
    await this.#closeGroup()
    this.#group = {
      profileCount: 0,
      recordCount: 0,
      heldBytes: 0,
      records: [],
      recordTimesMs: [],
      kept: [],
    }
    return this.#group
  }

  async #closeGroup(): Promise<void> {
    const group = this.#group
    if (group === undefined) return
    this.#group = undefined
    const { frames } = compressionLevels.dense
    const body = group.recordCount === 0 ? new Uint8Array(0) : joinRecords(group)
    this.#places.push({
      profileCount: group.profileCount,
      body: await this.#file.put(body, frames),
      kept: await this.#file.put(group.kept.length === 0 ? new Uint8Array(0) : joinKept(group), frames),
    })
    this.#sums.push(this.#groupSums.take(this.#isSummed))
  }
}

/** Scratch memory only. */
const records = new RecordEncoder()

function typeIndex(sampleTypes: readonly SampleType[], { type, unit }: SampleType): number {
  return sampleTypes.findIndex((t) => t.type === type && t.unit === unit)
}

function unionTypes(sources: readonly SeriesSource[]): SampleType[] {
  const types: SampleType[] = []
  for (const { rows } of sources)
    for (const sampleType of rows.sampleTypes) if (typeIndex(types, sampleType) < 0) types.push(sampleType)
  return types
}

interface PlacedRow extends MergedRow {
  /** Among the merged ones. */
  readonly index: number
}

/** Of two blocks, or with rows dropped in between: the row's own flags do not tell whether the process is another. */
function isApart(before: PlacedRow, after: PlacedRow): boolean {
  return before.source !== after.source || after.row - before.row > after.index - before.index
}

/** Where both are known, they decide what is another life, and nobody looks at counters. */
function hasIdentities(sources: readonly SeriesSource[], before: MergedRow, after: MergedRow): boolean {
  return [before, after].every(({ source, row }) => {
    const { process, processes } = sources[source]!.rows
    return (processes[process[row]!]?.containerId ?? '') !== ''
  })
}

function totalFell(sources: readonly SeriesSource[], before: MergedRow, after: MergedRow): boolean {
  const [old, now] = [sources[before.source]!.rows, sources[after.source]!.rows]
  return now.sampleTypes.some((sampleType, type) => {
    if (sampleKind(sampleType, '') !== 'counter') return false
    const was = typeIndex(old.sampleTypes, sampleType)
    return was >= 0 && now.totals[type]![after.row]! < old.totals[was]![before.row]!
  })
}

function isAltered(sources: readonly SeriesSource[], merged: readonly MergedRow[]): boolean {
  return merged.some(({ isThinned }) => isThinned) || merged.length !== mergeRows(sources).length
}

function highest(keys: Uint32Array): number {
  let most = -1
  for (const key of keys) if (key > most) most = key
  return most
}
