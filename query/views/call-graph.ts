import { FrameTable, type FrameTableOptions } from './frame-table.ts'
import { NetSums } from './net-sums.ts'
import { PairIndex } from './pair-index.ts'
import { nodeSums, type ViewStacks } from './view-stacks.ts'

/** What calls what. Nodes are frames, by their number; edges are caller and callee. */
export interface CallGraph {
  readonly frames: FrameTable
  /** Of stacks that end in a frame. */
  readonly flat: NetSums
  /** Of stacks a frame is in, once each. */
  readonly cum: NetSums
  /** `first` calls `second`. */
  readonly edges: PairIndex
  /** Of stacks an edge is in, once each. A frame that calls itself has no edge. */
  readonly weight: NetSums
  /** Whether frames that were not kept lie between, in any stack. */
  readonly isResidual: Uint8Array
  /** Whether any call was a real one, and not inlined. */
  readonly isCalled: Uint8Array
}

export interface CallGraphBuilder {
  readonly frames: FrameTable
  build(options?: BuildOptions): CallGraph
}

export interface BuildOptions {
  /** Per frame 1; others are stepped over, and a stack that ends in one has no flat. */
  readonly isKept?: Uint8Array | undefined
  /** False where nobody asks for them. */
  readonly hasEdges?: boolean
}

/** May build many graphs of the same stacks: figures of a trimmed one are of the stacks, not of the untrimmed graph. */
export function callGraphBuilder(stacks: ViewStacks, options: FrameTableOptions = {}): CallGraphBuilder {
  const { symbols } = stacks
  const frames = new FrameTable(symbols, options)
  const { self, isUsed } = nodeSums(stacks)
  const subtotal = NetSums.zeros(symbols.nodeCount, self.base !== undefined)
  for (let node = symbols.nodeCount - 1; node > 0; node--) {
    if (isUsed[node] === 0) continue
    subtotal.accumulate(node, self, node)
    const parent = symbols.nodeParent[node]!
    if (parent !== 0) subtotal.accumulate(parent, subtotal, node)
  }
  const { start, children } = childrenOf(symbols.nodeParent, isUsed)
  return {
    frames,
    build: (build) => walk({ stacks, frames, self, subtotal, start, children }, build),
  }
}

/** Children of node n are children[start[n]] to children[start[n + 1] - 1]. */
function childrenOf(parent: Uint32Array, isUsed: Uint8Array) {
  const nodeCount = isUsed.length
  const start = new Uint32Array(nodeCount + 1)
  for (let node = 1; node < nodeCount; node++) if (isUsed[node] === 1) start[parent[node]! + 1]!++
  for (let node = 0; node < nodeCount; node++) start[node + 1]! += start[node]!
  const filled = start.slice()
  const children = new Uint32Array(start[nodeCount]!)
  for (let node = 1; node < nodeCount; node++)
    if (isUsed[node] === 1) children[filled[parent[node]!]!++] = node
  return { start, children }
}

interface Walk {
  readonly stacks: ViewStacks
  readonly frames: FrameTable
  readonly self: NetSums
  readonly subtotal: NetSums
  readonly start: Uint32Array
  readonly children: Uint32Array
}

const none = 0xffffffff

/**
 * One walk of the tree of stacks. A frame's cum is the sum of the subtrees at its outermost occurrences; so it is
 * counted how often each frame and each edge lies on the way from the root.
 */
function walk(
  { stacks, frames, self, subtotal, start, children }: Walk,
  { isKept, hasEdges = true }: BuildOptions = {},
): CallGraph {
  const { nodeLocation, locationLines } = stacks.symbols
  const isCompared = self.base !== undefined
  const flat = NetSums.zeros(0, isCompared)
  const cum = NetSums.zeros(0, isCompared)
  const weight = NetSums.zeros(0, isCompared)
  const edges = new PairIndex(1024)
  let isResidual = new Uint8Array(1024)
  let isCalled = new Uint8Array(1024)
  let framesOnPath = new Uint32Array(1024)
  let edgesOnPath = new Uint32Array(1024)

  // What the walk has open, and where each level of it began.
  const open: {
    readonly node: number
    next: number
    readonly frame: number
    readonly isGap: boolean
    readonly frameMark: number
    readonly edgeMark: number
  }[] = []
  const pathFrames: number[] = []
  const pathEdges: number[] = []

  let caller = none
  let isGap = false
  const enter = (frame: number, isInlined: boolean, node: number): void => {
    if (isKept !== undefined && isKept[frame] !== 1) {
      isGap = true
      return
    }
    if (frame >= framesOnPath.length) framesOnPath = longer(framesOnPath, frame)
    if (framesOnPath[frame]!++ === 0) {
      if (frame >= cum.profile.length) {
        cum.grow(frame + 1)
        flat.grow(frame + 1)
      }
      cum.accumulate(frame, subtotal, node)
    }
    pathFrames.push(frame)
    if (hasEdges && caller !== none && caller !== frame) {
      const edge = edges.of(caller, frame)
      if (edge >= edgesOnPath.length) {
        edgesOnPath = longer(edgesOnPath, edge)
        isResidual = longer(isResidual, edge)
        isCalled = longer(isCalled, edge)
      }
      if (edge >= weight.profile.length) weight.grow(edge + 1)
      if (edgesOnPath[edge]!++ === 0) {
        weight.accumulate(edge, subtotal, node)
        if (isGap) isResidual[edge] = 1
        if (!isInlined) isCalled[edge] = 1
      }
      pathEdges.push(edge)
    }
    caller = frame
    isGap = false
  }

  open.push({ node: 0, next: start[0]!, frame: none, isGap: false, frameMark: 0, edgeMark: 0 })
  while (open.length > 0) {
    const level = open.at(-1)!
    if (level.next === start[level.node + 1]!) {
      open.pop()
      while (pathFrames.length > level.frameMark) framesOnPath[pathFrames.pop()!]!--
      while (pathEdges.length > level.edgeMark) edgesOnPath[pathEdges.pop()!]!--
      continue
    }
    const node = children[level.next++]!
    caller = level.frame
    isGap = level.isGap
    const frameMark = pathFrames.length
    const edgeMark = pathEdges.length
    const location = nodeLocation[node]!
    const firstLine = locationLines[location]!
    const outermost = locationLines[location + 1]! - 1
    if (outermost < firstLine) enter(frames.ofBare(location), false, node)
    for (let line = outermost; line >= firstLine; line--)
      enter(frames.ofLine(line, location), line !== outermost, node)
    if (caller !== none && !isGap && !self.isEmpty(node)) flat.accumulate(caller, self, node)
    open.push({ node, next: start[node]!, frame: caller, isGap, frameMark, edgeMark })
  }
  cum.grow(frames.count)
  flat.grow(frames.count)
  return { frames, flat, cum, edges, weight, isResidual, isCalled }
}

function longer<T extends Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(column: T, index: number): T {
  const grown = new (column.constructor as new (length: number) => T)(Math.max(index + 1, column.length * 2))
  grown.set(column)
  return grown
}
