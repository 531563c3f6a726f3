import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { PeekAnswer, PeekEdge } from '../api/view-types.ts'
import { callGraphBuilder } from './call-graph.ts'
import { optionRegex } from './option-regex.ts'
import { tableRow } from './top.ts'
import { type TrimmedGraph, trimGraph } from './trim-graph.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

/**
 * The numbers of `go tool pprof -peek`: nodes whose name `peek` matches, with all that calls them and all that they
 * call, untrimmed. Without it those of `-tree`, which trims as a graph does.
 */
export function peek(merged: MergedProfile, sampleType: number, options: ComparedOptions = {}): PeekAnswer {
  const stacks = viewStacks(merged, sampleType, options)
  const matches = optionRegex('peek', options.peek)
  const builder = callGraphBuilder(stacks, { granularity: options.granularity })
  const trimmed =
    matches === undefined
      ? trimGraph(builder, stacks, {
          nodeCount: options.nodeCount ?? 80,
          nodeFraction: options.nodeFraction ?? 0.005,
          edgeFraction: options.edgeFraction ?? 0.001,
          sort: options.sort,
        })
      : trimGraph(builder, stacks, {
          nodeCount: 0,
          nodeFraction: 0,
          edgeFraction: 0,
          sort: options.sort ?? 'cum',
        })
  const { graph, nodes, callersOf, calleesOf } = trimmed
  const { frames } = graph
  return {
    ...stacks.head,
    total: stacks.total.toString(),
    granularity: options.granularity ?? 'functions',
    nodes: nodes.flatMap((node) =>
      matches?.(frames.names[node]!) === false
        ? []
        : [
            {
              ...tableRow(graph, node),
              callers: callersOf(node).map((edge) => peekEdge(trimmed, edge, graph.edges.first)),
              callees: calleesOf(node).map((edge) => peekEdge(trimmed, edge, graph.edges.second)),
            },
          ],
    ),
  }
}

function peekEdge({ graph }: TrimmedGraph, edge: number, ends: Uint32Array): PeekEdge {
  const { frames, weight, isCalled } = graph
  return {
    name: frames.names[ends[edge]!]!,
    value: weight.profile.format(edge),
    ...(weight.base !== undefined && { baseValue: weight.base.format(edge) }),
    isInline: isCalled[edge] === 0,
  }
}
