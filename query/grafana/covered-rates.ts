import { type Rows, rowFlags } from '../../block/rows.ts'
import type { KindAnswer } from '../api/types.ts'
import { isSameLife, type RowRef, startTimeOf } from '../series-values.ts'

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
  const totalOf = totalsReader(type)
  const known: Known[] = []
  for (const ref of refs) {
    const total = totalOf(ref)
    if (total !== undefined) known.push({ ref, total, timeMs: ref.rows.timeMs[ref.row]! })
  }
  return kind === 'counter' ? growth(known, type, startMs) : held(known, kind)
}

/** A profile that has a total. */
interface Known {
  readonly ref: RowRef
  readonly timeMs: number
  readonly total: number | bigint
}

/** Neighbouring rows have one column. */
function totalsReader(type: string): (ref: RowRef) => number | bigint | undefined {
  let last: Rows | undefined
  let column: Rows['totals'][number] | undefined
  return ({ rows, row }) => {
    if (rows !== last) {
      last = rows
      column = rows.totals[rows.sampleTypes.findIndex((sampleType) => sampleType.type === type)]
    }
    return (rows.flags[row]! & rowFlags.columns) === 0 ? undefined : column?.[row]
  }
}

function held(profiles: readonly Known[], kind: KindAnswer): Span[] {
  const intervalMs = usualInterval(profiles)
  return profiles.map(({ ref, timeMs, total }, i) => {
    const coveredMs = ref.rows.coveredMs[ref.row]!
    const gapMs = (profiles[i + 1]?.timeMs ?? Number.POSITIVE_INFINITY) - timeMs
    const standsMs = gapMs <= maxGaps * intervalMs ? gapMs : Math.max(intervalMs, Math.min(coveredMs, gapMs))
    const value = Number(total)
    const level = kind === 'gauge' ? value : value / (coveredMs > 0 ? coveredMs : standsMs)
    return { fromMs: timeMs, toMs: timeMs + standsMs, level, value, ref }
  })
}

const maxGaps = 2.5
/** For series with one profile: as collectors are set up. */
const defaultIntervalMs = 60_000

/** The median, so that a gap does not change it. */
function usualInterval(profiles: readonly Known[]): number {
  if (profiles.length < 2) return defaultIntervalMs
  const gaps = new Float64Array(profiles.length - 1)
  for (let i = 0; i < gaps.length; i++) gaps[i] = profiles[i + 1]!.timeMs - profiles[i]!.timeMs
  return gaps.sort()[gaps.length >> 1]!
}

/** A process that began since the profile before, or since `startMs`, has counted from 0. */
function growth(profiles: readonly Known[], type: string, startMs: number): Span[] {
  const spans: Span[] = []
  for (const [i, { ref, timeMs: toMs, total }] of profiles.entries()) {
    const before = profiles[i - 1]
    let fromMs = before?.timeMs ?? 0
    let value = Number(total)
    if (before !== undefined && isSameLife(before.ref, ref, type)) {
      value = Number(BigInt(total) - BigInt(before.total))
    } else {
      const bornMs = startTimeOf(ref)
      if (before === undefined && bornMs < Math.max(startMs, 1)) continue
      fromMs = Math.max(fromMs, bornMs)
    }
    if (toMs > fromMs) spans.push({ fromMs, toMs, level: value / (toMs - fromMs), value, ref })
  }
  return spans
}
