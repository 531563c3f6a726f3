import { setImmediate } from 'node:timers/promises'
import type { BlockReader, SeriesIndex } from '../block/block-reader.ts'
import { type Rows, rowFlags } from '../block/rows.ts'
import { Int64Sums } from '../lib/int64-sums.ts'
import { applyRecord } from '../profile/apply-record.ts'
import { ColumnPlans } from '../profile/column-plan.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { headerFacts } from '../profile/header.ts'
import { type SampleKind, sampleKind } from '../profile/kind.ts'
import { formatLabels, labelsKey } from '../profile/labels.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import { MergeDictionary, SymbolTranslator } from '../profile/translate-symbols.ts'

/** How values of several profiles become one; without it the sample type's kind decides. */
export type Aggregation = 'sum' | 'avg' | 'delta' | 'max' | 'last'

/** Some rows of one series in one block. */
export interface MergePart {
  readonly reader: BlockReader
  readonly series: SeriesIndex
  readonly rows: Rows
  /** Both inclusive. */
  readonly firstRow: number
  readonly lastRow: number
}

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

/** One profile that takes part. */
interface Picked {
  readonly part: MergePart
  readonly row: number
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
          const lives = this.#lives(picked)
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
      if (each !== undefined) await this.#readPart(part, each, series)
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

  /** Cuts a series where its process became another one. */
  #lives(picked: readonly Picked[]): Picked[][] {
    const lives: Picked[][] = []
    let before: Picked | undefined
    for (const each of picked) {
      if (before === undefined || isRestart(before, each)) lives.push([each])
      else lives.at(-1)!.push(each)
      before = each
    }
    return lives
  }

  async #readPart(part: MergePart, wanted: Wanted, series: readonly SeriesColumn[]): Promise<void> {
    const { reader, rows } = part
    const { signal } = this.#options
    const read = signal === undefined ? {} : { signal }
    const entry = reader.entry(part.series)
    const dictionary = await reader.dictionary(entry.service, read)
    const space = this.#spaces.get(dictionary)!
    const typeOf = this.#sampleTypes.map(({ type, unit }) =>
      rows.sampleTypes.findIndex((t) => t.type === type && t.unit === unit),
    )
    const summed = [...wanted.summed].filter((type) => typeOf[type]! >= 0)
    const hasSums = entry.sums.length > 0 && summed.every((type) => entry.isSummed[typeOf[type]!])
    const groupSums = hasSums && summed.length > 0 ? await reader.sums(part.series, read) : []
    for (const [group, span] of groupRows(
      rows,
      entry.groups.map((g) => g.profileCount),
    ).entries()) {
      const isPicked = (row: number) => row >= part.firstRow && row <= part.lastRow
      const columnRows = span.filter((row) => rows.flags[row]! & rowFlags.columns)
      const inside = columnRows.filter(isPicked)
      const snapshots = columnRows.filter((row) => wanted.snapshots.has(row))
      if (inside.length === 0 && snapshots.length === 0) continue
      const isWhole = inside.length === columnRows.length
      const sums = isWhole ? groupSums[group] : undefined
      if (sums !== undefined)
        for (const type of summed) {
          const from = sums.sums[typeOf[type]!]!
          sums.keys.forEach((key, i) => {
            const value = from.getNumber(i)
            series[type]!.add(space.key(key), Number.isSafeInteger(value) ? value : from.getBig(i), 1)
          })
        }
      const bodyTypes = sums === undefined ? summed : []
      if (bodyTypes.length === 0 && snapshots.length === 0) continue
      const lastNeeded = bodyTypes.length > 0 ? inside.at(-1)! : snapshots.at(-1)!
      const streams = await reader.groupStreams(part.series, group, read)
      const state = emptyState()
      const picked = new Set(inside)
      for (const row of columnRows) {
        if (row > Math.max(lastNeeded, snapshots.at(-1) ?? 0)) break
        applyRecord(streams, state, { timeMs: rows.timeMs[row]!, plans: space.plans, dictionary })
        if (picked.has(row))
          for (const type of bodyTypes)
            visitValues(state, space, this.#sampleTypes[type]!, addTo(series[type]!))
        for (const { type, visit } of wanted.snapshots.get(row) ?? [])
          visitValues(state, space, this.#sampleTypes[type]!, visit)
        await this.#breathe()
      }
    }
    await this.#breathe()
  }

  /** Lets the event loop turn every few milliseconds, and stops where the caller has gone. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#sliceStart < 12) return
    await setImmediate()
    this.#options.signal?.throwIfAborted()
    this.#sliceStart = performance.now()
  }
}

type Visit = (key: number, value: number | bigint) => void

/** What a merge wants of one part: types to sum over all its rows, and what to do with single rows. */
interface Wanted {
  readonly summed: Set<number>
  readonly snapshots: Map<number, { readonly type: number; readonly visit: Visit }[]>
}

function addTo(column: SeriesColumn): Visit {
  return (key, value) => column.add(key, value, 1)
}

function visitValues(state: SeriesState, space: KeySpace, sampleType: SampleType, visit: Visit): void {
  const type = space.plans
    .plan(state.header)
    .sampleTypes.findIndex((t) => t.type === sampleType.type && t.unit === sampleType.unit)
  if (type < 0) return
  const count = state.keys.length
  for (let i = 0; i < count; i++) {
    const at = type * count + i
    const value = state.wideValues === undefined ? state.values[at]! : state.wideValues[at]!
    if (value !== 0 && value !== 0n) visit(space.key(state.keys[i]!), value)
  }
}

/** A dictionary's keys as the merge numbers them. */
class KeySpace {
  readonly plans: ColumnPlans
  readonly #translator: SymbolTranslator | undefined

  constructor(dictionary: Dictionary, target: MergeDictionary | undefined) {
    this.plans = new ColumnPlans(dictionary)
    this.#translator = target === undefined ? undefined : new SymbolTranslator(dictionary, target)
  }

  key(key: number): number {
    return this.#translator === undefined ? key : this.#translator.key(key)
  }
}

/** The sums of one series in one column. */
class SeriesColumn {
  readonly sums = new Int64Sums(1024)

  add(key: number, value: number | bigint, sign: 1 | -1): void {
    this.sums.grow(key + 1)
    if (typeof value === 'bigint') this.sums.addBig(key, sign === 1 ? value : -value)
    else this.sums.add(key, sign * value)
  }
}

/** The sums of all series: exact where they add, one rounding at the end where they average. */
class Total {
  readonly #sums = new Int64Sums(1024)
  #averages: Float64Array | undefined

  addSeries({ sums }: SeriesColumn, profiles: number): void {
    this.#sums.grow(sums.length)
    for (let key = 0; key < sums.length; key++) {
      if (sums.isZero(key)) continue
      const sum = sums.getNumber(key)
      if (profiles === 1) {
        if (Number.isSafeInteger(sum)) this.#sums.add(key, sum)
        else this.#sums.addBig(key, sums.getBig(key))
      } else if (Number.isSafeInteger(sum)) {
        if (this.#averages === undefined || this.#averages.length <= key) this.#growAverages(key + 1)
        this.#averages![key]! += sum / profiles
      } else this.#sums.addBig(key, sums.getBig(key) / BigInt(profiles))
    }
  }

  #growAverages(length: number): void {
    const grown = new Float64Array(Math.max(length, this.#sums.length))
    if (this.#averages !== undefined) grown.set(this.#averages)
    this.#averages = grown
  }

  column(length: number): Int64Sums {
    this.#sums.grow(length)
    this.#averages?.forEach((average, key) => {
      if (average !== 0) this.#sums.add(key, Math.round(average))
    })
    this.#averages = undefined
    return this.#sums
  }
}

/** The rows with a body of each group: they fill the groups in order. */
function groupRows(rows: Rows, profileCounts: readonly number[]): number[][] {
  const groups: number[][] = []
  let row = 0
  for (const count of profileCounts) {
    const list: number[] = []
    for (; row < rows.length && list.length < count; row++)
      if (rows.flags[row]! & rowFlags.body) list.push(row)
    groups.push(list)
  }
  return groups
}

function timeOf({ part, row }: Picked): number {
  return part.rows.timeMs[row]!
}

/** 0 where unknown. */
function startTimeOf({ part, row }: Picked): number {
  return part.rows.processes[part.rows.process[row]!]?.startTimeMs ?? 0
}

/** Two profiles of different blocks that only their values can tell apart as two lives. By `type key`. */
interface Seam {
  readonly before: Picked
  readonly after: Picked
  readonly last: Map<string, number | bigint>
  readonly first: Map<string, number | bigint>
}

function seamsOf(picked: readonly Picked[]): Seam[] {
  const seams: Seam[] = []
  for (let i = 1; i < picked.length; i++) {
    const [before, after] = [picked[i - 1]!, picked[i]!]
    if (before.part.reader === after.part.reader || hasIdentity(before, after) || isRestart(before, after))
      continue
    seams.push({ before, after, last: new Map(), first: new Map() })
  }
  return seams
}

function collect(values: Map<string, number | bigint>, type: number): Visit {
  return (key, value) => {
    const place = `${type} ${key}`
    const sum = values.get(place)
    values.set(place, sum === undefined ? value : BigInt(sum) + BigInt(value))
  }
}

function identityOf({ part, row }: Picked) {
  const process = part.rows.processes[part.rows.process[row]!]
  return process === undefined || process.containerId === '' ? undefined : process
}

function hasIdentity(before: Picked, after: Picked): boolean {
  return identityOf(before) !== undefined && identityOf(after) !== undefined
}

/** Identity decides where both are known; else a fallen counter, which the row says, or a fallen total between blocks. */
function isRestart(before: Picked, after: Picked): boolean {
  const old = identityOf(before)
  const now = identityOf(after)
  if (old !== undefined && now !== undefined)
    return old.containerId !== now.containerId || old.restartCount !== now.restartCount
  if ((after.part.rows.flags[after.row]! & rowFlags.reset) !== 0) return true
  if (before.part === after.part) return false
  return after.part.rows.sampleTypes.some((sampleType, type) => {
    if (sampleKind(sampleType, '') !== 'counter') return false
    const was = before.part.rows.sampleTypes.findIndex((t) => t.type === sampleType.type)
    return was >= 0 && after.part.rows.totals[type]![after.row]! < before.part.rows.totals[was]![before.row]!
  })
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
