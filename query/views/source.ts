import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { SourceAnswer, SourceFunction } from '../api/view-types.ts'
import { callGraphBuilder } from './call-graph.ts'
import { compareSums } from './frame-order.ts'
import { NetSums } from './net-sums.ts'
import { optionRegex } from './option-regex.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

interface Place {
  readonly name: string
  readonly file: string
  startLine: number
  /** Into the sums. */
  readonly whole: number
  readonly lines: Map<number, number>
}

/**
 * The numbers of `go tool pprof -list`: lines of each function that `list` matches, by cum descending. Lines are
 * counted by themselves, so a function's cum is that of its lines together.
 */
export function source(
  merged: MergedProfile,
  sampleType: number,
  options: ComparedOptions = {},
): SourceAnswer {
  const stacks = viewStacks(merged, sampleType, options)
  const matches = optionRegex('list', options.list)
  const graph = callGraphBuilder(stacks, { granularity: 'lines', hasObjects: true }).build({
    hasEdges: false,
  })
  const { frames } = graph
  const isCompared = graph.flat.base !== undefined
  const flat = NetSums.zeros(0, isCompared)
  const cum = NetSums.zeros(0, isCompared)
  let count = 0
  const newSum = (): number => {
    flat.grow(count + 1)
    cum.grow(count + 1)
    return count++
  }
  const places = new Map<string, Place>()
  const isMatched = new Map<string, boolean>()
  for (let frame = 0; frame < frames.count; frame++) {
    const { function: name, file, line, startLine } = frames.frames[frame]!
    if (name === '' || (graph.flat.isEmpty(frame) && graph.cum.isEmpty(frame))) continue
    let isAsked = isMatched.get(name)
    if (isAsked === undefined) {
      isAsked = matches?.(name) ?? true
      isMatched.set(name, isAsked)
    }
    if (!isAsked) continue
    const id = `${name}\0${file}`
    const place = places.get(id) ?? {
      name,
      file,
      startLine,
      whole: newSum(),
      lines: new Map<number, number>(),
    }
    places.set(id, place)
    if (startLine !== 0 && (place.startLine === 0 || startLine < place.startLine)) place.startLine = startLine
    const ofLine = place.lines.get(line) ?? newSum()
    place.lines.set(line, ofLine)
    for (const at of [place.whole, ofLine]) {
      flat.accumulate(at, graph.flat, frame)
      cum.accumulate(at, graph.cum, frame)
    }
  }
  const figures = (at: number) => ({
    flat: flat.profile.format(at),
    cum: cum.profile.format(at),
    ...(flat.base !== undefined && { baseFlat: flat.base.format(at) }),
    ...(cum.base !== undefined && { baseCum: cum.base.format(at) }),
  })
  const functions = [...places.values()]
    .sort(
      (a, b) =>
        compareSums(cum, a.whole, b.whole) || compareText(a.name, b.name) || compareText(a.file, b.file),
    )
    .map(
      ({ name, file, startLine, whole, lines }): SourceFunction => ({
        name,
        file,
        startLine,
        ...figures(whole),
        lines: [...lines].sort(([a], [b]) => a - b).map(([line, at]) => ({ line, ...figures(at) })),
      }),
    )
  return { ...stacks.head, total: stacks.total.toString(), functions }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
