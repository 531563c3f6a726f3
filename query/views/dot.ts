import { posix } from 'node:path'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { callGraphBuilder } from './call-graph.ts'
import { edgeColor, nodeColors } from './dot-colors.ts'
import { nodelets } from './dot-nodelets.ts'
import { attributes, dotText } from './dot-text.ts'
import type { Frame } from './frame-table.ts'
import { percentage, scale, scaledLabel } from './measurement.ts'
import { type TrimmedGraph, trimGraph } from './trim-graph.ts'
import type { ComparedOptions } from './view-options.ts'
import { type ViewStacks, viewStacks } from './view-stacks.ts'

/**
 * The graph of `go tool pprof -dot`, as text/vnd.graphviz: the same nodes and edges with the same figures. Labels have
 * them scaled; the attributes `flat`, `cum` and `value` have the exact digits. Of a comparison both are differences.
 */
export function dot(merged: MergedProfile, sampleType: number, options: ComparedOptions = {}): string {
  const stacks = viewStacks(merged, sampleType, options)
  const builder = callGraphBuilder(stacks, { granularity: options.granularity })
  const trimmed = trimGraph(builder, stacks, {
    nodeCount: options.nodeCount ?? 80,
    nodeFraction: options.nodeFraction ?? 0.005,
    edgeFraction: options.edgeFraction ?? 0.001,
    isDrawn: true,
  })
  const total = Number(stacks.wholeTotal)
  const unit = outputUnit(trimmed, stacks)
  const amount = (value: number): string => scaledLabel(value, stacks.unit, unit)
  const { graph, nodes, calleesOf } = trimmed
  const { flat, cum, weight, frames, edges } = graph
  const title = titleOf(merged)
  const lines = [
    `digraph ${dotText(title)} {`,
    'graph [fontname="Helvetica"]',
    'node [fontname="Helvetica" style=filled shape=box fillcolor="#f6f6f6"]',
    'edge [fontname="Helvetica" fontsize=10]',
    legend(trimmed, { stacks, title, amount }),
  ]
  const numberOf = new Map(nodes.map((node, index) => [node, index + 1]))
  const largest = nodes.reduce((most, node) => Math.max(most, Math.abs(flat.number(node))), 0)
  const hasNodelets = new Set<number>()
  for (const [index, node] of nodes.entries()) {
    const own = flat.number(node)
    const whole = cum.number(node)
    const ofTotal = (value: number): string => `${amount(value)} (${percentage(value, total)})`
    const rest = whole === own ? [] : [`of ${ofTotal(whole)}`]
    const figures = own === 0 ? [['0', ...rest].join(' ')] : [ofTotal(own), ...rest]
    const size = largest === 0 || own === 0 ? 8 : 8 + Math.ceil(16 * Math.sqrt(Math.abs(own) / largest))
    const { color, fillcolor } = nodeColors(total === 0 ? 0 : whole / total)
    const name = frames.names[node]!
    lines.push(
      `N${index + 1} ${attributes({
        label: [...labelLines(frames.frames[node]!, name), ...figures].join('\n'),
        id: `node${index + 1}`,
        fontsize: size,
        tooltip: `${name} (${amount(whole)})`,
        color,
        fillcolor,
        flat: flat.format(node),
        cum: cum.format(node),
      })}`,
    )
    const hung = nodelets(trimmed.tags?.get(node), {
      number: index + 1,
      isFlat: calleesOf(node).length > 0,
      amount,
    })
    if (hung.length > 0) hasNodelets.add(node)
    lines.push(...hung)
  }
  // Heaviest first: what comes first is laid out straighter.
  for (const edge of trimmed.shownEdges) {
    const caller = edges.first[edge]!
    const callee = edges.second[edge]!
    const value = weight.number(edge)
    const share = total === 0 ? 0 : Math.min(1, Math.abs(value) / total)
    const isResidual = graph.isResidual[edge] === 1
    const inline = graph.isCalled[edge] === 0 ? '\n(inline)' : ''
    const tip = `${frames.names[caller]} ${isResidual ? '…' : '→'} ${frames.names[callee]} (${amount(value)})`
    lines.push(
      `N${numberOf.get(caller)} -> N${numberOf.get(callee)} ${attributes({
        label: ` ${amount(value)}${inline}`,
        weight: 1 + Math.trunc(share * 100),
        penwidth: 1 + Math.trunc(share * 5),
        color: edgeColor(total === 0 ? 0 : value / total),
        tooltip: tip,
        labeltooltip: tip,
        ...(isResidual && { style: 'dotted' }),
        ...(hasNodelets.has(caller) && { minlen: 2 }),
        value: weight.format(edge),
      })}`,
    )
  }
  lines.push('}')
  return `${lines.join('\n')}\n`
}

/** The largest unit in which the smallest node is still told, as pprof chooses it. */
function outputUnit({ graph, nodes }: TrimmedGraph, { wholeTotal, unit }: ViewStacks): string {
  const sizes = nodes
    .map((node) => Math.abs(graph.flat.number(node)) || Math.abs(graph.cum.number(node)))
    .filter((size) => size > 0)
  const most = Number(wholeTotal)
  const least = sizes.length === 0 ? most : sizes.reduce((a, b) => Math.min(a, b))
  const finest = scale(least, unit, 'minimum').unit
  const coarsest = scale(most, unit, 'minimum').unit
  const chosen = finest !== coarsest && least * 100 < most ? scale(least * 100, unit, 'minimum').unit : finest
  return chosen || unit
}

function titleOf({ symbols, sampleTypes }: MergedProfile): string {
  const file = symbols.mappingCount > 1 ? symbols.string(symbols.mapping(1).file) : ''
  return file === '' ? (sampleTypes[0]?.type ?? 'profile') : posix.basename(file)
}

interface LegendOptions {
  readonly stacks: ViewStacks
  readonly title: string
  readonly amount: (value: number) => string
}

function legend(
  { graph, nodes, candidates, droppedNodes, droppedEdges, nodeCutoff, edgeCutoff }: TrimmedGraph,
  { stacks, title, amount }: LegendOptions,
): string {
  const total = Number(stacks.wholeTotal)
  const shown = Number(nodes.reduce((sum, node) => sum + graph.flat.big(node), 0n))
  const { type, time, coveredSeconds } = stacks.head
  const lines = [
    title,
    `Type: ${type}`,
    ...(time === 0 ? [] : [`Time: ${new Date(time).toISOString()}`]),
    ...(coveredSeconds === 0 ? [] : [`Covered: ${scaledLabel(coveredSeconds * 1e9, 'ns', 'auto')}`]),
    `Shown: ${amount(shown)}, ${percentage(shown, total)} of ${amount(total)}`,
    ...(nodes.length < candidates ? [`Nodes: ${nodes.length} of ${candidates}`] : []),
    ...(droppedNodes > 0 ? [`Left out: ${droppedNodes} nodes with cum below ${amount(nodeCutoff)}`] : []),
    ...(droppedEdges > 0 ? [`Left out: ${droppedEdges} edges below ${amount(edgeCutoff)}`] : []),
  ]
  // Lines of a legend are ranged left, those of nodes are centred.
  const label = lines.map((line) => `${dotText(line).slice(1, -1)}\\l`).join('')
  return `subgraph cluster_legend { legend [shape=box fontsize=16 label="${label}"] }`
}

/** Short enough to be read in a box: of a path its last part, and the function below its package. */
function labelLines({ function: name, file, line, address }: Frame, shown: string): string[] {
  if (name === '') return [file === '' ? shown : posix.basename(file)]
  const bare = /^[^[(<]*/.exec(name)?.[0] ?? ''
  const short = name.slice(bare.lastIndexOf('/') + 1)
  const dotAt = short.search(/\.(?!\.)/)
  const words = short.includes('::')
    ? short.split('::')
    : dotAt > 0
      ? [short.slice(0, dotAt), short.slice(dotAt + 1)]
      : [short]
  const place = file === '' ? [] : [line === 0 ? posix.basename(file) : `${posix.basename(file)}:${line}`]
  return [...(address === 0n ? [] : [address.toString(16).padStart(16, '0')]), ...words, ...place]
}
