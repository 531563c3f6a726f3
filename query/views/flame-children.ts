import type { FlameTree } from './flame-tree.ts'

/** Children of node n are sorted[start[n]] to sorted[start[n + 1] - 1]: a counting sort by parent. */
export function orderedChildren(
  { nodeCount, parent }: Pick<FlameTree, 'nodeCount' | 'parent'>,
  compare: (a: number, b: number) => number,
): { readonly start: Uint32Array; readonly sorted: Uint32Array } {
  const start = new Uint32Array(nodeCount + 1)
  for (let node = 1; node < nodeCount; node++) start[parent[node]! + 1]!++
  for (let node = 0; node < nodeCount; node++) start[node + 1]! += start[node]!
  const filled = start.slice()
  const sorted = new Uint32Array(Math.max(0, nodeCount - 1))
  for (let node = 1; node < nodeCount; node++) sorted[filled[parent[node]!]!++] = node
  for (let node = 0; node < nodeCount; node++) {
    if (start[node + 1]! - start[node]! > 1) sorted.subarray(start[node], start[node + 1]).sort(compare)
  }
  return { start, sorted }
}
