import type { HeatmapAnswer } from '../../query/api/view-types.ts'

/** Up to so many profiles each is a dot of its own; beyond they are counted. */
export const maxDots = 50_000

export interface CellBounds {
  readonly startMs: number
  readonly endMs: number
  readonly low: number
  readonly high: number
}

/** What a cell stands for. Rows go from `minValue` up. */
export function cellBounds(heat: HeatmapAnswer, column: number, row: number): CellBounds {
  const rowSize = (heat.maxValue - heat.minValue) / Math.max(1, heat.rows)
  const startMs = heat.startMs + column * heat.stepMs
  return {
    startMs,
    endMs: startMs + heat.stepMs,
    low: heat.minValue + row * rowSize,
    high: heat.minValue + (row + 1) * rowSize,
  }
}

/** The cell at a place of the plot, with how many profiles lie in it; undefined where there are none. */
export function cellAt(
  heat: HeatmapAnswer,
  timeMs: number,
  value: number,
): (CellBounds & { readonly count: number }) | undefined {
  const column = Math.floor((timeMs - heat.startMs) / heat.stepMs)
  const rowSize = (heat.maxValue - heat.minValue) / Math.max(1, heat.rows)
  // The largest value of all lies in the last row.
  const row = rowSize > 0 ? Math.min(heat.rows - 1, Math.floor((value - heat.minValue) / rowSize)) : 0
  const found = heat.cells.find(([c, r]) => c === column && r === row)
  return found === undefined ? undefined : { ...cellBounds(heat, column, row), count: found[2] }
}

/** How strong a cell is drawn, above 0 and up to 1: by the logarithm, because a few cells hold most profiles. */
export function cellStrength(count: number, most: number): number {
  if (most <= 1) return 1
  return 0.12 + (0.88 * Math.log(count)) / Math.log(most)
}
