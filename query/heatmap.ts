import type { HeatmapAnswer } from './api/view-types.ts'
import { type RowRef, totalOf } from './series-values.ts'
import type { TimeRange } from './time.ts'

/** How many profiles lie in each cell; values of an int64 are rounded to the nearest double, which no cell shows. */
export function heatmap(
  series: Iterable<readonly RowRef[]>,
  options: TimeRange & { readonly type: string; readonly columns: number; readonly rows: number },
): Omit<HeatmapAnswer, 'unit' | 'rangeSeconds'> {
  const { startMs, endMs, type, columns, rows } = options
  const times: number[] = []
  const values: number[] = []
  let coveredMs = 0
  let count = 0
  let minValue = Number.POSITIVE_INFINITY
  let maxValue = Number.NEGATIVE_INFINITY
  for (const refs of series) {
    const before = times.length
    for (const ref of refs) {
      const total = totalOf(ref, type)
      if (total === undefined) continue
      const value = Number(total)
      times.push(ref.rows.timeMs[ref.row]!)
      values.push(value)
      coveredMs += ref.rows.coveredMs[ref.row]!
      if (value < minValue) minValue = value
      if (value > maxValue) maxValue = value
    }
    if (times.length > before) count++
  }
  const stepMs = Math.max(1, Math.ceil((endMs - startMs + 1) / columns))
  const height = (maxValue - minValue) / rows
  const counts = new Map<number, number>()
  for (const [i, timeMs] of times.entries()) {
    const column = Math.floor((timeMs - startMs) / stepMs)
    // The largest belongs to the last row.
    const row = height > 0 ? Math.min(rows - 1, Math.floor((values[i]! - minValue) / height)) : 0
    const cell = column * rows + row
    counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  const isEmpty = times.length === 0
  return {
    ...{ type, startMs, stepMs, columns, rows },
    minValue: isEmpty ? 0 : minValue,
    maxValue: isEmpty ? 0 : maxValue,
    cells: [...counts]
      .sort(([a], [b]) => a - b)
      .map(([cell, n]) => [Math.floor(cell / rows), cell % rows, n] as const),
    ...{ coveredSeconds: coveredMs / 1000, profiles: times.length, series: count },
  }
}
