import type { CoverageAnswer } from '../../query/api/types.ts'
import { type FlameScale, unscaled } from './flame-layout.ts'
import { formatShare, formatValue } from './format.ts'

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
  return found ?? (hasSeconds(head) && !isLevel(head.type) ? 'sec' : 'abs')
}

export function hasSeconds({ coveredSeconds, base }: ComparedHead): boolean {
  return coveredSeconds > 0 && (base?.coveredSeconds ?? 0) > 0
}

export function scaleOf(head: ComparedHead, norm: Norm): FlameScale {
  const { base, coveredSeconds, sum } = head
  if (base === undefined || norm === 'abs') return unscaled
  if (norm === 'sec') return { profile: 1 / coveredSeconds, base: 1 / base.coveredSeconds }
  const [total, baseTotal] = [Number(sum), Number(base.sum)]
  if (total > 0 && baseTotal > 0) return { profile: 1 / total, base: 1 / baseTotal }
  return { profile: total > 0 ? 1 / total : 0, base: baseTotal > 0 ? 1 / baseTotal : 0 }
}

/** A value after scaling, as people read it: `0.42 cores`, `3 MiB/s`, `12 %`. */
export function formatScaled(value: number, unit: string, norm: Norm): string {
  if (norm === 'share') return formatShare(value)
  if (norm === 'abs') return formatValue(value, unit)
  const seconds = secondsOf[unit]
  if (seconds === undefined) return `${formatValue(value, unit)}/s`
  const cores = value * seconds
  return `${Math.abs(cores) < 0.001 && cores !== 0 ? cores.toPrecision(2) : Number(cores.toFixed(3))} s/s`
}

const secondsOf: Readonly<Record<string, number>> = {
  nanoseconds: 1e-9,
  microseconds: 1e-6,
  milliseconds: 1e-3,
  seconds: 1,
}

/** Sample types whose values do not grow with time. */
function isLevel(type: string): boolean {
  return /^(inuse_|goroutine|threadcreate)/.test(type)
}
