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
 * `delta` is the growth between neighbouring profiles of one process life, counted in the step of the later of
 * them, so that the steps of a range add up to what a merge of the range says. What a process did before its
 * first profile in the range is not in it, nor in the seconds covered: rates stay true across restarts.
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
      if (previous !== undefined && isSameLife(previous, ref, type)) {
        const before = columnOf(previous.rows, previous.row, type)!
        addDifference(sums, step, column[row]!, before[previous.row]!)
        coveredMs[step]! += rows.timeMs[row]! - previous.rows.timeMs[previous.row]!
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

/** Whether nothing suggests that another process wrote the later profile, or the same one counting anew. */
export function isSameLife(before: RowRef, after: RowRef, type: string): boolean {
  if ((after.rows.flags[after.row]! & rowFlags.reset) !== 0) return false
  if (!isSameProcess(processOf(before), processOf(after))) return false
  const from = columnOf(before.rows, before.row, type)
  const to = columnOf(after.rows, after.row, type)
  return from !== undefined && to !== undefined && to[after.row]! >= from[before.row]!
}

/** An unknown process is taken for the same: then only falling counters tell. */
function isSameProcess(a: ProcessIdentity | undefined, b: ProcessIdentity | undefined): boolean {
  if (a === undefined || b === undefined) return true
  return (
    (a.containerId === b.containerId || a.containerId === '' || b.containerId === '') &&
    a.restartCount === b.restartCount &&
    (a.startTimeMs === b.startTimeMs || a.startTimeMs === 0 || b.startTimeMs === 0)
  )
}

function processOf({ rows, row }: RowRef): ProcessIdentity | undefined {
  const index = rows.process[row]!
  return index === 0 ? undefined : rows.processes[index]
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
