import { type CallNode, largest, otherName, smallestShown } from './call-tree.ts'

/** A flame graph as the protocol draws it: a list of bars per level, each told from the end of the one before it. */
export interface FlameLevels {
  readonly names: readonly string[]
  /** Per node and side: distance to the node before, total, self; then the node's name. */
  readonly levels: readonly (readonly bigint[])[]
  readonly total: bigint
  readonly maxSelf: bigint
  /** The root's total of each side. */
  readonly ticks: readonly bigint[]
}

/**
 * The root is level 0, `names[0]`. With `maxNodes` what is too small is folded into one `other` per parent, whose self is
 * its total.
 */
export function flameLevels(
  root: CallNode,
  { maxNodes = Number.POSITIVE_INFINITY }: { readonly maxNodes?: number } = {},
): FlameLevels {
  const smallest = smallestShown(root, maxNodes)
  const names = new Map<string, number>()
  const sides = root.total.map((_, side) => side)
  const levels: bigint[][] = []
  /** Where the last bar of a level ends, by side. */
  const ends: bigint[][] = []
  let maxSelf = 0n
  const draw = (bar: Pick<CallNode, 'name' | 'self' | 'total'>, depth: number, at: readonly bigint[]) => {
    levels[depth] ??= []
    ends[depth] ??= sides.map(() => 0n)
    const level = levels[depth]
    const end = ends[depth]
    for (const side of sides) {
      level.push(at[side]! - end[side]!, bar.total[side]!, bar.self[side]!)
      end[side] = at[side]! + bar.total[side]!
      if (bar.self[side]! > maxSelf) maxSelf = bar.self[side]!
    }
    const name = names.get(bar.name) ?? names.size
    names.set(bar.name, name)
    level.push(BigInt(name))
  }
  const open: { readonly node: CallNode; readonly depth: number; readonly at: readonly bigint[] }[] = [
    { node: root, depth: 0, at: sides.map(() => 0n) },
  ]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth, at } = next
    draw(node, depth, at)
    const below: typeof open = []
    let x = [...at]
    const other = sides.map(() => 0n)
    for (const child of node.children.values()) {
      if (smallest > 0n && largest(child.total) < smallest) {
        for (const side of sides) other[side]! += child.total[side]!
        continue
      }
      below.push({ node: child, depth: depth + 1, at: x })
      x = x.map((value, side) => value + child.total[side]!)
    }
    if (other.some((value) => value !== 0n)) {
      const rest = { name: otherName, self: other, total: other, children: new Map() }
      below.push({ node: rest, depth: depth + 1, at: x })
    }
    // The first child next, so that each level is drawn from left to right.
    open.push(...below.reverse())
  }
  return {
    names: [...names.keys()],
    levels,
    total: root.total.reduce((sum, value) => sum + value, 0n),
    maxSelf,
    ticks: root.total,
  }
}
