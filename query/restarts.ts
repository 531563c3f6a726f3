import type { ProcessIdentity } from '../block/attempt.ts'
import { rowFlags } from '../block/rows.ts'
import { sampleKind } from '../profile/kind.ts'
import type { RowRef } from './series-values.ts'

/** Undefined where a row does not say which container its profile came from. */
export function identityOf({ rows, row }: RowRef): ProcessIdentity | undefined {
  const process = rows.processes[rows.process[row]!]
  return process === undefined || process.containerId === '' ? undefined : process
}

/**
 * Whether another process was there by the later of two attempts of a series. Identity decides where both are known;
 * else a fallen counter, which the row says, or a fallen total where the rows are not neighbours.
 */
export function isRestart(before: RowRef, after: RowRef, profileType: string): boolean {
  const old = identityOf(before)
  const now = identityOf(after)
  if (old !== undefined && now !== undefined)
    return old.containerId !== now.containerId || old.restartCount !== now.restartCount
  if ((after.rows.flags[after.row]! & rowFlags.reset) !== 0) return true
  if (before.rows === after.rows && after.row === before.row + 1) return false
  if (!hasTotals(before) || !hasTotals(after)) return false
  return after.rows.sampleTypes.some((sampleType, type) => {
    if (sampleKind(sampleType, profileType) !== 'counter') return false
    const was = before.rows.sampleTypes.findIndex((t) => t.type === sampleType.type)
    return was >= 0 && after.rows.totals[type]![after.row]! < before.rows.totals[was]![before.row]!
  })
}

/**
 * When processes of one series took the place of another, unix ms ascending: their start where it is known, else their
 * first attempt. `refs` ascend in time, failed attempts among them.
 */
export function restartsOf(
  refs: readonly RowRef[],
  { startMs, profileType }: { readonly startMs: number; readonly profileType: string },
): number[] {
  const times: number[] = []
  let before: RowRef | undefined
  for (const ref of refs) {
    const identity = identityOf(ref)
    if (identity === undefined && !hasTotals(ref)) continue
    const startTimeMs = identity?.startTimeMs ?? 0
    if (before === undefined) {
      // The kubelet has counted one before it.
      if (startTimeMs >= startMs && (identity?.restartCount ?? 0) > 0) times.push(startTimeMs)
    } else if (isRestart(before, ref, profileType)) {
      const isBetween = startTimeMs > timeOf(before) && startTimeMs <= timeOf(ref)
      times.push(isBetween ? startTimeMs : timeOf(ref))
    }
    before = ref
  }
  return times
}

function hasTotals({ rows, row }: RowRef): boolean {
  return (rows.flags[row]! & rowFlags.columns) !== 0
}

function timeOf({ rows, row }: RowRef): number {
  return rows.timeMs[row]!
}
