import type { DotSeries } from './dots.ts'

export interface SelectionHealth {
  /** Of the newest profile, unix ms; 0 where there is none. */
  readonly newest: number
  /** Usual time between two profiles of a series, 0 where none has two. */
  readonly intervalMs: number
  /** Series whose last attempt brought no profile, by what went wrong, most frequent first. */
  readonly failing: readonly {
    readonly health: string
    readonly httpStatus: number
    readonly count: number
  }[]
}

/** How fresh a selection is, and what of it no longer answers. */
export function selectionHealth(series: readonly DotSeries[], nowMs: number): SelectionHealth {
  const failing = new Map<string, { health: string; httpStatus: number; count: number }>()
  const gaps: number[] = []
  let newest = 0
  for (const { times, failures, newest: own } of series) {
    newest = Math.max(newest, own, times.at(-1) ?? 0)
    const step = Math.max(1, times.length >> 4)
    for (let at = step; at < times.length; at += step) gaps.push((times[at]! - times[at - step]!) / step)
    const last = failures.at(-1)
    if (last === undefined || last.timeMs < Math.max(own, times.at(-1) ?? 0)) continue
    // Of a pod that went away a day ago nobody expects an answer.
    if (nowMs - last.timeMs > forgottenMs) continue
    const entry = failing.get(last.health) ?? { health: last.health, httpStatus: last.httpStatus, count: 0 }
    entry.count++
    failing.set(last.health, entry)
  }
  gaps.sort((a, b) => a - b)
  return {
    newest,
    intervalMs: gaps[gaps.length >> 1] ?? 0,
    failing: [...failing.values()].sort((a, b) => b.count - a.count),
  }
}

/** Whether profiles should have come since. */
export function isStale({ newest, intervalMs }: SelectionHealth, nowMs: number): boolean {
  return newest > 0 && nowMs - newest > Math.max(90_000, 2.5 * intervalMs)
}

const forgottenMs = 3_600_000
