import { setImmediate } from 'node:timers/promises'
import type { Rows } from '../block/rows.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { headerFacts } from '../profile/header.ts'
import { type SampleKind, sampleKind } from '../profile/kind.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import type { SampleType } from '../profile/symbols.ts'
import { MergeDictionary } from '../profile/translate-symbols.ts'
import { KeySpace } from './key-space.ts'
import { SeriesColumn, Total } from './merge-columns.ts'
import type { MergePart, Picked } from './merge-part.ts'
import type { Aggregation, MergeOptions } from './merge-profiles.ts'
import { collect, livesOf, seamsOf, startTimeOf } from './process-lives.ts'
import { ReadBudget } from './read-budget.ts'
import { readPart, type Visit, type Wanted } from './read-part.ts'
import { type PartPlan, type PartSums, planSums, readSums } from './read-sums.ts'
import { SeriesFacts } from './series-facts.ts'

/** How long it works before others have their turn, and before it sees that nobody waits any more. */
const sliceMs = 8

/** A merge under way: a series at a time, and what they came to. */
export class ProfileMerge {
  readonly #options: MergeOptions
  readonly #isOneDictionary: boolean
  readonly #target = new MergeDictionary()
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
    this.#isOneDictionary = places.size <= 1
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

  async addSeries(all: readonly MergePart[], sums: ReadonlyMap<MergePart, PartSums>): Promise<void> {
    const facts = new SeriesFacts()
    for (const part of all) facts.add(part)
    this.#kept += facts.kept
    this.#thinned += facts.thinned
    if (facts.profiles === 0) return
    const parts = facts.parts()
    await this.#prepare(parts)

    const profileType = profileTypeOf(parts[0]!)
    const plans = this.#sampleTypes.map((sampleType) =>
      this.#aggregationOf(sampleKind(sampleType, profileType)),
    )
    const wanted = new Map<MergePart, Wanted>()
    const wantedOf = (part: MergePart) => {
      let each = wanted.get(part)
      if (each === undefined) {
        each = { summed: new Set(), snapshots: new Map() }
        wanted.set(part, each)
      }
      return each
    }
    const snapshot = ({ part, row }: Picked, type: number, visit: Visit) => {
      const { snapshots } = wantedOf(part)
      const list = snapshots.get(row)
      if (list === undefined) snapshots.set(row, [{ type, visit }])
      else list.push({ type, visit })
    }
    const series = this.#columns
    for (const column of series) column.clear()
    const isSnapshot = plans.some((plan) => !isSum(plan))
    const picked = isSnapshot ? facts.picked() : []
    const lives = plans.includes('delta') ? livesOf(picked) : []
    const seams = plans.includes('delta') ? seamsOf(picked) : []
    this.#sampleTypes.forEach((sampleType, type) => {
      const column = series[type]!
      const add =
        (sign: 1 | -1): Visit =>
        (key, value) =>
          column.add(key, value, sign)
      switch (plans[type]) {
        case 'sum':
        case 'avg':
          for (const part of parts) wantedOf(part).summed.add(type)
          break
        case 'last':
          snapshot(picked.at(-1)!, type, add(1))
          break
        case 'max':
          snapshot(this.#peak(picked, sampleType), type, add(1))
          break
        default: {
          for (const seam of seams) {
            snapshot(seam.before, type, collect(seam.last, type))
            snapshot(seam.after, type, collect(seam.first, type))
          }
          lives.forEach((life, i) => {
            const from = life[0]!
            const bornInside = startTimeOf(from) >= this.#options.startMs
            if (i === 0 && !bornInside) snapshot(from, type, add(-1))
            snapshot(life.at(-1)!, type, add(1))
          })
        }
      }
    })
    for (const part of parts) {
      const each = wanted.get(part)
      if (each !== undefined)
        await readPart(part, each, series, {
          sums: sums.get(part),
          budget: this.#budget,
          spaces: this.#spaces,
          sampleTypes: this.#sampleTypes,
          signal: this.#options.signal,
          breathe: this.#breathe,
        })
    }
    // A restart between two blocks: what the old life ended with has not been counted.
    for (const { last, first } of seams) {
      if (![...last].some(([stack, value]) => (first.get(stack) ?? value) < value)) continue
      for (const [stack, value] of last) {
        const [type, key] = stack.split(' ')
        series[Number(type)]!.add(Number(key), value, 1)
      }
    }
    this.#series++
    this.#profiles += facts.profiles
    this.#minTimeMs = Math.min(this.#minTimeMs, facts.minTimeMs)
    this.#coveredMs += facts.coveredMs > 0 ? facts.coveredMs : facts.maxTimeMs - facts.minTimeMs
    this.#durationMs += facts.coveredMs
    series.forEach((column, type) => {
      this.#totals[type]!.addSeries(column, plans[type] === 'avg' ? facts.profiles : 1)
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

  /** Reads dictionaries, and learns the sample types from the first profile. */
  async #prepare(parts: readonly MergePart[]): Promise<void> {
    const { signal } = this.#options
    for (const part of parts) {
      const dictionary = await part.reader.dictionary(
        part.reader.entry(part.series).service,
        signal ? { signal } : {},
      )
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
  }

  /** The profile with the largest total. */
  #peak(picked: readonly Picked[], sampleType: SampleType): Picked {
    let best = picked[0]!
    let most = -Infinity
    for (const each of picked) {
      const type = each.part.rows.sampleTypes.findIndex((t) => t.type === sampleType.type)
      const total = Number(each.part.rows.totals[type]?.[each.row] ?? 0)
      if (total > most) {
        most = total
        best = each
      }
    }
    return best
  }
}

function profileTypeOf({ reader, series }: MergePart): string {
  return reader.labels(series)['profile_type'] ?? ''
}

function isSum(aggregation: Aggregation): boolean {
  return aggregation === 'sum' || aggregation === 'avg'
}

/** Facts of the header that has the series' sample types. */
function factsOf(dictionary: Dictionary, rows: Rows) {
  const all = dictionary.headers.map((header) => headerFacts(header, dictionary))
  return (
    all.find(({ sampleTypes }) => sampleTypes.every((t, i) => rows.sampleTypes[i]?.type === t.type)) ??
    all[0]!
  )
}
