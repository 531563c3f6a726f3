import type { CallGraph } from './call-graph.ts'
import type { LiveEdges } from './live-edges.ts'
import type { NetSums } from './net-sums.ts'

/**
 * How much there is to see at each node: the entropy of where its stacks come from and go to, times its cum. A node
 * that hands everything from one caller on to one callee says little. Whole numbers, as pprof's.
 */
export function entropyScores(
  { flat, cum, weight }: CallGraph,
  nodes: readonly number[],
  edges: LiveEdges,
): Float64Array {
  const scores = new Float64Array(cum.profile.length)
  for (const node of nodes) {
    const into = edges.into(node)
    const outOf = edges.outOf(node)
    const own = flat.number(node)
    const score =
      (into.length === 0 ? 1 : entropy(weight, into, 0)) +
      (outOf.length === 0 ? 1 : entropy(weight, outOf, own))
    scores[node] = Math.trunc(score * cum.number(node)) + own
  }
  return scores
}

function entropy(weight: NetSums, edges: readonly number[], own: number): number {
  const weights = edges.map((edge) => weight.number(edge))
  const total = weights.reduce((sum, each) => (each > 0 ? sum + each : sum), own)
  if (total === 0) return 0
  if (own > 0) weights.push(own)
  let score = 0
  for (const each of weights) {
    const share = Math.abs(each) / total
    score += -share * Math.log2(share)
  }
  return score
}
