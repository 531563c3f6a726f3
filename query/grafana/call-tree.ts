import type { TreeAnswer } from '../api/view-types.ts'

/** One function in one stack, with the nodes that it called: of one profile, or of two that are compared. */
export interface CallNode {
  readonly name: string
  /** By side; one or two. */
  readonly self: bigint[]
  readonly total: bigint[]
  readonly children: Map<string, CallNode>
}

/** What the protocol calls a node that stands for many. */
export const otherName = 'other'

/** Of each side its flame graph, or undefined where it has none. Node 0 of each is the root. */
export function callTree(sides: readonly (TreeAnswer | undefined)[]): CallNode {
  const root = newNode('total', sides.length)
  for (const [side, graph] of sides.entries()) {
    if (graph === undefined) continue
    const path: CallNode[] = []
    const rests = new Set(graph.rest?.map(({ row }) => row))
    for (const [row, depth] of graph.depth.entries()) {
      const name = rests.has(row) ? otherName : graph.names[graph.name[row]!]!
      const node = depth === 0 ? root : childOf(path[depth - 1]!, name, sides.length)
      node.self[side]! += BigInt(graph.self[row]!)
      node.total[side]! += BigInt(graph.total[row]!)
      path[depth] = node
    }
  }
  return root
}

function childOf(parent: CallNode, name: string, sides: number): CallNode {
  const known = parent.children.get(name)
  if (known !== undefined) return known
  const child = newNode(name, sides)
  parent.children.set(name, child)
  return child
}

function newNode(name: string, sides: number): CallNode {
  return { name, self: new Array(sides).fill(0n), total: new Array(sides).fill(0n), children: new Map() }
}

/** Only stacks that begin with these functions, outermost first. The root and these are left, with what is below. */
export function belowCallSite(root: CallNode, callSite: readonly string[]): CallNode {
  const [name, ...rest] = callSite
  if (name === undefined) return root
  const next = root.children.get(name)
  const child = next && belowCallSite(next, rest)
  const none = root.self.map(() => 0n)
  return {
    name: root.name,
    self: none,
    total: child?.total ?? none,
    children: new Map(child === undefined ? [] : [[name, child]]),
  }
}

/**
 * The total below which nodes are folded into `other`, so that no more than about `maxNodes` are left; 0 where all may
 * stay. Of two sides the larger value counts.
 */
export function smallestShown(root: CallNode, maxNodes: number): bigint {
  const totals: bigint[] = []
  const open = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    totals.push(largest(node.total))
    for (const child of node.children.values()) open.push(child)
  }
  if (totals.length <= maxNodes) return 0n
  totals.sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
  return totals[maxNodes - 1]!
}

export function largest(values: readonly bigint[]): bigint {
  return values.reduce((most, value) => (value > most ? value : most))
}
