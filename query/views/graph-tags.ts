import type { CallGraph } from './call-graph.ts'
import { scaledLabel } from './measurement.ts'
import { PairIndex } from './pair-index.ts'
import { sampleTags } from './sample-tags.ts'
import type { ViewStacks } from './view-stacks.ts'

/** One label, or all texts of a sample together, at one node. Sums are doubles: they are drawn, never answered. */
export interface GraphTag {
  readonly name: string
  /** Of numbers; "" for texts. */
  readonly unit: string
  readonly value: number
  flat: number
  cum: number
}

export interface NodeTags {
  readonly texts: GraphTag[]
  /** By the texts of the same sample, "" without any. */
  readonly numbers: Map<string, GraphTag[]>
}

export type GraphTags = ReadonlyMap<number, NodeTags>

export interface GraphTagsOptions {
  readonly nodes: readonly number[]
  /** Tags below it are left out. */
  readonly cutoff: number
}

interface TagKind {
  readonly texts: string
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly isNumber: boolean
}

/** What a drawing hangs on its nodes: texts, and of numbers those named `bytes`, as pprof does. */
export function graphTags(
  { frames }: CallGraph,
  { symbols, values, tagUnits }: ViewStacks,
  { nodes, cutoff }: GraphTagsOptions,
): GraphTags {
  const { keyCount, keyLabelSet, keyNode, nodeParent, nodeLocation, locationLines } = symbols
  const isNode = new Uint8Array(frames.count)
  for (const node of nodes) isNode[node] = 1
  const kinds: TagKind[] = []
  const kindOfText = new Map<string, number>()
  const kindsOfSet = new Map<number, readonly number[]>()
  const kindOf = (kind: TagKind): number => {
    const text = `${kind.isNumber}\0${kind.texts}\0${kind.name}`
    let known = kindOfText.get(text)
    if (known === undefined) {
      known = kinds.push(kind) - 1
      kindOfText.set(text, known)
    }
    return known
  }
  const kindsOf = (labelSet: number): readonly number[] => {
    let known = kindsOfSet.get(labelSet)
    if (known === undefined) {
      const tags = sampleTags(symbols, labelSet)
      const pairs = [...tags.texts].flatMap(([key, all]) => all.map((text) => `${key}:${text}`))
      const texts = pairs.sort().join('\\n')
      const unit = tagUnits.get('bytes') ?? 'bytes'
      known = [
        ...(texts === '' ? [] : [kindOf({ texts, name: texts, unit: '', value: 0, isNumber: false })]),
        ...(tags.numbers.get('bytes') ?? []).map((number) => {
          const value = Number(number)
          return kindOf({ texts, name: scaledLabel(value, unit, 'minimum'), unit, value, isNumber: true })
        }),
      ]
      kindsOfSet.set(labelSet, known)
    }
    return known
  }

  const places = new PairIndex(1024)
  const tags: { flat: number; cum: number }[] = []
  const add = (frame: number, kind: number, part: 'flat' | 'cum', value: number): void => {
    const place = places.of(frame, kind)
    tags[place] ??= { flat: 0, cum: 0 }
    tags[place][part] += value
  }
  const seenBy = new Uint32Array(frames.count)
  for (let key = 0; key < keyCount; key++) {
    if (keyLabelSet[key] === 0 || values.isEmpty(key)) continue
    const own = kindsOf(keyLabelSet[key]!)
    if (own.length === 0) continue
    const value = values.number(key)
    let isLeaf = true
    for (let node = keyNode[key]!; node !== 0; node = nodeParent[node]!) {
      const location = nodeLocation[node]!
      const end = locationLines[location + 1]!
      let line = locationLines[location]!
      do {
        const frame = line < end ? frames.ofLine(line, location) : frames.ofBare(location)
        if (isNode[frame] === 1 && seenBy[frame] !== key + 1) {
          seenBy[frame] = key + 1
          for (const kind of own) add(frame, kind, 'cum', value)
        }
        if (isNode[frame] === 1 && isLeaf) for (const kind of own) add(frame, kind, 'flat', value)
        isLeaf = false
      } while (++line < end)
    }
  }

  const found = new Map<number, NodeTags>()
  for (let place = 0; place < places.count; place++) {
    const { flat, cum } = tags[place]!
    if (Math.abs(flat) < cutoff && Math.abs(cum) < cutoff) continue
    const { texts, name, unit, value, isNumber } = kinds[places.second[place]!]!
    const node = places.first[place]!
    const ofNode = found.get(node) ?? { texts: [], numbers: new Map<string, GraphTag[]>() }
    found.set(node, ofNode)
    const tag = { name, unit, value, flat, cum }
    if (!isNumber) ofNode.texts.push(tag)
    else {
      const list = ofNode.numbers.get(texts)
      if (list === undefined) ofNode.numbers.set(texts, [tag])
      else list.push(tag)
    }
  }
  return found
}

export const maxTagsOfNode = 4

/** How many nodes fit in `places`, where the tags of a node take some of them. */
export function placesFor(nodes: readonly number[], places: number, tags: GraphTags | undefined): number {
  let taken = 0
  for (const [index, node] of nodes.entries()) {
    const { texts = [], numbers = new Map<string, GraphTag[]>() } = tags?.get(node) ?? {}
    const all = [...texts, ...[...numbers.values()].flat()]
    taken += Math.min(all.filter(({ flat }) => flat !== 0).length, maxTagsOfNode) + 1
    if (taken >= places) return index + 1
  }
  return nodes.length
}
