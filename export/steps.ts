import type { MergePart, Picked } from '../query/merge-part.ts'
import { isMerged } from '../query/read-sums.ts'
import type { SeriesPart } from '../query/select.ts'

/** The profiles of one series in one stretch of time. */
export interface Step {
  /** Where it begins: a multiple of the step. */
  readonly timeMs: number
  readonly profileCount: number
  /** What they cover, by their own durations. */
  readonly coveredMs: number
  readonly last: Picked
  readonly parts: readonly MergePart[]
  /** With the profile before them, so that the growth of counters between two steps is not lost. */
  readonly partsSinceLast: readonly MergePart[]
}

/**
 * In ascending order. No step begins before `startMs` and ends after it; profiles before it count as the one before the
 * first step, if at all.
 */
export function stepsOf(
  parts: readonly SeriesPart[],
  { stepMs, startMs }: { readonly stepMs: number; readonly startMs: number },
): Step[] {
  const picked: Picked[] = []
  for (const part of parts) {
    for (let row = part.firstRow; row <= part.lastRow; row++)
      if (isMerged(part.rows.flags[row]!)) picked.push({ part, row })
  }
  picked.sort((a, b) => timeOf(a) - timeOf(b))
  const steps: Step[] = []
  let before = -1
  for (let first = 0; first < picked.length; ) {
    const timeMs = Math.floor(timeOf(picked[first]!) / stepMs) * stepMs
    let end = first
    while (end < picked.length && timeOf(picked[end]!) < timeMs + stepMs) end++
    const inStep = picked.slice(first, end)
    if (timeOf(inStep.at(-1)!) >= startMs) {
      steps.push({
        timeMs,
        profileCount: inStep.length,
        coveredMs: inStep.reduce((sum, { part, row }) => sum + part.rows.coveredMs[row]!, 0),
        last: inStep.at(-1)!,
        parts: runsOf(inStep),
        partsSinceLast: runsOf(before < 0 ? inStep : [picked[before]!, ...inStep]),
      })
    }
    before = end - 1
    first = end
  }
  return steps
}

/** Neighbouring rows of a part together. */
function runsOf(picked: readonly Picked[]): MergePart[] {
  const runs: { part: MergePart; firstRow: number; lastRow: number }[] = []
  for (const { part, row } of picked) {
    const open = runs.at(-1)
    const isNext = open !== undefined && open.part === part && row > open.lastRow
    if (isNext && !hasProfilesBetween(part, open.lastRow, row)) open.lastRow = row
    else runs.push({ part, firstRow: row, lastRow: row })
  }
  return runs.map(({ part, firstRow, lastRow }) => ({
    reader: part.reader,
    series: part.series,
    rows: part.rows,
    firstRow,
    lastRow,
  }))
}

function hasProfilesBetween({ rows }: MergePart, after: number, before: number): boolean {
  for (let row = after + 1; row < before; row++) if (isMerged(rows.flags[row]!)) return true
  return false
}

function timeOf({ part, row }: Picked): number {
  return part.rows.timeMs[row]!
}
