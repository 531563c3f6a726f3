import type { FlameTree, RestFrames } from './flame-tree.ts'

/**
 * A tree laid out for drawing. Rows come level by level, each level from left to right, so children of one row lie
 * side by side; row 0 is the root. `start` and `width` are in the sample type's unit, or what it is scaled to.
 */
export interface FlameLayout {
  readonly names: readonly string[]
  readonly name: Int32Array
  readonly depth: Int32Array
  /** -1 for the root. */
  readonly parent: Int32Array
  readonly start: Float64Array
  readonly width: Float64Array
  /** As the answer has them, not scaled. */
  readonly self: Float64Array
  readonly total: Float64Array
  readonly base: { readonly self: Float64Array; readonly total: Float64Array } | undefined
  readonly scale: FlameScale
  /** Level d is rows `levelStart[d]` up to `levelStart[d + 1]`. */
  readonly levelStart: Int32Array
  /** A hash of the names from the root down: finds the same frame again in another answer. */
  readonly path: Uint32Array
  readonly rest: ReadonlyMap<number, RestFrames>
  /** Whether there are rows that come only when somebody zooms there. */
  readonly isUnfinished: boolean
}

/** What values are multiplied with before they are compared. */
export interface FlameScale {
  readonly profile: number
  readonly base: number
}

export const unscaled: FlameScale = { profile: 1, base: 1 }

/**
 * Siblings come widest first. In a comparison a row is as wide as the larger side of each of its parts, so what is
 * gone from one side is still seen, and what did not change is as wide as ever.
 */
export function layoutFlame(
  tree: FlameTree,
  options: { readonly scale?: FlameScale; readonly isUnfinished?: boolean } = {},
): FlameLayout {
  const { scale = unscaled, isUnfinished = false } = options
  const rows = tree.name.length
  const width = widthsOf(tree, scale)
  const { firstChild, children } = childrenOf(tree)
  const order = new Int32Array(rows)
  const place = new Int32Array(rows)
  const depth = new Int32Array(rows)
  const levelStart: number[] = [0]
  let filled = rows === 0 ? 0 : 1
  for (let at = 0; at < filled; at++) {
    const row = order[at]!
    place[row] = at
    const from = firstChild[row]!
    const to = firstChild[row + 1]!
    if (to - from > 1) sortChildren(tree, width, children.subarray(from, to))
    for (let child = from; child < to; child++) {
      depth[filled] = depth[at]! + 1
      if (levelStart.length === depth[filled]!) levelStart.push(filled)
      order[filled++] = children[child]!
    }
  }
  levelStart.push(filled)
  // Loops rather than `from` with a function, which costs ten times as much.
  const take = (column: Float64Array) => {
    const taken = new Float64Array(rows)
    for (let at = 0; at < rows; at++) taken[at] = column[order[at]!]!
    return taken
  }
  const name = new Int32Array(rows)
  const parent = new Int32Array(rows)
  for (let at = 0; at < rows; at++) {
    const row = order[at]!
    name[at] = tree.name[row]!
    parent[at] = tree.parent[row]! < 0 ? -1 : place[tree.parent[row]!]!
  }
  const placed = take(width)
  return {
    names: tree.names,
    name,
    depth,
    parent,
    start: startsOf(parent, placed),
    width: placed,
    self: take(tree.self),
    total: take(tree.total),
    base: tree.base === undefined ? undefined : { self: take(tree.base.self), total: take(tree.base.total) },
    scale,
    levelStart: Int32Array.from(levelStart),
    path: pathsOf(tree.names, name, parent),
    rest: new Map([...tree.rest].map(([row, frames]) => [place[row]!, frames])),
    isUnfinished,
  }
}

/** What a row shows of the profile, and of the base where there is one; scaled. */
export function valuesOf(
  layout: FlameLayout,
  row: number,
): { readonly total: number; readonly self: number; readonly baseTotal: number; readonly baseSelf: number } {
  const { base, scale } = layout
  return {
    total: (layout.total[row] ?? 0) * scale.profile,
    self: (layout.self[row] ?? 0) * scale.profile,
    baseTotal: (base?.total[row] ?? 0) * scale.base,
    baseSelf: (base?.self[row] ?? 0) * scale.base,
  }
}

function widthsOf(tree: FlameTree, { profile, base }: FlameScale): Float64Array {
  const rows = tree.name.length
  const width = new Float64Array(rows)
  if (tree.base === undefined) {
    // A difference that somebody made beforehand can be negative; it has no width.
    for (let row = 0; row < rows; row++) width[row] = Math.max(0, tree.total[row]! * profile)
    return width
  }
  // What is not in a row's children is its own, also where children were left out.
  const own = tree.total.slice()
  const baseOwn = tree.base.total.slice()
  for (let row = rows - 1; row > 0; row--) {
    own[tree.parent[row]!]! -= tree.total[row]!
    baseOwn[tree.parent[row]!]! -= tree.base.total[row]!
  }
  for (let row = rows - 1; row >= 0; row--) {
    width[row]! += Math.max(0, own[row]! * profile, baseOwn[row]! * base)
    if (row > 0) width[tree.parent[row]!]! += width[row]!
  }
  return width
}

function childrenOf(tree: FlameTree): { readonly firstChild: Int32Array; readonly children: Int32Array } {
  const rows = tree.name.length
  const firstChild = new Int32Array(rows + 2)
  for (let row = 1; row < rows; row++) firstChild[tree.parent[row]! + 2]!++
  for (let row = 2; row < rows + 2; row++) firstChild[row]! += firstChild[row - 1]!
  const children = new Int32Array(Math.max(0, rows - 1))
  for (let row = 1; row < rows; row++) children[firstChild[tree.parent[row]! + 1]!++] = row
  return { firstChild, children }
}

function sortChildren(tree: FlameTree, width: Float64Array, children: Int32Array): void {
  children.sort((a, b) => {
    // What stands for many others comes last.
    const rest = Number(tree.rest.has(a)) - Number(tree.rest.has(b))
    if (rest !== 0) return rest
    const wider = width[b]! - width[a]!
    if (wider !== 0) return wider
    const nameA = tree.names[tree.name[a]!] ?? ''
    const nameB = tree.names[tree.name[b]!] ?? ''
    return nameA < nameB ? -1 : nameA > nameB ? 1 : 0
  })
}

function startsOf(parent: Int32Array, width: Float64Array): Float64Array {
  const start = new Float64Array(parent.length)
  const next = new Float64Array(parent.length)
  for (let row = 1; row < parent.length; row++) {
    const above = parent[row]!
    start[row] = next[above]!
    next[above] = start[row]! + width[row]!
    next[row] = start[row]!
  }
  return start
}

function pathsOf(names: readonly string[], name: Int32Array, parent: Int32Array): Uint32Array {
  const hashes = Uint32Array.from(names, hashText)
  const path = new Uint32Array(name.length)
  for (let row = 0; row < name.length; row++) {
    path[row] = mix(parent[row]! < 0 ? 0 : path[parent[row]!]!, hashes[name[row]!] ?? 0)
  }
  return path
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
