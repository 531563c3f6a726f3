import type { CallGraph } from './call-graph.ts'

/** The edges of a graph that are still in it, from both ends. */
export class LiveEdges {
  readonly #graph: CallGraph
  readonly #into = new Map<number, number[]>()
  readonly #outOf = new Map<number, number[]>()
  /** Absolute differences. */
  readonly #weight: Float64Array

  constructor(graph: CallGraph) {
    this.#graph = graph
    const { edges, weight } = graph
    this.#weight = Float64Array.from({ length: edges.count }, (_, edge) => Math.abs(weight.number(edge)))
    const put = (lists: Map<number, number[]>, node: number, edge: number): void => {
      const list = lists.get(node)
      if (list === undefined) lists.set(node, [edge])
      else list.push(edge)
    }
    for (let edge = 0; edge < edges.count; edge++) {
      put(this.#outOf, edges.first[edge]!, edge)
      put(this.#into, edges.second[edge]!, edge)
    }
  }

  into(node: number): readonly number[] {
    return this.#into.get(node) ?? []
  }

  outOf(node: number): readonly number[] {
    return this.#outOf.get(node) ?? []
  }

  /** Heaviest first, then by caller and callee. */
  sorted(edges: readonly number[]): number[] {
    const { edges: ends, frames } = this.#graph
    const weight = this.#weight
    const byName = (a: number, b: number): number => {
      const left = frames.names[a]!
      const right = frames.names[b]!
      return left < right ? -1 : left > right ? 1 : 0
    }
    return edges.toSorted(
      (a, b) =>
        weight[b]! - weight[a]! ||
        byName(ends.first[a]!, ends.first[b]!) ||
        byName(ends.second[a]!, ends.second[b]!),
    )
  }

  /** Takes out those into `nodes` that weigh less, and says how many they were. */
  trim(nodes: readonly number[], cutoff: number): number {
    let dropped = 0
    for (const node of nodes)
      for (const edge of [...this.into(node)]) {
        if (this.#weight[edge]! >= cutoff) continue
        this.#remove(edge)
        dropped++
      }
    return dropped
  }

  /** Takes out those over frames that are not shown, where there is another way; the lightest first. */
  removeRedundant(nodes: readonly number[]): void {
    for (const node of nodes.toReversed()) {
      for (const edge of this.sorted(this.into(node)).reverse()) {
        // None is taken out that is heavier than a plain one.
        if (this.#graph.isResidual[edge] === 0) break
        if (this.#hasOtherWay(edge)) this.#remove(edge)
      }
    }
  }

  #hasOtherWay(edge: number): boolean {
    const { first, second } = this.#graph.edges
    const from = first[edge]!
    const seen = new Set([second[edge]!])
    for (const node of seen)
      for (const each of this.into(node)) {
        const caller = first[each]!
        if (each === edge || seen.has(caller)) continue
        if (caller === from) return true
        seen.add(caller)
      }
    return false
  }

  #remove(edge: number): void {
    const { first, second } = this.#graph.edges
    for (const list of [this.#outOf.get(first[edge]!), this.#into.get(second[edge]!)])
      list?.splice(list.indexOf(edge), 1)
  }
}
