import { ColumnPlans } from '../profile/column-plan.ts'
import { Dictionary } from '../profile/dictionary.ts'
import { DictionaryTranslator } from '../profile/dictionary-translator.ts'
import { sampleKind } from '../profile/kind.ts'
import type { Labels } from '../profile/labels.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { BlockFile } from './block-file.ts'
import type { CompressionLevels } from './block-format.ts'
import type { BlockReader, SeriesIndex } from './block-reader.ts'
import type { CoveredSet } from './covered.ts'
import { GroupChain, typeIndex } from './group-chain.ts'
import { flagsOf, gatherRows, type MergedRow, mergeRows, type RowFate, type RowTables } from './merge-rows.ts'
import { type Rows, rowFlags } from './rows.ts'
import { encodeRows } from './rows-codec.ts'
import { SourceProfiles } from './source-profiles.ts'
import { SumsBuilder } from './sums-builder.ts'
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
  /** See GroupChain. */
  readonly digests: readonly number[]
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
  readonly #levels: CompressionLevels
  readonly #breathe: () => Promise<void>
  readonly #signal: { readonly signal?: AbortSignal }

  constructor(about: {
    readonly file: BlockFile
    readonly tables: RowTables
    readonly levels: CompressionLevels
    /** Called after every profile. */
    readonly breathe: () => Promise<void>
    readonly signal?: AbortSignal | undefined
  }) {
    this.#file = about.file
    this.#tables = about.tables
    this.#levels = about.levels
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
    const chain = new GroupChain(this.dictionary, this.#plans, {
      sampleTypes,
      isSummed,
      file: this.#file,
      level: this.#levels.frames,
      groupSums: this.#groupSums,
    })
    const profiles = await Promise.all(sources.map((source) => this.#profilesOf(source)))
    const flags = new Uint8Array(merged.length)
    let before: PlacedRow | undefined
    for (const [i, each] of merged.entries()) {
      const { rows } = sources[each.source]!
      flags[i] = flagsOf(sources, each)
      if ((flags[i]! & rowFlags.body) === 0) continue
      const { profiles: source, translator, dictionary } = profiles[each.source]!
      const { state, kept } = await source.at(each.row, this.#signal)
      const isSeam = before !== undefined && isApart(before, { ...each, index: i })
      const columns = state && translator.profile(state)
      const scraped = state && { profile: { ...state }, dictionary }
      const fell = await chain.add(columns, kept, { timeMs: rows.timeMs[each.row]!, isSeam, scraped })
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
      digests: chain.digests,
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
    return { profiles, translator: known.translator, dictionary: known.dictionary }
  }
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
