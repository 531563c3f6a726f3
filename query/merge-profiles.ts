import { setImmediate } from 'node:timers/promises'
import { type Rows, rowFlags } from '../block/rows.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { headerFacts } from '../profile/header.ts'
import { type SampleKind, sampleKind } from '../profile/kind.ts'
import { formatLabels, labelsKey } from '../profile/labels.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import type { SampleType } from '../profile/symbols.ts'
import { MergeDictionary } from '../profile/translate-symbols.ts'
import { KeySpace } from './key-space.ts'
import { SeriesColumn, Total } from './merge-columns.ts'
import type { MergePart, Picked } from './merge-part.ts'
import { collect, livesOf, seamsOf, startTimeOf } from './process-lives.ts'
import { readPart, type Visit, type Wanted } from './read-part.ts'

/** How values of several profiles become one; without it the sample type's kind decides. */
export type Aggregation = 'sum' | 'avg' | 'delta' | 'max' | 'last'

export interface MergeOptions {
  readonly startMs: number
  readonly endMs: number
  readonly agg?: Aggregation
  /** Only this sample type; all without it. */
  readonly type?: string
  readonly signal?: AbortSignal
}

/**
 * Merges profiles by adding numbers per sample key. Whole groups are read as their sums, bodies only where a range
 * begins or ends inside a group, where a process ends, and where the block has no sums.
 *
 * Gauges are averaged over a series' profiles, then summed over series. Counters are differenced per process life:
 * a life that begins inside the range counts from 0, the first one from its first profile. Durations are summed.
 */
export async function mergeProfiles(
  parts: readonly MergePart[],
  options: MergeOptions,
): Promise<MergedProfile> {
  const merge = new Merge(parts, options)
  const bySeries = new Map<string, MergePart[]>()
  for (const part of parts) {
    const key = labelsKey(part.reader.labels(part.series))
    const list = bySeries.get(key)
    if (list === undefined) bySeries.set(key, [part])
    else list.push(part)
  }
  for (const list of bySeries.values()) {
    list.sort((a, b) => (a.rows.timeMs[a.firstRow] ?? 0) - (b.rows.timeMs[b.firstRow] ?? 0))
    try {
      await merge.addSeries(list)
    } catch (error) {
      if ((options.signal?.reason as Error | undefined)?.name !== 'TimeoutError') throw error
      merge.warn(`the time was up after ${merge.seriesCount} of ${bySeries.size} series: the rest is missing`)
      break
    }
  }
  return merge.finish()
}

class Merge {
  readonly #options: MergeOptions
  readonly #isOneDictionary: boolean
  readonly #target = new MergeDictionary()
  readonly #spaces = new Map<Dictionary, KeySpace>()
  #sampleTypes: SampleType[] = []
  readonly #totals: Total[] = []
  #facts: ReturnType<typeof headerFacts> | undefined
  #dictionary: Dictionary | undefined
  #profiles = 0
  #series = 0
  #coveredMs = 0
  #durationMs = 0
  #minTimeMs = Number.MAX_SAFE_INTEGER
  #kept = 0
  readonly #warnings: string[] = []
  #sliceStart = performance.now()

  /** Lets the event loop turn every few milliseconds, and stops where the caller has gone. */
  readonly #breathe = async (): Promise<void> => {
    if (performance.now() - this.#sliceStart < 12) return
    await setImmediate()
    this.#options.signal?.throwIfAborted()
    this.#sliceStart = performance.now()
  }

  constructor(parts: readonly MergePart[], options: MergeOptions) {
    this.#options = options
    const places = new Set(
      parts.map(({ reader, series }) => `${reader.name} ${reader.entry(series).service}`),
    )
    this.#isOneDictionary = places.size <= 1
  }

  async addSeries(parts: readonly MergePart[]): Promise<void> {
    const picked: Picked[] = []
    for (const part of parts) {
      for (let row = part.firstRow; row <= part.lastRow; row++) {
        const flags = part.rows.flags[row]!
        if ((flags & rowFlags.body) === 0) continue
        if (flags & rowFlags.columns) picked.push({ part, row })
        else this.#kept++
      }
    }
    if (picked.length === 0) return
    picked.sort((a, b) => a.part.rows.timeMs[a.row]! - b.part.rows.timeMs[b.row]!)
    const first = picked[0]!
    const last = picked.at(-1)!
    await this.#prepare(picked)

    const profileType = first.part.reader.labels(first.part.series)['profile_type'] ?? ''
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
    const series = this.#sampleTypes.map(() => new SeriesColumn())
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
          snapshot(last, type, add(1))
          break
        case 'max':
          snapshot(this.#peak(picked, sampleType), type, add(1))
          break
        default: {
          for (const seam of seams) {
            snapshot(seam.before, type, collect(seam.last, type))
            snapshot(seam.after, type, collect(seam.first, type))
          }
          const lives = livesOf(picked)
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
    this.#profiles += picked.length
    this.#minTimeMs = Math.min(this.#minTimeMs, timeOf(first))
    let coveredMs = 0
    for (const { part, row } of picked) coveredMs += part.rows.coveredMs[row]!
    this.#coveredMs += coveredMs > 0 ? coveredMs : timeOf(last) - timeOf(first)
    this.#durationMs += coveredMs
    series.forEach((column, type) => {
      this.#totals[type]!.addSeries(column, plans[type] === 'avg' ? picked.length : 1)
    })
  }

  get seriesCount(): number {
    return this.#series
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

  /** Reads dictionaries, and learns the sample types from the first profile. */
  async #prepare(picked: readonly Picked[]): Promise<void> {
    const { signal } = this.#options
    for (const part of new Set(picked.map((each) => each.part))) {
      const dictionary = await part.reader.dictionary(
        part.reader.entry(part.series).service,
        signal ? { signal } : {},
      )
      if (!this.#spaces.has(dictionary))
        this.#spaces.set(
          dictionary,
          new KeySpace(dictionary, this.#isOneDictionary ? undefined : this.#target),
        )
      this.#dictionary ??= dictionary
      for (const [i, sampleType] of part.rows.sampleTypes.entries()) {
        if (this.#options.type !== undefined && sampleType.type !== this.#options.type) continue
        if (this.#sampleTypes.some((t) => t.type === sampleType.type && t.unit === sampleType.unit)) continue
        if (part.rows.totals[i] === undefined) continue
        this.#sampleTypes.push(sampleType)
        this.#totals.push(new Total())
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

function timeOf({ part, row }: Picked): number {
  return part.rows.timeMs[row]!
}

/** Facts of the header that has the series' sample types. */
function factsOf(dictionary: Dictionary, rows: Rows) {
  const all = dictionary.headers.map((header) => headerFacts(header, dictionary))
  return (
    all.find(({ sampleTypes }) => sampleTypes.every((t, i) => rows.sampleTypes[i]?.type === t.type)) ??
    all[0]!
  )
}

/** A merge mixes no kinds of profile: the list of those it would, where there is more than one. */
export function profileTypesOf(parts: readonly MergePart[]): string[] {
  return [
    ...new Set(parts.map(({ reader, series }) => reader.labels(series)['profile_type'] ?? formatLabels({}))),
  ].sort()
}
