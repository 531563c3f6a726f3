import type { MergedProfile } from '../../profile/merged-profile.ts'
import { flameTree } from './flame-tree.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

/**
 * Folded stacks as flame graph scripts read them: `outermost;…;innermost value`, one line per distinct stack of
 * names, sorted. What would end a name early is replaced: `;` by `:`, line breaks by a space. A comparison has
 * two values, `base profile`, as those scripts want for their differences.
 */
export function collapsed(merged: MergedProfile, sampleType: number, options: ComparedOptions = {}): string {
  const tree = flameTree(viewStacks(merged, sampleType, options), options.granularity)
  const { profile, base } = tree.self
  const names = tree.names.map((name) => name.replaceAll(';', ':').replaceAll(/[\r\n]+/g, ' '))
  const paths: string[] = new Array(tree.nodeCount)
  paths[0] = ''
  const lines: string[] = []
  for (let node = 1; node < tree.nodeCount; node++) {
    const parent = tree.parent[node]!
    const name = names[tree.name[node]!]!
    const path = parent === 0 ? name : `${paths[parent]};${name}`
    paths[node] = path
    if (tree.self.isEmpty(node)) continue
    const values = base === undefined ? profile.format(node) : `${base.format(node)} ${profile.format(node)}`
    lines.push(`${path} ${values}`)
  }
  lines.sort()
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
