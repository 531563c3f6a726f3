import type { MergedProfile } from '../../profile/merged-profile.ts'
import { flameTree } from './flame-tree.ts'

/**
 * Folded stacks as flame graph scripts read them: `outermost;…;innermost value`, one line per distinct stack of
 * function names, sorted. What would end a name early is replaced: `;` by `:`, line breaks by a space.
 */
export function collapsed(merged: MergedProfile, sampleType: number): string {
  const tree = flameTree(merged, sampleType)
  const names = tree.names.map((name) => name.replaceAll(';', ':').replaceAll(/[\r\n]+/g, ' '))
  const paths: string[] = new Array(tree.nodeCount)
  paths[0] = ''
  const lines: string[] = []
  for (let node = 1; node < tree.nodeCount; node++) {
    const parent = tree.parent[node]!
    const name = names[tree.name[node]!]!
    const path = parent === 0 ? name : `${paths[parent]};${name}`
    paths[node] = path
    if (!tree.self.isZero(node)) lines.push(`${path} ${tree.self.format(node)}`)
  }
  lines.sort()
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
