import type { CoverageAnswer } from '../../query/api/types.ts'
import { type FlameScale, unscaled } from './flame-layout.ts'
import { formatCount, formatSeconds, formatShare, formatValue } from './format.ts'

/** What two sides are brought to before they are compared. */
export const norms = [
  { norm: 'abs', title: 'Absolute', hint: 'totals as they are' },
  { norm: 'sec', title: 'Per second', hint: 'by the seconds that the profiles of each side cover' },
  { norm: 'share', title: 'Relative', hint: 'shares of each side’s total' },
] as const
export type Norm = (typeof norms)[number]['norm']

export interface ComparedHead extends CoverageAnswer {
  readonly type: string
  readonly unit: string
  readonly sum: string
  readonly base?: CoverageAnswer & { readonly sum: string }
}

/** What is chosen, else what is fair: what grows with time is divided by it, a level is not. */
export function normOf(head: ComparedHead, chosen: string): Norm {
  const found = norms.find(({ norm }) => norm === chosen)?.norm
  if (found === 'sec' && !hasSeconds(head)) return 'abs'
  return found ?? (hasSeconds(head) ? 'sec' : 'abs')
}

/** Whether both sides say how long they looked; one that is empty need not. */
export function hasSeconds(head: ComparedHead): boolean {
  const { base, sum, type } = head
  if (base === undefined || isLevel(type)) return false
  const sides = [
    [secondsOf(head), sum],
    [secondsOf(base), base.sum],
  ] as const
  return sides.every(([seconds, total]) => seconds > 0 || total === '0')
}

export function scaleOf(head: ComparedHead, norm: Norm): FlameScale {
  const { base, sum } = head
  if (base === undefined || norm === 'abs') return unscaled
  const inverse = (value: number) => (value > 0 ? 1 / value : 0)
  if (norm === 'sec') return { profile: inverse(secondsOf(head)), base: inverse(secondsOf(base)) }
  return { profile: inverse(Number(sum)), base: inverse(Number(base.sum)) }
}

/** Durations say what they covered; what is counted from snapshots grew within the range. */
function secondsOf({ coveredSeconds, rangeSeconds }: CoverageAnswer): number {
  return coveredSeconds > 0 ? coveredSeconds : rangeSeconds
}

/** A value after scaling, as people read it: `420 ms/s`, `3 MiB/s`, `12 %`. */
export function formatScaled(value: number, unit: string, norm: Norm): string {
  if (norm === 'share') return formatShare(value)
  if (norm === 'abs') return formatValue(value, unit)
  const seconds = secondsPer[unit]
  if (seconds === undefined) return `${formatValue(value, unit)}/s`
  // Of a second each second: above one there is nothing shorter to say than the number.
  const perSecond = value * seconds
  return Math.abs(perSecond) < 1 ? `${formatSeconds(perSecond)}/s` : `${formatCount(perSecond)} s/s`
}

const secondsPer: Readonly<Record<string, number>> = {
  nanoseconds: 1e-9,
  microseconds: 1e-6,
  milliseconds: 1e-3,
  seconds: 1,
}

/** Sample types whose values do not grow with time. */
function isLevel(type: string): boolean {
  return /^(inuse_|goroutine|threadcreate)/.test(type)
}
