import type { MergedProfile } from '../../profile/merged-profile.ts'
import { orderedChildren } from './flame-children.ts'
import { flameTree } from './flame-tree.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

/**
 * Folded stacks as flame graph scripts read them: `outermost;…;innermost value`, one line per distinct stack of
 * names, ordered by the names from the outside in. What would end a name early is replaced: `;` by `:`, line breaks
 * by a space. A comparison has two values, `base profile`, as those scripts want for their differences.
 */
export function collapsed(merged: MergedProfile, sampleType: number, options: ComparedOptions = {}): string {
  const tree = flameTree(viewStacks(merged, sampleType, options), options.granularity)
  const { profile, base } = tree.self
  const names = tree.names.map((name) => name.replaceAll(';', ':').replaceAll(/[\r\n]+/g, ' '))
  const { start, sorted } = orderedChildren(tree, (a, b) => {
    const nameOfA = names[tree.name[a]!]!
    const nameOfB = names[tree.name[b]!]!
    return nameOfA < nameOfB ? -1 : nameOfA > nameOfB ? 1 : 0
  })
  const lines: string[] = []
  const open = [0]
  const paths = ['']
  while (open.length > 0) {
    const node = open.pop()!
    const path = paths.pop()!
    if (node !== 0 && !tree.self.isEmpty(node)) {
      const before = base === undefined ? '' : `${base.format(node)} `
      lines.push(`${path} ${before}${profile.format(node)}\n`)
    }
    for (let child = start[node + 1]! - 1; child >= start[node]!; child--) {
      const name = names[tree.name[sorted[child]!]!]!
      open.push(sorted[child]!)
      paths.push(node === 0 ? name : `${path};${name}`)
    }
  }
  return lines.join('')
}
