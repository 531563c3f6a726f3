import { orderedChildren } from './flame-children.ts'
import type { FlameTree } from './flame-tree.ts'
import { NetSums } from './net-sums.ts'

export interface FlameOrderOptions {
  /** No more nodes than this below `subtree`; the rest is one row per parent. */
  readonly maxNodes?: number | undefined
  /** This node, below its ancestors alone. */
  readonly subtree?: number
}

/** The rows of a drawing. */
export interface FlameOrder {
  /** A node; or ~r for rest r. */
  readonly rows: readonly number[]
  readonly depth: readonly number[]
  readonly rests: {
    readonly parent: readonly number[]
    /** How many nodes each stands for. */
    readonly nodes: readonly number[]
    readonly sums: NetSums
  }
}

/** Pre-order; children by their sum on both sides descending, then by name. */
export function flameOrder(
  tree: FlameTree,
  { maxNodes = Number.POSITIVE_INFINITY, subtree = 0 }: FlameOrderOptions = {},
): FlameOrder {
  const { nodeCount, parent, total } = tree
  const weight = new Float64Array(nodeCount)
  for (let node = 0; node < nodeCount; node++)
    weight[node] = total.profile.getNumber(node) + (total.base?.getNumber(node) ?? 0)
  const size = new Uint32Array(nodeCount).fill(1)
  for (let node = nodeCount - 1; node > 0; node--) size[parent[node]!]! += size[node]!
  const { names, name } = tree
  const { start, sorted } = orderedChildren(tree, (a, b) => {
    const difference = weight[b]! - weight[a]!
    if (difference !== 0) return difference
    const nameOfA = names[name[a]!]!
    const nameOfB = names[name[b]!]!
    return nameOfA < nameOfB ? -1 : nameOfA > nameOfB ? 1 : 0
  })
  const isAsked = withinBudget(tree, { start, sorted, weight, size, subtree, maxNodes })

  const rows: number[] = []
  const depth: number[] = []
  const stack: number[] = []
  const depths: number[] = []
  const restParents: number[] = []
  const restNodes: number[] = []
  const sums = NetSums.zeros(0, total.base !== undefined)
  for (let node = subtree; node !== 0; node = parent[node]!) stack.push(parent[node]!)
  while (stack.length > 0) {
    rows.push(stack.pop()!)
    depth.push(depth.length)
  }
  stack.push(subtree)
  depths.push(depth.length)
  while (stack.length > 0) {
    const node = stack.pop()!
    const level = depths.pop()!
    rows.push(node)
    depth.push(level)
    if (node < 0) continue
    const rest = restOf(node)
    if (rest !== undefined) {
      stack.push(~rest)
      depths.push(level + 1)
    }
    for (let child = start[node + 1]! - 1; child >= start[node]!; child--) {
      if (rest !== undefined && !isAsked(sorted[child]!)) continue
      stack.push(sorted[child]!)
      depths.push(level + 1)
    }
  }
  return { rows, depth, rests: { parent: restParents, nodes: restNodes, sums } }

  function restOf(node: number): number | undefined {
    let nodes = 0
    for (let child = start[node]!; child < start[node + 1]!; child++)
      if (!isAsked(sorted[child]!)) nodes += size[sorted[child]!]!
    // A row that stands for one node is no shorter than that node.
    if (nodes <= 1) return undefined
    const rest = restParents.push(node) - 1
    restNodes.push(nodes)
    sums.grow(rest + 1)
    for (let child = start[node]!; child < start[node + 1]!; child++)
      if (!isAsked(sorted[child]!)) sums.accumulate(rest, total, sorted[child]!)
    return rest
  }
}

interface Budget {
  readonly start: Uint32Array
  readonly sorted: Uint32Array
  readonly weight: Float64Array
  readonly size: Uint32Array
  readonly subtree: number
  readonly maxNodes: number
}

/** The `maxNodes` heaviest of a subtree: a parent is never lighter than its children, unless values are negative. */
function withinBudget(
  { nodeCount }: FlameTree,
  { start, sorted, weight, size, subtree, maxNodes }: Budget,
): (node: number) => boolean {
  const count = size[subtree]!
  if (count <= maxNodes) return () => true
  const below = new Uint32Array(count)
  below[0] = subtree
  let filled = 1
  for (let next = 0; next < filled; next++) {
    const node = below[next]!
    for (let child = start[node]!; child < start[node + 1]!; child++) below[filled++] = sorted[child]!
  }
  const weights = Float64Array.from(below, (node) => weight[node]!).sort()
  const least = weights[count - Math.max(1, Math.floor(maxNodes))]!
  let ties = 0
  for (const each of weights.subarray(count - Math.max(1, Math.floor(maxNodes)))) if (each === least) ties++
  const isIn = new Uint8Array(nodeCount)
  for (const node of below) {
    if (weight[node]! > least) isIn[node] = 1
    else if (weight[node] === least && ties-- > 0) isIn[node] = 1
  }
  return (node) => isIn[node] === 1
}
