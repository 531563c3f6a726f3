import { invertTree } from './flame-invert.ts'
import { type FlameLayout, type FlameScale, layoutFlame, unscaled } from './flame-layout.ts'
import { calleesOf, collapseRecursion } from './flame-shapes.ts'
import type { FlameTree } from './flame-tree.ts'

/** How a tree is looked at. */
export interface FlameShape {
  /** `calls` from the root down; `callers` from the leaves, or from the function `of`, up. */
  readonly side: 'calls' | 'callers'
  /** A function in the middle: only what it calls, or what calls it. */
  readonly of?: string
  /** A function that calls itself directly is one frame. */
  readonly collapsed?: boolean
  readonly scale?: FlameScale
  /** Of `callers`: so many levels, and the names from below the root to the frame that is zoomed to. */
  readonly levels?: number
  readonly within?: readonly string[]
}

export const firstLevels = 64
/** Less than a third of a pixel of a wide screen. */
const minShare = 1 / 6000

export function pictureOf(whole: FlameTree, shape: FlameShape): FlameLayout {
  const { side, of, scale = unscaled, levels = firstLevels, within } = shape
  const tree = shape.collapsed === true ? collapseRecursion(whole) : whole
  const name = of === undefined ? undefined : tree.names.indexOf(of)
  if (name === -1) return layoutFlame(nothing(tree, of ?? ''), { scale })
  if (side === 'calls') return layoutFlame(name === undefined ? tree : calleesOf(tree, name), { scale })
  const inverted = invertTree(tree, {
    levels,
    minShare,
    ...(name === undefined ? {} : { of: name }),
    ...(within === undefined ? {} : { within: within.map((text) => tree.names.indexOf(text)) }),
  })
  return layoutFlame(inverted.tree, { scale, isUnfinished: inverted.isUnfinished })
}

/** A function that no stack has. */
function nothing(tree: FlameTree, name: string): FlameTree {
  const zero = new Float64Array(1)
  return {
    names: [name],
    name: new Int32Array(1),
    parent: Int32Array.of(-1),
    self: zero,
    total: zero,
    base: tree.base === undefined ? undefined : { self: zero, total: zero },
    rest: new Map(),
  }
}
