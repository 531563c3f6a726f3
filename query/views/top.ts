import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { TableAnswer, TableRow } from '../api/view-types.ts'
import { type CallGraph, callGraphBuilder } from './call-graph.ts'
import { compareSums, pprofOrder } from './frame-order.ts'
import { compareFrames } from './frame-table.ts'
import { cutoffOf, isSeen } from './trim-graph.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

/**
 * The numbers of `go tool pprof -top`: `flat` goes to the innermost function of a stack, `cum` to each function of it
 * once, however often it recurses. Ordered by flat (or cum) descending, then by the other, then by name; of a
 * comparison by how much they differ. Unlike pprof a function stays that is on both sides and equal.
 */
export function top(merged: MergedProfile, sampleType: number, options: ComparedOptions = {}): TableAnswer {
  const stacks = viewStacks(merged, sampleType, options)
  const graph = callGraphBuilder(stacks, { granularity: options.granularity }).build({ hasEdges: false })
  const { flat, cum, frames } = graph
  let rows: number[] = []
  for (let frame = 0; frame < frames.count; frame++)
    if (!flat.isEmpty(frame) || !cum.isEmpty(frame)) rows.push(frame)
  const { nodeCount = 0, nodeFraction = 0, sort = 'flat' } = options
  const cutoff = cutoffOf(graph, nodeFraction)
  if (cutoff > 0) rows = rows.filter((frame) => Math.abs(cum.number(frame)) >= cutoff)
  if (nodeCount > 0)
    rows = rows
      .filter((frame) => isSeen(graph, frame))
      .sort(pprofOrder(graph, sort))
      .slice(0, nodeCount)
  const [first, last] = sort === 'flat' ? [flat, cum] : [cum, flat]
  rows.sort((a, b) => compareSums(first, a, b) || compareSums(last, a, b) || compareFrames(frames, a, b))
  return {
    ...stacks.head,
    total: stacks.total.toString(),
    ...(stacks.baseTotal !== undefined && { baseTotal: stacks.baseTotal.toString() }),
    granularity: options.granularity ?? 'functions',
    functions: rows.map((frame) => tableRow(graph, frame)),
  }
}

export function tableRow({ flat, cum, frames }: CallGraph, frame: number): TableRow {
  const { line, startLine } = frames.frames[frame]!
  return {
    name: frames.names[frame]!,
    file: frames.sourceFiles[frame]!,
    ...((line || startLine) !== 0 && { line: line || startLine }),
    flat: flat.profile.format(frame),
    cum: cum.profile.format(frame),
    ...(flat.base !== undefined && { baseFlat: flat.base.format(frame) }),
    ...(cum.base !== undefined && { baseCum: cum.base.format(frame) }),
  }
}
