import { type Rows, rowFlags } from '../block/rows.ts'
import { sampleKind } from '../profile/kind.ts'

/** What thinning looks at. */
export type ThinnableRows = Pick<
  Rows,
  'length' | 'timeMs' | 'flags' | 'process' | 'processes' | 'sampleTypes'
>

/**
 * Which rows of a series lose their bodies when one profile per window of `keepEveryMs` is kept; windows begin at
 * multiples of it in unix time. Undefined where none does.
 *
 * Only snapshots can be thinned: a duration's values add up, so each profile that goes would be missing in a sum. Of
 * gauges, which are averaged, the first profile of each window stays. Counters are differenced: what a process life
 * gained in a range is its last value there less its first one, and what lies between cancels out. So two profiles
 * stay for each life in each window, the first and the last. Then whatever begins and ends at windows' edges is exactly
 * what it was, whichever lives begin and end inside; and where a range begins or ends within a window, what is off is
 * the gain of a part of that window, by the lives that were on just then. Were only one kept for each window, every
 * life that ended would lose what it gained since, for ever. Where nobody knows whose life it is, the row on which
 * a counter fell says that a new one began: being a life's first it stays, so readers go on seeing it.
 *
 * Doing it again changes nothing, and a multiple of the window may follow: what it keeps has been kept before.
 */
export function thinnedRows(
  rows: ThinnableRows,
  options: { readonly keepEveryMs: number; readonly profileType: string },
): Uint8Array | undefined {
  const { keepEveryMs, profileType } = options
  const kinds = rows.sampleTypes.map((sampleType) => sampleKind(sampleType, profileType))
  if (kinds.length === 0 || kinds.includes('duration')) return undefined
  const keepsLives = kinds.includes('counter')
  const thinned = new Uint8Array(rows.length)
  let count = 0
  /** The last one of its window, and life, so far; -1 where that is the first as well. */
  let candidate = -1
  let window = Number.NaN
  let before = -1
  for (let row = 0; row < rows.length; row++) {
    if ((rows.flags[row]! & thinnable) !== thinnable) continue
    const itsWindow = Math.floor(rows.timeMs[row]! / keepEveryMs)
    const isFirst =
      itsWindow !== window || (keepsLives && before >= 0 && isNewLife(rows, { before, after: row }))
    if (isFirst) candidate = -1
    else if (keepsLives) {
      if (candidate >= 0) {
        thinned[candidate] = 1
        count++
      }
      candidate = row
    } else {
      thinned[row] = 1
      count++
    }
    window = itsWindow
    before = row
  }
  return count === 0 ? undefined : thinned
}

/** What has no columns is no profile: kept as it is, since nobody knows what it says. */
const thinnable = rowFlags.body | rowFlags.columns

/** As a merge tells lives apart: by the process where it is known, else by a counter that fell. */
function isNewLife(
  rows: ThinnableRows,
  { before, after }: { readonly before: number; readonly after: number },
): boolean {
  const old = rows.processes[rows.process[before]!]
  const now = rows.processes[rows.process[after]!]
  if (old !== undefined && old.containerId !== '' && now !== undefined && now.containerId !== '') {
    return old.containerId !== now.containerId || old.restartCount !== now.restartCount
  }
  for (let row = before + 1; row <= after; row++) if (rows.flags[row]! & rowFlags.reset) return true
  return false
}
