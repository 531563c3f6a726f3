import type { FlameTree, RestFrames } from './flame-tree.ts'

/**
 * Puts the children of one node, which came in an answer of their own, in the place of the row that stood for them.
 * `part` is that answer: root and ancestors of the node, the node, and what is below it. Throws a RangeError where
 * the two are not of the same tree.
 */
export function graftRest(tree: FlameTree, restRow: number, part: FlameTree): FlameTree {
  const node = tree.parent[restRow]!
  const top = follow(part, namesTo(tree, node))
  if (top < 0) throw new RangeError(`the answer has no frame ${namesTo(tree, node).join(' › ')}`)
  const names = [...tree.names]
  const indexOf = new Map(names.map((name, index) => [name, index]))
  const translated = part.names.map((name) => {
    const known = indexOf.get(name)
    if (known !== undefined) return known
    indexOf.set(name, names.length)
    return names.push(name) - 1
  })
  const keepRow = rowsBeside(tree, node)
  const partRow = rowsBelow(part, top)
  const kept: number[] = []
  const rows = { name: [] as number[], parent: [] as number[], from: [] as number[] }
  const place = new Int32Array(tree.name.length)
  const rest = new Map<number, RestFrames>()
  for (let row = 0; row < tree.name.length; row++) {
    if (keepRow[row] !== 1) continue
    place[row] = kept.length
    const frames = tree.rest.get(row)
    if (frames !== undefined) rest.set(kept.length, frames)
    kept.push(row)
    rows.name.push(tree.name[row]!)
    rows.parent.push(tree.parent[row]! < 0 ? -1 : place[tree.parent[row]!]!)
  }
  const partPlace = new Int32Array(part.name.length)
  partPlace[top] = place[node]!
  for (let row = top + 1; row < part.name.length; row++) {
    if (partRow[row] !== 1) continue
    const at = kept.length + rows.from.length
    partPlace[row] = at
    const frames = part.rest.get(row)
    if (frames !== undefined) rest.set(at, frames)
    rows.from.push(row)
    rows.name.push(translated[part.name[row]!]!)
    rows.parent.push(partPlace[part.parent[row]!]!)
  }
  const join = (ours: Float64Array, theirs: Float64Array) =>
    Float64Array.from([...kept.map((row) => ours[row]!), ...rows.from.map((row) => theirs[row]!)])
  return {
    names,
    name: Int32Array.from(rows.name),
    parent: Int32Array.from(rows.parent),
    self: join(tree.self, part.self),
    total: join(tree.total, part.total),
    base:
      tree.base === undefined || part.base === undefined
        ? undefined
        : { self: join(tree.base.self, part.base.self), total: join(tree.base.total, part.base.total) },
    rest,
  }
}

/** Names from below the root down to the row. */
function namesTo(tree: FlameTree, row: number): string[] {
  const names: string[] = []
  for (let at = row; at > 0; at = tree.parent[at]!) names.push(tree.names[tree.name[at]!] ?? '')
  return names.reverse()
}

/** The row that names lead to from the root, or -1. */
function follow(tree: FlameTree, path: readonly string[]): number {
  let at = 0
  for (const name of path) {
    const index = tree.names.indexOf(name)
    at = tree.name.findIndex((candidate, row) => candidate === index && tree.parent[row] === at && row > 0)
    if (at < 0) return -1
  }
  return at
}

/** 1 for each row that is not below `node`. */
function rowsBeside(tree: FlameTree, node: number): Uint8Array {
  return rowsBelow(tree, node).map((below) => 1 - below)
}

function rowsBelow(tree: FlameTree, node: number): Uint8Array {
  const below = new Uint8Array(tree.name.length)
  for (let row = 1; row < tree.name.length; row++) {
    const above = tree.parent[row]!
    if (above === node || below[above] === 1) below[row] = 1
  }
  return below
}
