import { outermostRows } from './flame-shapes.ts'
import type { FlameTree } from './flame-tree.ts'

export interface InvertOptions {
  /** Index of the name whose callers are wanted; without it every function that has a value of its own begins. */
  readonly of?: number
  /** So many levels at most, the root not counted. */
  readonly levels: number
  /** Rows with less than this share of what is looked at are not followed to their callers. */
  readonly minShare: number
  /** Names (indices) from below the root down to the row that is looked at: it is followed more closely. */
  readonly within?: readonly number[]
}

export interface InvertedTree {
  readonly tree: FlameTree
  /** Whether callers were left out. */
  readonly isUnfinished: boolean
}

/**
 * Leaves at the root, their callers beyond. The whole tree can be as large as rows × depth, so it is made level by
 * level, as deep as asked, and rows too narrow to be seen wait until somebody zooms there. A level costs no more than
 * there are rows with a value.
 */
export function invertTree(tree: FlameTree, options: InvertOptions): InvertedTree {
  const { of, levels, minShare, within = [] } = options
  const out = new Columns(tree.base !== undefined)
  const begin = Int32Array.from(of === undefined ? rowsWithSelf(tree) : outermostRows(tree, of))
  const values = of === undefined ? tree.self : tree.total
  const baseValues = of === undefined ? tree.base?.self : tree.base?.total
  out.add(-1, of ?? tree.name[0] ?? 0)
  for (const row of begin) out.value(0, values[row]!, baseValues?.[row] ?? 0)
  const least = minShare * out.size(0)
  let leastWithin = least
  let isUnfinished = false
  // Entries: where each stack is on its way to the root, and the row whose value it carries.
  let at = begin.map((row) => (of === undefined ? row : tree.parent[row]!))
  let carried = begin
  let nodes: readonly Frontier[] = [{ row: 0, from: 0, to: begin.length, matched: 0 }]
  const slots = new Slots(tree.names.length)
  for (let level = 0; nodes.length > 0; level++) {
    if (level >= levels || out.name.length > maxRows)
      return { tree: out.finish(tree, of), isUnfinished: true }
    const nextAt = new Int32Array(at.length)
    const nextCarried = new Int32Array(at.length)
    const next: Frontier[] = []
    let filled = 0
    for (const { row, from, to, matched } of nodes) {
      const isInside = within.length > 0 && matched === within.length
      if (isInside && level === matched) leastWithin = minShare * out.size(row)
      const isOnWay = matched === level && level < within.length
      if (!isOnWay && row !== 0 && out.size(row) < (isInside ? leastWithin : least)) {
        isUnfinished = true
        continue
      }
      slots.clear()
      for (let entry = from; entry < to; entry++) {
        // The root of the tree is no caller.
        if (at[entry]! > 0) slots.count(tree.name[at[entry]!]!)
      }
      for (const [index, name] of slots.names.entries()) {
        const goesOn = isOnWay && within[level] === name ? level + 1 : -1
        const end = filled + slots.counts[index]!
        slots.places[index] = filled
        slots.rows[index] = out.add(row, name)
        next.push({
          row: slots.rows[index]!,
          from: filled,
          to: end,
          matched: isInside ? matched : goesOn,
        })
        filled = end
      }
      for (let entry = from; entry < to; entry++) {
        const here = at[entry]!
        if (here <= 0) continue
        const index = slots.indexOf(tree.name[here]!)
        const place = slots.places[index]!++
        const origin = carried[entry]!
        nextAt[place] = tree.parent[here]!
        nextCarried[place] = origin
        out.value(slots.rows[index]!, values[origin]!, baseValues?.[origin] ?? 0)
      }
    }
    at = nextAt
    carried = nextCarried
    nodes = next
  }
  return { tree: out.finish(tree, of), isUnfinished }
}

/** Entries `from` to `to` are those of the row. */
interface Frontier {
  readonly row: number
  readonly from: number
  readonly to: number
  /** How many names of `within` led here; -1 beside its way. */
  readonly matched: number
}

const maxRows = 400_000

/** The children of one node at a time, found by name without hashing. */
class Slots {
  readonly names: number[] = []
  readonly counts: number[] = []
  readonly places: number[] = []
  readonly rows: number[] = []
  readonly #index: Int32Array
  readonly #stamp: Int32Array
  #turn = 0

  constructor(names: number) {
    this.#index = new Int32Array(names)
    this.#stamp = new Int32Array(names)
  }

  clear(): void {
    this.#turn++
    this.names.length = 0
  }

  count(name: number): void {
    if (this.#stamp[name] !== this.#turn) {
      this.#stamp[name] = this.#turn
      this.#index[name] = this.names.length
      this.counts[this.names.length] = 0
      this.names.push(name)
    }
    this.counts[this.#index[name]!]!++
  }

  indexOf(name: number): number {
    return this.#index[name]!
  }
}

function rowsWithSelf(tree: FlameTree): number[] {
  const rows: number[] = []
  for (let row = 1; row < tree.name.length; row++) {
    if (tree.self[row] !== 0 || (tree.base?.self[row] ?? 0) !== 0) rows.push(row)
  }
  return rows
}

class Columns {
  readonly name: number[] = []
  readonly parent: number[] = []
  readonly total: number[] = []
  readonly baseTotal: number[] = []
  readonly #compared: boolean

  constructor(compared: boolean) {
    this.#compared = compared
  }

  add(parent: number, name: number): number {
    this.parent.push(parent)
    this.name.push(name)
    this.total.push(0)
    this.baseTotal.push(0)
    return this.name.length - 1
  }

  value(row: number, total: number, baseTotal: number): void {
    this.total[row]! += total
    this.baseTotal[row]! += baseTotal
  }

  size(row: number): number {
    return Math.max(Math.abs(this.total[row]!), Math.abs(this.baseTotal[row]!))
  }

  /** The value of its own is that of the leaf, which is at the root's side here. */
  finish(tree: FlameTree, of: number | undefined): FlameTree {
    const ofLeaf = (totals: readonly number[]) =>
      Float64Array.from(totals, (total, row) => (of === undefined && this.parent[row] === 0 ? total : 0))
    return {
      names: tree.names,
      name: Int32Array.from(this.name),
      parent: Int32Array.from(this.parent),
      self: ofLeaf(this.total),
      total: Float64Array.from(this.total),
      base: this.#compared
        ? { self: ofLeaf(this.baseTotal), total: Float64Array.from(this.baseTotal) }
        : undefined,
      rest: new Map(),
    }
  }
}
