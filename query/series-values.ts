import type { ProcessIdentity } from '../block/attempt.ts'
import { type Rows, rowFlags } from '../block/rows.ts'
import { Int64Sums } from '../lib/int64-sums.ts'
import { sampleKind } from '../profile/kind.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { Aggregation, KindAnswer } from './api/types.ts'

/** One profile of a series: a row that has totals. */
export interface RowRef {
  readonly rows: Rows
  readonly row: number
}

export interface SeriesValues {
  /** Ascending; with a step, the beginnings of those steps that have a value. */
  readonly timeMs: readonly number[]
  /** Exact decimal digits. */
  readonly values: readonly string[]
  /** Behind each value. */
  readonly coveredSeconds: readonly number[]
  readonly profiles: number
}

export interface Steps {
  readonly startMs: number
  readonly stepMs: number
  readonly count: number
}

/** The agg that a kind's values ask for: gauges average, counters are differenced, durations add. */
export function defaultAggregation(kind: KindAnswer): Aggregation {
  return kind === 'gauge' ? 'avg' : kind === 'counter' ? 'delta' : 'sum'
}

export function kindOf(sampleType: SampleType, profileType: string): KindAnswer {
  return sampleKind(sampleType, profileType)
}

/** One value per profile: its total. Rows without one of this sample type are left out. */
export function profileValues(refs: readonly RowRef[], type: string): SeriesValues {
  const timeMs: number[] = []
  const values: string[] = []
  const coveredSeconds: number[] = []
  for (const { rows, row } of refs) {
    const column = columnOf(rows, row, type)
    if (column === undefined) continue
    timeMs.push(rows.timeMs[row]!)
    values.push(String(column[row]!))
    coveredSeconds.push(rows.coveredMs[row]! / 1000)
  }
  return { timeMs, values, coveredSeconds, profiles: timeMs.length }
}

/**
 * One value per step that has any; step k is `[startMs + k·stepMs, startMs + (k + 1)·stepMs)`.
 *
 * `delta` is the growth since the profile before, counted in the step of the later one, so that the steps of a
 * range add up to what a merge of the range says. A process that began since then counts from 0, and the seconds
 * covered are its own: where its start is known, rates stay true across restarts. The first profile in the range
 * counts only where its process began inside the range.
 */
export function stepValues(
  refs: readonly RowRef[],
  type: string,
  options: { readonly steps: Steps; readonly agg: Aggregation },
): SeriesValues {
  const { steps, agg } = options
  const sums = new Int64Sums(steps.count)
  const counts = new Uint32Array(steps.count)
  const coveredMs = new Float64Array(steps.count)
  const best = new Map<number, bigint>()
  let previous: RowRef | undefined
  let profiles = 0
  for (const ref of refs) {
    const { rows, row } = ref
    const column = columnOf(rows, row, type)
    if (column === undefined) continue
    profiles++
    const step = Math.floor((rows.timeMs[row]! - steps.startMs) / steps.stepMs)
    if (step < 0 || step >= steps.count) continue
    if (agg === 'delta') {
      const startTimeMs = startTimeOf(ref)
      if (previous !== undefined && isSameLife(previous, ref, type)) {
        const before = columnOf(previous.rows, previous.row, type)!
        addDifference(sums, step, column[row]!, before[previous.row]!)
        coveredMs[step]! += rows.timeMs[row]! - timeOf(previous)
        counts[step]!++
      } else if (previous !== undefined || (startTimeMs > 0 && startTimeMs >= steps.startMs)) {
        const since = Math.max(startTimeMs, previous === undefined ? 0 : timeOf(previous))
        add(sums, step, column[row]!)
        coveredMs[step]! += Math.max(0, rows.timeMs[row]! - since)
        counts[step]!++
      }
    } else {
      counts[step]!++
      coveredMs[step]! += rows.coveredMs[row]!
      if (agg === 'last') best.set(step, BigInt(column[row]!))
      else if (agg === 'max') {
        const value = BigInt(column[row]!)
        const known = best.get(step)
        if (known === undefined || value > known) best.set(step, value)
      } else add(sums, step, column[row]!)
    }
    previous = ref
  }
  const timeMs: number[] = []
  const values: string[] = []
  const coveredSeconds: number[] = []
  for (let step = 0; step < steps.count; step++) {
    const count = counts[step]!
    if (count === 0) continue
    timeMs.push(steps.startMs + step * steps.stepMs)
    coveredSeconds.push(coveredMs[step]! / 1000)
    if (agg === 'avg') values.push(roundedQuotient(sums.getBig(step), BigInt(count)).toString())
    else values.push(best.get(step)?.toString() ?? sums.format(step))
  }
  return { timeMs, values, coveredSeconds, profiles }
}

/**
 * Whether both profiles are of one process that did not count anew in between. Where both say which container they
 * come from, that decides; else counters that fell, as the row says of any stack and the totals of all.
 */
export function isSameLife(before: RowRef, after: RowRef, type: string): boolean {
  const old = processOf(before)
  const now = processOf(after)
  if (old !== undefined && now !== undefined && old.containerId !== '' && now.containerId !== '') {
    return old.containerId === now.containerId && old.restartCount === now.restartCount
  }
  if ((after.rows.flags[after.row]! & rowFlags.reset) !== 0) return false
  const from = columnOf(before.rows, before.row, type)
  const to = columnOf(after.rows, after.row, type)
  return from !== undefined && to !== undefined && to[after.row]! >= from[before.row]!
}

function processOf({ rows, row }: RowRef): ProcessIdentity | undefined {
  return rows.processes[rows.process[row]!]
}

/** When its process began, in unix ms; 0 where unknown. */
export function startTimeOf(ref: RowRef): number {
  return processOf(ref)?.startTimeMs ?? 0
}

function timeOf({ rows, row }: RowRef): number {
  return rows.timeMs[row]!
}

/** The total of one row; undefined where it has none of this sample type. */
export function totalOf({ rows, row }: RowRef, type: string): number | bigint | undefined {
  return columnOf(rows, row, type)?.[row]
}

/** Undefined where the row has no totals or its profile lacks the type. */
function columnOf(rows: Rows, row: number, type: string): Float64Array | BigInt64Array | undefined {
  if ((rows.flags[row]! & rowFlags.columns) === 0) return undefined
  const index = rows.sampleTypes.findIndex((sampleType) => sampleType.type === type)
  return index < 0 ? undefined : rows.totals[index]
}

function add(sums: Int64Sums, index: number, value: number | bigint): void {
  if (typeof value === 'number') sums.add(index, value)
  else sums.addBig(index, value)
}

function addDifference(
  sums: Int64Sums,
  index: number,
  after: number | bigint,
  before: number | bigint,
): void {
  if (typeof after === 'number' && typeof before === 'number' && Number.isSafeInteger(after - before)) {
    sums.add(index, after - before)
  } else sums.addBig(index, BigInt(after) - BigInt(before))
}

/** To the nearest integer, halves away from zero. `divisor` is positive. */
function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const half = dividend < 0n ? -divisor : divisor
  return (2n * dividend + half) / (2n * divisor)
}
