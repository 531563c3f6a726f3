import { rowFlags } from '../block/rows.ts'
import type { MergePart, Picked } from './merge-part.ts'
import { isMerged } from './read-sums.ts'

/** What the rows of one series say before anything else is read. */
export class SeriesFacts {
  profiles = 0
  /** Of what the profiles themselves cover; 0 for snapshots. */
  coveredMs = 0
  minTimeMs = Number.MAX_SAFE_INTEGER
  maxTimeMs = 0
  /** Bodies that have no columns to merge. */
  kept = 0
  /** Profiles whose bodies retention took. */
  thinned = 0
  readonly #parts: { readonly part: MergePart; readonly firstTimeMs: number }[] = []

  add(part: MergePart): void {
    const { flags, timeMs, coveredMs } = part.rows
    let firstTimeMs: number | undefined
    for (let row = part.firstRow; row <= part.lastRow; row++) {
      if (!isMerged(flags[row]!)) {
        if (flags[row]! & rowFlags.body) this.kept++
        if (flags[row]! & rowFlags.thinned) this.thinned++
        continue
      }
      const time = timeMs[row]!
      firstTimeMs ??= time
      this.profiles++
      this.coveredMs += coveredMs[row]!
      if (time < this.minTimeMs) this.minTimeMs = time
      if (time > this.maxTimeMs) this.maxTimeMs = time
    }
    if (firstTimeMs !== undefined) this.#parts.push({ part, firstTimeMs })
  }

  /** Those with a profile, in the order of their first one. */
  parts(): MergePart[] {
    return this.#parts.sort((a, b) => a.firstTimeMs - b.firstTimeMs).map(({ part }) => part)
  }

  /** Every profile, in the order of time. */
  picked(): Picked[] {
    const picked: Picked[] = []
    let isOrdered = true
    let lastTimeMs = Number.NEGATIVE_INFINITY
    for (const { part } of this.#parts) {
      for (let row = part.firstRow; row <= part.lastRow; row++) {
        if (!isMerged(part.rows.flags[row]!)) continue
        const time = part.rows.timeMs[row]!
        if (time < lastTimeMs) isOrdered = false
        lastTimeMs = time
        picked.push({ part, row })
      }
    }
    if (!isOrdered) picked.sort((a, b) => a.part.rows.timeMs[a.row]! - b.part.rows.timeMs[b.row]!)
    return picked
  }
}
