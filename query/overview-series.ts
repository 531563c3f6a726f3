import type { ProcessIdentity } from '../block/attempt.ts'
import { type HealthClass, healthOfCode } from '../block/health.ts'
import { rowFlags } from '../block/rows.ts'
import type { Labels } from '../profile/labels.ts'
import { type Measured, measureOf } from './overview-values.ts'
import { identityOf, restartsOf } from './restarts.ts'
import type { RowRef } from './series-values.ts'

/** What the overview keeps of a series in a window of the past, so that its rows need not be. */
export interface PastSeries {
  readonly labels: Labels
  readonly measured: Measured | undefined
  /** The last that is known. */
  readonly process: { readonly identity: ProcessIdentity; readonly timeMs: number } | undefined
}

/** What it keeps of a series in the last hour. */
export interface RecentSeries {
  readonly labels: Labels
  /** In the newest window, and in that of an hour ago. */
  readonly now: Measured | undefined
  readonly hour: Measured | undefined
  /** Whether there is one in the newest window. */
  readonly hasProfile: boolean
  /** Of the newest attempt in that window; undefined where there is none. */
  readonly health: HealthClass | 'unknown' | undefined
  /** Of the newest profile, unix ms; 0 for none. */
  readonly newestMs: number
  /** Within the hour, unix ms. */
  readonly restarts: readonly number[]
  readonly process: PastSeries['process']
}

/** When processes took the place of others. */
export interface Life {
  readonly labels: Labels
  readonly restarts: readonly number[]
}

export interface Window {
  readonly endMs: number
  readonly windowMs: number
}

/** `refs` ascend in time, and begin where the window of an hour ago does. */
export function recentSeries(
  labels: Labels,
  refs: readonly RowRef[],
  {
    atMs,
    windowMs,
  }: { readonly atMs: { readonly now: number; readonly hour: number }; readonly windowMs: number },
): RecentSeries {
  const now = within(refs, { endMs: atMs.now, windowMs })
  const last = now.at(-1)
  const newest = refs.findLast(isProfile)
  return {
    labels,
    now: measureOf(labels, now),
    hour: measureOf(labels, within(refs, { endMs: atMs.hour, windowMs })),
    hasProfile: now.some(isProfile),
    health: last === undefined ? undefined : healthOfCode(last.rows.health[last.row]!),
    newestMs: newest === undefined ? 0 : timeOf(newest),
    restarts: lifeOf(labels, refs, atMs.hour).restarts,
    process: processOf(refs),
  }
}

/** `refs` ascend in time. */
export function pastSeries(labels: Labels, refs: readonly RowRef[], window: Window): PastSeries {
  const own = within(refs, window)
  return { labels, measured: measureOf(labels, own), process: processOf(own) }
}

/** Of restarts after `sinceMs`. */
export function lifeOf(labels: Labels, refs: readonly RowRef[], sinceMs: number): Life {
  const profileType = labels['profile_type'] ?? ''
  const restarts = restartsOf(refs, { startMs: sinceMs, profileType })
  return { labels, restarts: restarts.filter((timeMs) => timeMs > sinceMs) }
}

export function isProfile({ rows, row }: RowRef): boolean {
  return (rows.flags[row]! & (rowFlags.body | rowFlags.thinned)) !== 0
}

function within(refs: readonly RowRef[], { endMs, windowMs }: Window): RowRef[] {
  return refs.filter((ref) => timeOf(ref) >= endMs - windowMs && timeOf(ref) <= endMs)
}

function processOf(refs: readonly RowRef[]): PastSeries['process'] {
  const last = refs.findLast((ref) => identityOf(ref) !== undefined)
  return last === undefined ? undefined : { identity: identityOf(last)!, timeMs: timeOf(last) }
}

function timeOf({ rows, row }: RowRef): number {
  return rows.timeMs[row]!
}
