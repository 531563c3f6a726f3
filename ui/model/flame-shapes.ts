import { type FlameTree, growTree } from './flame-tree.ts'

/** A function that calls itself directly becomes one frame; what its calls have in common comes together. */
export function collapseRecursion(tree: FlameTree): FlameTree {
  const grown = growTree(tree.names, tree.base !== undefined)
  const target = new Int32Array(tree.name.length)
  const rest = new Map<number, { readonly path: string; readonly nodes: number }>()
  for (let row = 0; row < tree.name.length; row++) {
    const above = tree.parent[row]!
    const isCall = above >= 0 && tree.name[above] === tree.name[row] && !tree.rest.has(row)
    const to = isCall ? target[above]! : grown.child(above < 0 ? -1 : target[above]!, tree.name[row]!)
    target[row] = to
    const frames = tree.rest.get(row)
    if (frames !== undefined) rest.set(to, frames)
    grown.addSelf(to, tree.self[row]!, tree.base?.self[row] ?? 0)
    if (!isCall) grown.addTotal(to, tree.total[row]!, tree.base?.total[row] ?? 0)
  }
  return { ...grown.finish(), rest }
}

/** Rows of a function that no other row of it is above: each stack counts once. */
export function outermostRows(tree: FlameTree, name: number): number[] {
  const within = new Uint8Array(tree.name.length)
  const rows: number[] = []
  for (let row = 0; row < tree.name.length; row++) {
    const above = tree.parent[row]!
    if (above >= 0 && within[above] === 1) within[row] = 1
    else if (tree.name[row] === name) {
      within[row] = 1
      rows.push(row)
    }
  }
  return rows
}

/** What a function calls, from all the places where it is called: the function is the root. */
export function calleesOf(tree: FlameTree, name: number): FlameTree {
  const grown = growTree(tree.names, tree.base !== undefined)
  const root = grown.child(-1, name)
  const target = new Int32Array(tree.name.length).fill(-1)
  for (const row of outermostRows(tree, name)) target[row] = root
  for (let row = 0; row < tree.name.length; row++) {
    const above = tree.parent[row]!
    if (target[row]! < 0) {
      const into = above < 0 ? -1 : target[above]!
      if (into < 0) continue
      target[row] = grown.child(into, tree.name[row]!)
    }
    grown.addSelf(target[row]!, tree.self[row]!, tree.base?.self[row] ?? 0)
    grown.addTotal(target[row]!, tree.total[row]!, tree.base?.total[row] ?? 0)
  }
  return grown.finish()
}
