import type { FlamegraphAnswer } from '../../query/api/types.ts'

/**
 * A flame graph laid out: one entry per row of the answer, in pre-order. `start` and `total` are in the sample
 * type's unit; doubles are exact enough for pixels. `levels[d]` are the rows of depth d, ascending in `start`.
 */
export interface FlameLayout {
  readonly names: readonly string[]
  readonly name: Int32Array
  readonly depth: Int32Array
  readonly parent: Int32Array
  readonly start: Float64Array
  readonly total: Float64Array
  readonly self: Float64Array
  readonly levels: readonly Int32Array[]
  /** A hash of the names from the root down: finds the same frame again in another answer. */
  readonly path: Uint32Array
}

export type FlameColumns = Pick<FlamegraphAnswer, 'names' | 'depth' | 'name' | 'self' | 'total'>

export function layoutFlame(columns: FlameColumns): FlameLayout {
  const rows = columns.depth.length
  const name = Int32Array.from(columns.name)
  const depth = Int32Array.from(columns.depth)
  const parent = new Int32Array(rows).fill(-1)
  const start = new Float64Array(rows)
  const total = new Float64Array(rows)
  const self = new Float64Array(rows)
  const path = new Uint32Array(rows)
  const nameHashes = Uint32Array.from(columns.names, hashText)
  const counts: number[] = []
  const open: number[] = []
  const nextStart = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const level = depth[row]!
    counts[level] = (counts[level] ?? 0) + 1
    // A difference can be negative; it has no width.
    total[row] = Math.max(0, Number(columns.total[row]))
    self[row] = Number(columns.self[row])
    const above = level === 0 ? -1 : open[level - 1]!
    parent[row] = above
    start[row] = above < 0 ? 0 : nextStart[above]!
    if (above >= 0) nextStart[above] = start[row]! + total[row]!
    nextStart[row] = start[row]!
    path[row] = mix(above < 0 ? 0 : path[above]!, nameHashes[name[row]!] ?? 0)
    open[level] = row
  }
  const levels = counts.map((count) => new Int32Array(count))
  const filled = new Int32Array(levels.length)
  for (let row = 0; row < rows; row++) {
    const level = depth[row]!
    levels[level]![filled[level]!++] = row
  }
  return { names: columns.names, name, depth, parent, start, total, self, levels, path }
}

/** The row under a value at a depth, or -1. */
export function rowAt(layout: FlameLayout, depth: number, value: number): number {
  const level = layout.levels[depth]
  if (level === undefined) return -1
  const row = level[firstEndingAfter(layout, level, value)]
  return row !== undefined && layout.start[row]! <= value ? row : -1
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
  const level = layout.levels[depth]
  const span = window.to - window.from
  if (level === undefined || span <= 0) return
  const scale = window.widthPx / span
  let index = firstEndingAfter(layout, level, window.from)
  while (index < level.length) {
    const row = level[index]!
    const left = layout.start[row]!
    if (left >= window.to) return
    const x = Math.max(0, (left - window.from) * scale)
    const right = Math.min(window.widthPx, (left + layout.total[row]! - window.from) * scale)
    if (right - x >= narrowestPx) {
      box(row, x, right - x)
      index++
      continue
    }
    // Jump over all that ends within this pixel.
    const end = x + 1
    const value = window.from + end / scale
    const next = Math.max(index + 1, firstEndingAfter(layout, level, value))
    const last = level[next - 1]!
    const lastRight = (layout.start[last]! + layout.total[last]! - window.from) * scale
    if (next === index + 1 && lastRight - x < faintestPx) {
      index = next
      continue
    }
    box(-1, x, Math.max(faintestPx, Math.min(end, lastRight) - x))
    index = next
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

export type Direction = 'up' | 'down' | 'left' | 'right'

/** The neighbour that an arrow key goes to; the row itself where there is none. Down is away from the root. */
export function neighbour(layout: FlameLayout, row: number, direction: Direction): number {
  if (direction === 'up') return layout.parent[row]! >= 0 ? layout.parent[row]! : row
  const depth = layout.depth[row]!
  if (direction === 'down') {
    const child = row + 1
    return child < layout.depth.length && layout.depth[child]! === depth + 1 ? child : row
  }
  const level = layout.levels[depth]!
  const index = lowerBound(level, row)
  return level[index + (direction === 'left' ? -1 : 1)] ?? row
}

const narrowestPx = 1
const faintestPx = 0.3

/** Index of the first row of the level that ends after `value`. */
function firstEndingAfter(layout: FlameLayout, level: Int32Array, value: number): number {
  let low = 0
  let high = level.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const row = level[middle]!
    if (layout.start[row]! + layout.total[row]! > value) high = middle
    else low = middle + 1
  }
  return low
}

function lowerBound(sorted: Int32Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** FNV-1a over UTF-16 units. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

function mix(above: number, hash: number): number {
  let mixed = Math.imul(above ^ (hash + 0x9e3779b9), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
