import { applyRecord, recordStreams } from '../profile/apply-record.ts'
import type { ColumnPlans } from '../profile/column-plan.ts'
import { counterFell } from '../profile/counter-fell.ts'
import type { PprofDecoder } from '../profile/decode-pprof.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import type { PprofEncoder } from '../profile/encode-pprof.ts'
import type { RecordEncoder } from '../profile/encode-record.ts'
import { headerFacts } from '../profile/header.ts'
import type { Labels } from '../profile/labels.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import { rowFlags } from './rows.ts'

/** What the profiles of one service go through and into. */
export interface ServiceBuilder {
  readonly name: string
  readonly dictionary: Dictionary
  readonly plans: ColumnPlans
}

/** Tools whose scratch memory all series share. */
export interface Codecs {
  readonly decoder: PprofDecoder
  readonly encoder: PprofEncoder
  readonly records: RecordEncoder
}

export interface BuiltGroup {
  profileCount: number
  recordCount: number
  heldBytes: number
  readonly records: Uint8Array[]
  /** The rows' times, one per record, in order. */
  readonly recordTimesMs: number[]
  /** Bytes kept beside or instead of columns, in the order of their rows. */
  readonly kept: Uint8Array[]
}

export interface BuiltRow {
  readonly timeMs: number
  readonly durationMs: number
  readonly coveredMs: number
  readonly health: number
  readonly httpStatus: number
  readonly flags: number
  readonly sizeBytes: number
  readonly writer: number
  readonly seq: number
  readonly process: number
  /** Per sample type of the series; shorter where types came later. */
  readonly totals: readonly bigint[] | readonly number[]
  /** Into `groups`. */
  readonly group: number
}

/** One series as it grows. */
export class SeriesBuilder {
  readonly labels: Labels
  readonly service: ServiceBuilder
  readonly rows: BuiltRow[] = []
  readonly groups: BuiltGroup[] = []
  readonly sampleTypes: SampleType[] = []
  defaultSampleType = 0
  period = 0
  #state: SeriesState = emptyState()
  #needsStrings = false

  constructor(labels: Labels, service: ServiceBuilder) {
    this.labels = labels
    this.service = service
  }

  /** What a body comes to: flags, totals and what it covers. Everything that is no pprof is kept as it is. */
  addBody(
    bytes: Uint8Array,
    timeMs: number,
    codecs: Codecs,
  ): { flags: number; totals: number[] | bigint[]; coveredMs: number; group: number } {
    const { dictionary, plans } = this.service
    const group = this.#openGroup()
    const previous = this.#state
    // Bodies that are no pprof leave no record: the chain starts with the first that does.
    const start = group.recordCount === 0 ? emptyState() : previous
    group.profileCount++
    const place = this.groups.length - 1
    let decoded: ReturnType<PprofDecoder['decode']>
    try {
      decoded = codecs.decoder.decode(bytes, dictionary, start.keys)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'NOT_PPROF') throw error
      this.#keep(group, bytes)
      return { flags: rowFlags.body | rowFlags.bytes, totals: [], coveredMs: 0, group: place }
    }
    const plan = plans.plan(decoded.header)
    let isExact = false
    let next = start
    let record = new Uint8Array(0)
    let mayBeReset = false
    // Most files list strings by first use; a series that does not is remembered, the columns are written once more.
    for (const strings of this.#needsStrings ? [decoded.strings] : [undefined, decoded.strings]) {
      const encoded = codecs.records.encode(decoded, start, {
        timeMs,
        plan,
        labelSetOf: dictionary.keyLabelSet,
        strings,
      })
      record = encoded.record as Uint8Array<ArrayBuffer>
      mayBeReset = encoded.mayBeReset
      next = { ...start }
      applyRecord(recordStreams(record), next, { timeMs, plans, dictionary })
      isExact = decoded.isComplete && equal(codecs.encoder.encode(next, dictionary), bytes)
      if (isExact || !decoded.isComplete) {
        this.#needsStrings = isExact && strings !== undefined
        break
      }
    }
    group.records.push(record)
    group.recordTimesMs.push(timeMs)
    group.recordCount++
    group.heldBytes += record.length
    if (!isExact) this.#keep(group, bytes)
    // The record compares samples one by one, and a profile may list one stack in several: the sums decide.
    const isSuspect = mayBeReset || start !== previous
    const isReset = isSuspect && previous.header === next.header && counterFell(previous, next, plan)
    this.#state = next
    return {
      flags:
        rowFlags.body | rowFlags.columns | (isExact ? 0 : rowFlags.bytes) | (isReset ? rowFlags.reset : 0),
      totals: this.#totals(next),
      coveredMs: Number(next.durationNanos > 0n ? (next.durationNanos + 500_000n) / 1_000_000n : 0n),
      group: place,
    }
  }

  #openGroup(): BuiltGroup {
    const last = this.groups.at(-1)
    if (last !== undefined && last.profileCount < maxGroupProfiles && last.heldBytes < maxGroupBytes)
      return last
    const group = { profileCount: 0, recordCount: 0, heldBytes: 0, records: [], recordTimesMs: [], kept: [] }
    this.groups.push(group)
    return group
  }

  #keep(group: BuiltGroup, bytes: Uint8Array): void {
    group.kept.push(bytes.slice())
    group.heldBytes += bytes.length
  }

  #totals(state: SeriesState): number[] | bigint[] {
    const { dictionary } = this.service
    const facts = headerFacts(dictionary.headers[state.header]!, dictionary)
    const columns = facts.sampleTypes.map((sampleType) => this.columnOf(sampleType))
    this.defaultSampleType = columns[facts.defaultSampleType] ?? 0
    this.period = facts.period > 0n && facts.period < 2n ** 40n ? Number(facts.period) : 0
    const totals = new Array<number>(this.sampleTypes.length).fill(0)
    const count = state.keys.length
    let isSafe = state.wideValues === undefined
    for (let type = 0; type < columns.length && isSafe; type++) {
      let total = 0
      for (let i = type * count; i < (type + 1) * count; i++) {
        total += state.values[i]!
        if (total > Number.MAX_SAFE_INTEGER || total < Number.MIN_SAFE_INTEGER) isSafe = false
      }
      totals[columns[type]!] = total
    }
    if (isSafe) return totals
    const wide = totals.map(() => 0n)
    for (let type = 0; type < columns.length; type++) {
      let total = 0n
      for (let i = type * count; i < (type + 1) * count; i++)
        total += state.wideValues === undefined ? BigInt(state.values[i]!) : state.wideValues[i]!
      wide[columns[type]!] = BigInt.asIntN(64, total)
    }
    return wide
  }

  /** The series' column for a sample type; a new one where it is the first of its kind. */
  columnOf(sampleType: SampleType): number {
    const known = this.sampleTypes.findIndex((t) => t.type === sampleType.type && t.unit === sampleType.unit)
    return known >= 0 ? known : this.sampleTypes.push(sampleType) - 1
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/** A group is closed once it holds so many, or so much. */
export const maxGroupProfiles = 64
export const maxGroupBytes = 1 << 20
