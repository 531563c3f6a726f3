import type { CallGraph } from './call-graph.ts'
import type { LiveEdges } from './live-edges.ts'
import type { NetSums } from './net-sums.ts'

/**
 * How much there is to see at each node, to be ordered by: the entropy of where its stacks come from and go to, times
 * its cum. A node that hands everything from one caller on to one callee says little. Whole numbers, as pprof's.
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
    scores[node] = Number.isNaN(score)
      ? withoutScore(own)
      : Math.abs(Math.trunc(score * cum.number(node)) + own)
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

/**
 * In a comparison edges may weigh nothing or less, and have no logarithm. What pprof makes of that on amd64 is the
 * least int64 plus flat: nodes with any flat come before all others, smallest first, and those without come last.
 */
function withoutScore(own: number): number {
  return own === 0 ? -1 : Number.MAX_VALUE * (1 - Math.abs(own) / 2 ** 52)
}
