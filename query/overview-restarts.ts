import type { ProcessIdentity } from '../block/attempt.ts'
import type { Labels } from '../profile/labels.ts'
import type { OverviewInput } from './overview.ts'
import type { PastSeries } from './overview-series.ts'
import { processOf } from './workload-of.ts'

/** Of a workload; see `WorkloadRow`. */
export interface Restarts {
  readonly hour: number
  readonly day: number
  readonly week: number
  readonly last: number
}

/**
 * By the workload's key. In the last hour every row is seen. Beyond it the kubelet has counted: of a process that is
 * there now, its count less that of a day or a week ago, or all of it where its pod was not there yet. Processes that
 * nobody counts tell by counters that fell, in `lives`.
 */
export function countRestarts(
  input: OverviewInput,
  keyOf: (labels: Labels) => string,
): Map<string, Restarts> {
  const before = { day: identities(input.day), week: identities(input.week) }
  const found = new Map<string, Restarts>()
  const lives = Map.groupBy(input.lives, ({ labels }) => processOf(labels))
  for (const [process, series] of Map.groupBy(input.lastHour, ({ labels }) => processOf(labels))) {
    const seen = longest(series.map(({ restarts }) => restarts))
    const hour = seen.length
    const now = identityOf(series)
    const ago = { day: before.day.get(process), week: before.week.get(process) }
    const counted = (sinceMs: number, then: ProcessIdentity | undefined) => {
      const isOlder = now !== undefined && now.startTimeMs > 0 && now.startTimeMs <= sinceMs
      return now === undefined || isOlder
        ? hour
        : Math.max(hour, now.restartCount - (then?.restartCount ?? 0))
    }
    let day = counted(input.atMs.day, ago.day ?? ago.week)
    let week = Math.max(day, counted(input.atMs.week, ago.week))
    let last = Math.max(0, ...seen, week > hour ? (now?.startTimeMs ?? 0) : 0)
    if (now === undefined) {
      const times = longest((lives.get(process) ?? []).map(({ restarts }) => restarts))
      day = Math.max(day, times.filter((timeMs) => timeMs > input.atMs.day).length)
      week = Math.max(day, times.length)
      last = Math.max(last, ...times.slice(-1))
    }
    const key = keyOf(series[0]!.labels)
    const sum = found.get(key) ?? { hour: 0, day: 0, week: 0, last: 0 }
    found.set(key, {
      hour: sum.hour + hour,
      day: sum.day + day,
      week: sum.week + week,
      last: Math.max(sum.last, last),
    })
  }
  return found
}

/** All series of a process see the same of it, those that are scraped most often the most. */
function longest(lists: readonly (readonly number[])[]): readonly number[] {
  return lists.reduce((most, each) => (each.length > most.length ? each : most), [])
}

function identities(series: readonly PastSeries[]): Map<string, ProcessIdentity> {
  const found = new Map<string, ProcessIdentity>()
  for (const [process, own] of Map.groupBy(series, ({ labels }) => processOf(labels))) {
    const identity = identityOf(own)
    if (identity !== undefined) found.set(process, identity)
  }
  return found
}

/** The one that was there last, of what its series say. */
function identityOf(series: readonly Pick<PastSeries, 'process'>[]): ProcessIdentity | undefined {
  let newest: PastSeries['process']
  for (const { process } of series)
    if (process !== undefined && (newest === undefined || process.timeMs > newest.timeMs)) newest = process
  return newest?.identity
}
