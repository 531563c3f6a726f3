import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { frameNames } from './frame-names.ts'

/**
 * Stacks as a tree of function names, in columns: node 0 is the root, and a node comes after its parent.
 * A function that was inlined is a node of its own.
 */
export interface FlameTree {
  readonly names: readonly string[]
  readonly nodeCount: number
  readonly parent: Uint32Array
  /** Into `names`. */
  readonly name: Uint32Array
  readonly self: Int64Sums
  readonly total: Int64Sums
}

/** Only stacks with a value of the sample type take part. */
export function flameTree(merged: MergedProfile, sampleType: number): FlameTree {
  const { symbols } = merged
  const values = merged.values[sampleType]!
  const frames = frameNames(symbols)
  const used = new Uint8Array(symbols.nodeCount)
  for (let key = 0; key < values.length; key++) {
    if (values.isZero(key)) continue
    // Ancestors of a used node are used already.
    for (let node = symbols.keyNode[key]!; used[node] === 0; node = symbols.nodeParent[node]!) {
      used[node] = 1
      if (node === 0) break
    }
  }

  const tree = new Tree(symbols.nodeCount)
  // Children come after their parents, so one pass from the root sees every parent placed.
  const placed = new Uint32Array(symbols.nodeCount)
  for (let node = 1; node < symbols.nodeCount; node++) {
    if (used[node] === 0) continue
    const location = symbols.nodeLocation[node]!
    const firstLine = symbols.locationLines[location]!
    let at = placed[symbols.nodeParent[node]!]!
    const lines = symbols.locationLines[location + 1]! - firstLine
    if (lines === 0) at = tree.child(at, frames.ofLocation(location))
    // Lines are innermost first, and the tree grows from the outside.
    for (let line = firstLine + lines - 1; line >= firstLine; line--) {
      at = tree.child(at, frames.ofFunction(symbols.lineFunction[line]!))
    }
    placed[node] = at
  }

  const self = new Int64Sums(tree.nodeCount)
  for (let key = 0; key < values.length; key++) {
    if (!values.isZero(key)) accumulate(self, placed[symbols.keyNode[key]!]!, values, key)
  }
  const total = new Int64Sums(tree.nodeCount)
  for (let node = tree.nodeCount - 1; node >= 0; node--) {
    accumulate(total, node, self, node)
    if (node > 0) accumulate(total, tree.parent[node]!, total, node)
  }
  return {
    names: frames.names,
    nodeCount: tree.nodeCount,
    parent: tree.parent.subarray(0, tree.nodeCount),
    name: tree.name.subarray(0, tree.nodeCount),
    self,
    total,
  }
}

/** `sums[index] += from[at]`, exactly. */
export function accumulate(sums: Int64Sums, index: number, from: Int64Sums, at: number): void {
  const value = from.getNumber(at)
  if (Number.isSafeInteger(value)) sums.add(index, value)
  else sums.addBig(index, from.getBig(at))
}

/** Nodes found by (parent, name) in an open-addressed table. */
class Tree {
  nodeCount = 1
  parent: Uint32Array
  name: Uint32Array
  #slots: Uint32Array

  constructor(expectedNodes: number) {
    const capacity = Math.max(16, expectedNodes)
    this.parent = new Uint32Array(capacity)
    this.name = new Uint32Array(capacity)
    this.#slots = new Uint32Array(slotsFor(capacity))
  }

  child(parent: number, name: number): number {
    const mask = this.#slots.length - 1
    let slot = hash(parent, name) & mask
    for (let node = this.#slots[slot]!; node !== 0; node = this.#slots[slot]!) {
      if (this.parent[node] === parent && this.name[node] === name) return node
      slot = (slot + 1) & mask
    }
    const node = this.nodeCount
    if (node === this.parent.length) {
      this.#grow()
      return this.child(parent, name)
    }
    this.nodeCount++
    this.parent[node] = parent
    this.name[node] = name
    this.#slots[slot] = node
    return node
  }

  #grow(): void {
    this.parent = grown(this.parent)
    this.name = grown(this.name)
    this.#slots = new Uint32Array(slotsFor(this.parent.length))
    const mask = this.#slots.length - 1
    for (let node = 1; node < this.nodeCount; node++) {
      let slot = hash(this.parent[node]!, this.name[node]!) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = node
    }
  }
}

function hash(parent: number, name: number): number {
  let mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(name, 0x85ebca6b)
  mixed ^= mixed >>> 15
  return Math.imul(mixed, 0x2c1b3c6d) >>> 0
}

/** A power of two, at most half full. */
function slotsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * 2))
}

function grown(column: Uint32Array): Uint32Array {
  const longer = new Uint32Array(column.length * 2)
  longer.set(column)
  return longer
}
