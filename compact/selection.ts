import type { Labels } from '../profile/labels.ts'
import { type Matcher, matchesLabels } from '../profile/matcher.ts'

/** Series that match, from a time to another. */
export interface Selection {
  readonly matchers: readonly Matcher[]
  /** Unix ms, both inclusive. */
  readonly startMs: number
  readonly endMs: number
}

interface Span {
  readonly minTimeMs: number
  readonly maxTimeMs: number
}

export function selectsSeries({ matchers }: Selection, labels: Labels): boolean {
  return matchesLabels(matchers, labels)
}

export function selectsTime({ startMs, endMs }: Selection, timeMs: number): boolean {
  return timeMs >= startMs && timeMs <= endMs
}

/** Whether something of a block may be selected, going by its times alone. */
export function maySelect({ startMs, endMs }: Selection, { minTimeMs, maxTimeMs }: Span): boolean {
  return minTimeMs <= endMs && maxTimeMs >= startMs
}
