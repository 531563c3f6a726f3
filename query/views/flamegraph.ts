import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { FlamegraphAnswer } from '../api/types.ts'
import { type FlameTree, flameTree } from './flame-tree.ts'
import { viewHead } from './view-head.ts'

/** A flame graph's rows in pre-order, children by total descending, then by name. */
export function flamegraph(merged: MergedProfile, sampleType: number): FlamegraphAnswer {
  const tree = flameTree(merged, sampleType)
  const { order, depth } = preOrder(tree)
  const name: number[] = new Array(order.length)
  const self: string[] = new Array(order.length)
  const total: string[] = new Array(order.length)
  for (let row = 0; row < order.length; row++) {
    const node = order[row]!
    name[row] = tree.name[node]!
    self[row] = tree.self.format(node)
    total[row] = tree.total.format(node)
  }
  return {
    ...viewHead(merged, sampleType),
    names: tree.names,
    depth: Array.from(depth),
    name,
    self,
    total,
  }
}

/** Nodes as they are drawn, and how deep each lies. */
export function preOrder(tree: FlameTree): { readonly order: Uint32Array; readonly depth: Uint32Array } {
  const { nodeCount, parent } = tree
  // Children of node n are sorted[start[n]] to sorted[start[n + 1] - 1]: a counting sort by parent.
  const start = new Uint32Array(nodeCount + 1)
  for (let node = 1; node < nodeCount; node++) start[parent[node]! + 1]!++
  for (let node = 0; node < nodeCount; node++) start[node + 1]! += start[node]!
  const filled = start.slice()
  const sorted = new Uint32Array(Math.max(0, nodeCount - 1))
  for (let node = 1; node < nodeCount; node++) sorted[filled[parent[node]!]!++] = node
  const byTotal = (a: number, b: number): number => {
    const difference = tree.total.getNumber(b) - tree.total.getNumber(a)
    if (difference !== 0) return difference
    const nameOfA = tree.names[tree.name[a]!]!
    const nameOfB = tree.names[tree.name[b]!]!
    return nameOfA < nameOfB ? -1 : nameOfA > nameOfB ? 1 : 0
  }
  for (let node = 0; node < nodeCount; node++) {
    if (start[node + 1]! - start[node]! > 1) sorted.subarray(start[node], start[node + 1]).sort(byTotal)
  }

  const order = new Uint32Array(nodeCount)
  const depth = new Uint32Array(nodeCount)
  const stack: number[] = [0]
  const depths: number[] = [0]
  for (let row = 0; row < nodeCount; row++) {
    const node = stack.pop()!
    const level = depths.pop()!
    order[row] = node
    depth[row] = level
    for (let child = start[node + 1]! - 1; child >= start[node]!; child--) {
      stack.push(sorted[child]!)
      depths.push(level + 1)
    }
  }
  return { order, depth }
}
