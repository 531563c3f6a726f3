import type { Granularity } from '../api/view-types.ts'
import { rootName } from './frame-names.ts'
import { FrameTable } from './frame-table.ts'
import { NetSums } from './net-sums.ts'
import { PairIndex } from './pair-index.ts'
import { nodeSums, type ViewStacks } from './view-stacks.ts'

/**
 * Stacks as a tree of names, in columns: node 0 is the root, and a node comes after its parent.
 * A function that was inlined is a node of its own.
 */
export interface FlameTree {
  readonly names: readonly string[]
  readonly nodeCount: number
  readonly parent: Uint32Array
  /** Into `names`. */
  readonly name: Uint32Array
  readonly self: NetSums
  readonly total: NetSums
}

/** Only stacks with a value on either side take part. */
export function flameTree(stacks: ViewStacks, granularity: Granularity | undefined): FlameTree {
  const { symbols } = stacks
  const { locationLines, nodeCount, nodeLocation, nodeParent } = symbols
  const { self: ofStack, isUsed } = nodeSums(stacks)
  const frames = new FrameTable(symbols, { granularity, hasBareAddresses: true })
  const names = [rootName]
  const nameOfText = new Map<string, number>()
  const nameOfFrame: number[] = []
  const nameOf = (frame: number): number => {
    let name = nameOfFrame[frame]
    if (name === undefined) {
      const text = frames.names[frame]!
      name = nameOfText.get(text) ?? names.push(text) - 1
      nameOfText.set(text, name)
      nameOfFrame[frame] = name
    }
    return name
  }

  // Of (parent, name); a node is its pair's number + 1, for the root has none.
  const pairs = new PairIndex(nodeCount)
  // Children come after their parents, so one pass from the root sees every parent placed.
  const placed = new Uint32Array(nodeCount)
  for (let node = 1; node < nodeCount; node++) {
    if (isUsed[node] === 0) continue
    const location = nodeLocation[node]!
    const firstLine = locationLines[location]!
    let at = placed[nodeParent[node]!]!
    const lines = locationLines[location + 1]! - firstLine
    if (lines === 0) at = pairs.of(at, nameOf(frames.ofBare(location))) + 1
    // Lines are innermost first, and the tree grows from the outside.
    for (let line = firstLine + lines - 1; line >= firstLine; line--) {
      at = pairs.of(at, nameOf(frames.ofLine(line, location))) + 1
    }
    placed[node] = at
  }

  const count = pairs.count + 1
  const parent = new Uint32Array(count)
  const name = new Uint32Array(count)
  parent.set(pairs.first.subarray(0, pairs.count), 1)
  name.set(pairs.second.subarray(0, pairs.count), 1)
  const isCompared = ofStack.base !== undefined
  const self = NetSums.zeros(count, isCompared)
  for (let node = 0; node < nodeCount; node++) {
    if (!ofStack.isEmpty(node)) self.accumulate(placed[node]!, ofStack, node)
  }
  const total = NetSums.zeros(count, isCompared)
  for (let node = count - 1; node >= 0; node--) {
    total.accumulate(node, self, node)
    if (node > 0) total.accumulate(parent[node]!, total, node)
  }
  return { names, nodeCount: count, parent, name, self, total }
}
