import type { CallGraph, CallGraphBuilder } from './call-graph.ts'
import { entropyScores } from './entropy-score.ts'
import { compareIdentity, compareSums, pprofOrder } from './frame-order.ts'
import { compareFrames } from './frame-table.ts'
import { type GraphTags, graphTags, placesFor } from './graph-tags.ts'
import { LiveEdges } from './live-edges.ts'
import type { ViewOptions } from './view-options.ts'
import type { ViewStacks } from './view-stacks.ts'

/** A graph of the nodes worth showing, in their order, and of the edges that are left between them. */
export interface TrimmedGraph {
  readonly graph: CallGraph
  readonly nodes: readonly number[]
  /** The edges to a node and from it, heaviest first, as numbers of `graph.edges`. */
  readonly callersOf: (node: number) => readonly number[]
  readonly calleesOf: (node: number) => readonly number[]
  readonly droppedNodes: number
  readonly droppedEdges: number
  /** Before the last of them were left out for being too many. */
  readonly candidates: number
  readonly nodeCutoff: number
  readonly edgeCutoff: number
  readonly tags: GraphTags | undefined
  /** Edges between nodes that are shown, heaviest first. */
  readonly shownEdges: readonly number[]
}

export interface TrimOptions extends Pick<ViewOptions, 'sort'> {
  readonly nodeCount: number
  readonly nodeFraction: number
  readonly edgeFraction: number
  /** For a drawing: nodes where ways part or meet come first, tags take places, and edges that say nothing new go. */
  readonly isDrawn?: boolean
}

/** Nodes whose sides differ, or that are not compared and not zero: pprof shows no others. */
export function isSeen({ flat, cum }: Pick<CallGraph, 'flat' | 'cum'>, frame: number): boolean {
  return flat.big(frame) !== 0n || cum.big(frame) !== 0n
}

/** A share of all that is flat, cut to a whole number. */
export function cutoffOf({ flat, frames }: Pick<CallGraph, 'flat' | 'frames'>, fraction: number): number {
  let total = 0n
  for (let frame = 0; frame < frames.count; frame++) total += flat.big(frame)
  return Math.abs(Math.trunc(Number(total) * fraction))
}

/** Trims as `go tool pprof` does: by share of the total, then to a number of nodes, then edges by their share. */
export function trimGraph(
  builder: CallGraphBuilder,
  stacks: ViewStacks,
  { nodeCount, nodeFraction, edgeFraction, isDrawn = false, sort = 'flat' }: TrimOptions,
): TrimmedGraph {
  let graph = builder.build()
  const nodeCutoff = cutoffOf(graph, nodeFraction)
  const edgeCutoff = cutoffOf(graph, edgeFraction)
  let nodes = seenNodes(graph)
  let droppedNodes = 0
  const rebuild = (kept: readonly number[]): void => {
    const isKept = new Uint8Array(graph.frames.count)
    for (const node of kept) isKept[node] = 1
    graph = builder.build({ isKept })
    nodes = seenNodes(graph)
  }
  if (nodeCutoff > 0) {
    const kept = nodes.filter((node) => Math.abs(graph.cum.number(node)) >= nodeCutoff)
    droppedNodes = nodes.length - kept.length
    if (droppedNodes > 0) rebuild(kept)
  }
  const candidates = nodes.length
  let edges = new LiveEdges(graph)
  const order = (): void => {
    if (!isDrawn) {
      nodes.sort(pprofOrder(graph, sort))
      return
    }
    const score = entropyScores(graph, nodes, edges)
    const { flat, frames } = graph
    nodes.sort(
      (a, b) =>
        score[b]! - score[a]! ||
        compareFrames(frames, a, b) ||
        compareSums(flat, a, b) ||
        compareIdentity(frames, a, b),
    )
  }
  const tagsOf = (): GraphTags | undefined =>
    isDrawn ? graphTags(graph, stacks, { nodes, cutoff: nodeCutoff }) : undefined
  order()
  let tags = tagsOf()
  if (nodeCount > 0) {
    edges.trim(nodes, edgeCutoff)
    const kept = nodes.slice(0, isDrawn ? placesFor(nodes, nodeCount, tags) : nodeCount)
    if (kept.length < nodes.length) {
      rebuild(kept)
      edges = new LiveEdges(graph)
      order()
      tags = tagsOf()
    }
  }
  const droppedEdges = edges.trim(nodes, edgeCutoff)
  if (isDrawn) edges.removeRedundant(nodes)
  const isShown = new Set(nodes)
  const between = nodes.flatMap((node) =>
    edges.outOf(node).filter((edge) => isShown.has(graph.edges.second[edge]!)),
  )
  return {
    graph,
    nodes,
    callersOf: (node) => edges.sorted(edges.into(node)),
    calleesOf: (node) => edges.sorted(edges.outOf(node)),
    droppedNodes,
    droppedEdges,
    candidates,
    nodeCutoff,
    edgeCutoff,
    tags,
    shownEdges: edges.sorted(between),
  }
}

function seenNodes(graph: CallGraph): number[] {
  const nodes: number[] = []
  for (let frame = 0; frame < graph.frames.count; frame++) if (isSeen(graph, frame)) nodes.push(frame)
  return nodes
}
