import type { FlameLayout } from './flame-layout.ts'

export function levelCount(layout: FlameLayout): number {
  return layout.levelStart.length - 1
}

/** The row under a value at a depth, or -1. */
export function rowAt(layout: FlameLayout, depth: number, value: number): number {
  if (depth < 0 || depth >= levelCount(layout)) return -1
  const row = firstEndingAfter(layout, depth, value)
  return row < layout.levelStart[depth + 1]! && layout.start[row]! <= value ? row : -1
}

/** The window of values that a canvas shows. */
export interface FlameWindow {
  readonly from: number
  readonly to: number
  readonly widthPx: number
}

/**
 * Calls `box` for what a level shows within the window, from left to right. Neighbours too narrow to be told
 * apart come as one box with row -1, so a level never costs more than its width in pixels.
 */
export function visitBoxes(
  layout: FlameLayout,
  depth: number,
  window: FlameWindow,
  box: (row: number, xPx: number, widthPx: number) => void,
): void {
  const span = window.to - window.from
  if (span <= 0 || depth >= levelCount(layout)) return
  const end = layout.levelStart[depth + 1]!
  const scale = window.widthPx / span
  const rightOf = (row: number) => (layout.start[row]! + layout.width[row]! - window.from) * scale
  let row = firstEndingAfter(layout, depth, window.from)
  while (row < end && layout.start[row]! < window.to) {
    const x = Math.max(0, (layout.start[row]! - window.from) * scale)
    const right = Math.min(window.widthPx, rightOf(row))
    if (right - x >= narrowestPx) {
      box(row, x, right - x)
      row++
      continue
    }
    // Jump over all that ends within this pixel.
    const next = Math.max(row + 1, firstEndingAfter(layout, depth, window.from + (x + 1) / scale))
    const lastRight = rightOf(next - 1)
    if (next > row + 1 || lastRight - x >= faintestPx) {
      box(-1, x, Math.max(faintestPx, Math.min(x + 1, lastRight) - x))
    }
    row = next
  }
}

/** The row whose names from the root down hash to `path`, or -1. */
export function findPath(layout: FlameLayout, path: string): number {
  if (!/^[0-9a-f]{1,8}$/.test(path)) return -1
  return layout.path.indexOf(Number.parseInt(path, 16))
}

export function formatPath(layout: FlameLayout, row: number): string {
  return (layout.path[row] ?? 0).toString(16)
}

/** From the root down to the row itself. */
export function ancestors(layout: FlameLayout, row: number): number[] {
  const rows: number[] = []
  for (let at = row; at >= 0; at = layout.parent[at]!) rows.push(at)
  return rows.reverse()
}

export function childRows(layout: FlameLayout, row: number): { readonly from: number; readonly to: number } {
  const depth = layout.depth[row]! + 1
  if (depth >= levelCount(layout)) return { from: 0, to: 0 }
  return { from: firstBelow(layout, depth, row), to: firstBelow(layout, depth, row + 1) }
}

/** Relative to the tree: `out` is away from the root, wherever that is drawn. */
export type Direction = 'in' | 'out' | 'left' | 'right'

/** The neighbour that an arrow key goes to; the row itself where there is none. */
export function neighbour(layout: FlameLayout, row: number, direction: Direction): number {
  const depth = layout.depth[row]!
  switch (direction) {
    case 'in':
      return Math.max(layout.parent[row]!, 0)
    case 'out': {
      const { from, to } = childRows(layout, row)
      return from < to ? from : row
    }
    case 'left':
      return Math.max(row - 1, layout.levelStart[depth]!)
    case 'right':
      return Math.min(row + 1, layout.levelStart[depth + 1]! - 1)
  }
}

/** The name of a row; of one that stands for others, how many. */
export function frameName(layout: FlameLayout, row: number): string {
  const rest = layout.rest.get(row)
  if (rest !== undefined) return `${rest.nodes.toLocaleString('en-US')} more, not loaded`
  return layout.names[layout.name[row] ?? -1] ?? ''
}

const narrowestPx = 1
const faintestPx = 0.3

/** The first row of a level that ends after `value`; the end of the level where none does. */
function firstEndingAfter(layout: FlameLayout, depth: number, value: number): number {
  let low = layout.levelStart[depth]!
  let high = layout.levelStart[depth + 1]!
  while (low < high) {
    const middle = (low + high) >>> 1
    if (layout.start[middle]! + layout.width[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}

/** The first row of a level whose parent is not before `row`. */
function firstBelow(layout: FlameLayout, depth: number, row: number): number {
  let low = layout.levelStart[depth]!
  let high = layout.levelStart[depth + 1]!
  while (low < high) {
    const middle = (low + high) >>> 1
    if (layout.parent[middle]! < row) low = middle + 1
    else high = middle
  }
  return low
}
