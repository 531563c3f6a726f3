import type { KindAnswer } from '../api/types.ts'
import { isSameLife, type RowRef, startTimeOf, totalOf } from '../series-values.ts'

/** What a series was at between two times: an amount per millisecond, or for gauges how much there was. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
  readonly level: number
  /** In all. */
  readonly value: number
  /** The profile that says so. */
  readonly ref: RowRef
}

/**
 * What one series' profiles, ascending in time, say of the time between them. A profile that watched for a while, or
 * that is a snapshot, stands for the time until the next one: what profiles did not look at is taken to be like what
 * they did, so that rates do not depend on how often, and for how long, a process is profiled. Where the next one is
 * late by more than one and a half intervals it stands for one usual interval, and then nothing is known. Counters say
 * what happened between two profiles.
 */
export function spansOf(
  refs: readonly RowRef[],
  type: string,
  { kind, startMs }: { readonly kind: KindAnswer; readonly startMs: number },
): Span[] {
  const known = refs.filter((ref) => totalOf(ref, type) !== undefined)
  return kind === 'counter' ? growth(known, type, startMs) : held(known, type, kind)
}

function held(refs: readonly RowRef[], type: string, kind: KindAnswer): Span[] {
  const intervalMs = usualInterval(refs)
  return refs.map((ref, i) => {
    const { rows, row } = ref
    const fromMs = rows.timeMs[row]!
    const coveredMs = rows.coveredMs[row]!
    const next = refs[i + 1]
    const gapMs = next === undefined ? Number.POSITIVE_INFINITY : next.rows.timeMs[next.row]! - fromMs
    const standsMs = gapMs <= maxGaps * intervalMs ? gapMs : Math.max(intervalMs, Math.min(coveredMs, gapMs))
    const value = Number(totalOf(ref, type))
    const level = kind === 'gauge' ? value : value / (coveredMs > 0 ? coveredMs : standsMs)
    return { fromMs, toMs: fromMs + standsMs, level, value, ref }
  })
}

const maxGaps = 2.5
/** For series with one profile: as collectors are set up. */
const defaultIntervalMs = 60_000

/** The median, so that a gap does not change it. */
function usualInterval(refs: readonly RowRef[]): number {
  const times = refs.map(({ rows, row }) => rows.timeMs[row]!)
  const gaps = times.slice(1).map((time, i) => time - times[i]!)
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? defaultIntervalMs
}

/** A process that began since the profile before, or since `startMs`, has counted from 0. */
function growth(refs: readonly RowRef[], type: string, startMs: number): Span[] {
  const spans: Span[] = []
  for (const [i, ref] of refs.entries()) {
    const { rows, row } = ref
    const toMs = rows.timeMs[row]!
    const before = refs[i - 1]
    const beforeMs = before === undefined ? 0 : before.rows.timeMs[before.row]!
    const value = totalOf(ref, type)!
    let fromMs = beforeMs
    let amount = Number(value)
    if (before !== undefined && isSameLife(before, ref, type)) {
      amount = Number(BigInt(value) - BigInt(totalOf(before, type)!))
    } else {
      const bornMs = startTimeOf(ref)
      if (before === undefined && bornMs < Math.max(startMs, 1)) continue
      fromMs = Math.max(beforeMs, bornMs)
    }
    if (toMs > fromMs) spans.push({ fromMs, toMs, level: amount / (toMs - fromMs), value: amount, ref })
  }
  return spans
}

/** Step k, from 0 on, is `(startMs + k·stepMs, startMs + (k + 1)·stepMs]`. */
export interface RateSteps {
  readonly startMs: number
  readonly stepMs: number
  readonly count: number
}

/** Per step; NaN where nothing is known of it. */
export type StepLevels = Float64Array

/**
 * What several series were at together, per step: their levels weighted by time, over the time of which anything is
 * known. So a process that took another's place within a step counts once with it, not twice. With `average`: what one
 * of them was at.
 */
export function levelsOf(
  series: readonly (readonly Span[])[],
  { steps, isAverage }: { readonly steps: RateSteps; readonly isAverage: boolean },
): StepLevels {
  const { count } = steps
  const sums = new Float64Array(count)
  const knownMs = new Float64Array(count)
  for (const spans of series) {
    for (const span of spans) {
      forEachStep(span, steps, (step, ms) => {
        sums[step]! += span.level * ms
        if (isAverage) knownMs[step]! += ms
      })
    }
  }
  if (!isAverage)
    for (const span of union(series)) forEachStep(span, steps, (step, ms) => (knownMs[step]! += ms))
  return sums.map((sum, step) => (knownMs[step]! > 0 ? sum / knownMs[step]! : Number.NaN))
}

export function forEachStep(
  { fromMs, toMs }: Pick<Span, 'fromMs' | 'toMs'>,
  { startMs, stepMs, count }: RateSteps,
  visit: (step: number, ms: number) => void,
): void {
  const first = Math.max(0, Math.floor((fromMs - startMs) / stepMs))
  for (let step = first; step < count; step++) {
    const stepStartMs = startMs + step * stepMs
    if (stepStartMs >= toMs) return
    const ms = Math.min(toMs, stepStartMs + stepMs) - Math.max(fromMs, stepStartMs)
    if (ms > 0) visit(step, ms)
  }
}

/** Times that any of the spans covers, each once. */
function union(series: readonly (readonly Span[])[]): Pick<Span, 'fromMs' | 'toMs'>[] {
  const sorted = series.flat().sort((a, b) => a.fromMs - b.fromMs)
  const joined: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of sorted) {
    const last = joined.at(-1)
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs)
    else joined.push({ fromMs, toMs })
  }
  return joined
}
