import type { Measure, WorkloadRow } from './api/overview-types.ts'

/** Those that changed most first; equals by name, so that rows do not jump. */
export function sortByChange(rows: readonly WorkloadRow[]): WorkloadRow[] {
  return rows
    .map((row) => ({ row, change: changeOf(row) }))
    .sort((a, b) => b.change - a.change || (a.row.selector < b.row.selector ? -1 : 1))
    .map(({ row }) => row)
}

/**
 * How much a person should look at a workload: the largest of its measures' changes in doublings, against any of the
 * three times before, and up to 1 each for the share of its targets that fail and of its pods that are gone, and for
 * restarts in the last hour. A floor below which nothing counts keeps small workloads from the top.
 */
export function changeOf(row: WorkloadRow): number {
  const { targets, pods, gonePods, restarts } = row
  const doublings = Math.max(
    doublingsOf(row.cores, 0.1),
    doublingsOf(row.heapBytes, 32 * 1024 * 1024),
    doublingsOf(row.goroutines, 100),
  )
  return (
    doublings +
    share(targets.failing, targets.up) +
    share(gonePods, pods) +
    (restarts.hour > 0 ? Math.min(1, restarts.hour / Math.max(1, pods)) : 0)
  )
}

function doublingsOf({ now, hour, day, week }: Measure, floor: number): number {
  let most = 0
  for (const before of [hour, day, week]) {
    // What was not there before has not changed.
    if (before === null) continue
    most = Math.max(most, Math.abs(Math.log2(((now ?? 0) + floor) / (before + floor))))
  }
  return most
}

function share(part: number, rest: number): number {
  return part === 0 ? 0 : part / (part + rest)
}
