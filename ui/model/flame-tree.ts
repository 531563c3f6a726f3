import type { TreeAnswer } from '../../query/api/view-types.ts'

/**
 * A tree of stacks in columns; row 0 is the root, and a parent comes before its children. Values are in the sample
 * type's unit; doubles are exact enough for pictures.
 */
export interface FlameTree {
  readonly names: readonly string[]
  readonly name: Int32Array
  /** -1 for the root. */
  readonly parent: Int32Array
  readonly self: Float64Array
  readonly total: Float64Array
  /** The other side of a comparison. */
  readonly base: { readonly self: Float64Array; readonly total: Float64Array } | undefined
  /** Rows that stand for children which the server left out. */
  readonly rest: ReadonlyMap<number, RestFrames>
}

export interface RestFrames {
  /** Of the parent, as the server calls it. */
  readonly path: string
  readonly nodes: number
}

export type TreeColumns = Pick<
  TreeAnswer,
  'names' | 'depth' | 'name' | 'self' | 'total' | 'baseSelf' | 'baseTotal' | 'rest'
>

export function readTree(columns: TreeColumns): FlameTree {
  const rows = columns.depth.length
  const parent = new Int32Array(rows)
  const open: number[] = []
  for (let row = 0; row < rows; row++) {
    const depth = columns.depth[row]!
    parent[row] = depth === 0 ? -1 : open[depth - 1]!
    open[depth] = row
  }
  const { baseSelf, baseTotal } = columns
  return {
    names: columns.names,
    name: Int32Array.from(columns.name),
    parent,
    self: readValues(columns.self),
    total: readValues(columns.total),
    base:
      baseSelf === undefined || baseTotal === undefined
        ? undefined
        : { self: readValues(baseSelf), total: readValues(baseTotal) },
    rest: new Map((columns.rest ?? []).map(({ row, path, nodes }) => [row, { path, nodes }])),
  }
}

/** A loop: `from` with a function costs ten times as much, and these are the longest columns there are. */
function readValues(texts: readonly string[]): Float64Array {
  const values = new Float64Array(texts.length)
  for (let row = 0; row < texts.length; row++) values[row] = Number(texts[row])
  return values
}

/** A tree under construction: rows are found by parent and name, and values add up. */
export interface TreeGrower {
  /** The row below `parent` with that name, made when it is new; `parent` is -1 for the root. */
  readonly child: (parent: number, name: number) => number
  readonly addSelf: (row: number, self: number, baseSelf: number) => void
  readonly addTotal: (row: number, total: number, baseTotal: number) => void
  readonly finish: () => FlameTree
}

export function growTree(names: readonly string[], compared: boolean): TreeGrower {
  const byKey = new Map<number, number>()
  const name: number[] = []
  const parent: number[] = []
  const self: number[] = []
  const total: number[] = []
  const baseSelf: number[] = []
  const baseTotal: number[] = []
  return {
    child(above, nameIndex) {
      const key = (above + 1) * names.length + nameIndex
      const known = byKey.get(key)
      if (known !== undefined) return known
      const row = name.length
      byKey.set(key, row)
      name.push(nameIndex)
      parent.push(above)
      self.push(0)
      total.push(0)
      baseSelf.push(0)
      baseTotal.push(0)
      return row
    },
    addSelf(row, value, base) {
      self[row]! += value
      baseSelf[row]! += base
    },
    addTotal(row, value, base) {
      total[row]! += value
      baseTotal[row]! += base
    },
    finish: () => ({
      names,
      name: Int32Array.from(name),
      parent: Int32Array.from(parent),
      self: Float64Array.from(self),
      total: Float64Array.from(total),
      base: compared ? { self: Float64Array.from(baseSelf), total: Float64Array.from(baseTotal) } : undefined,
      rest: new Map(),
    }),
  }
}

/** What the name a row has says; the rows of a tree may outlive its names' list. */
export function treeName(tree: Pick<FlameTree, 'names' | 'name'>, row: number): string {
  return tree.names[tree.name[row] ?? -1] ?? ''
}
