import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { TreeAnswer } from '../api/view-types.ts'
import { flameOrder } from './flame-order.ts'
import { FlamePaths } from './flame-path.ts'
import { flameTree } from './flame-tree.ts'
import { ViewOptionError } from './option-regex.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

/** What a row goes by that stands for all other children of its parent. */
export const restName = '(rest)'

/**
 * A flame graph's rows in pre-order, children by total (of both sides) descending, then by name. With `maxNodes` what
 * is left out of a parent is one row after its other children, of the sums it stands for. With `path` there is the
 * root, then that node's ancestors, each with nothing but the next of them below, then all of that node.
 */
export function flamegraph(
  merged: MergedProfile,
  sampleType: number,
  options: ComparedOptions = {},
): TreeAnswer {
  const stacks = viewStacks(merged, sampleType, options)
  const tree = flameTree(stacks, options.granularity)
  const { maxNodes, path } = options
  const paths = maxNodes === undefined && path === undefined ? undefined : new FlamePaths(tree)
  const subtree = path === undefined ? 0 : paths?.find(path)
  if (subtree === undefined)
    throw new ViewOptionError('path', `${JSON.stringify(path)}: no node of this flame graph has it`)
  const { rows, depth, rests } = flameOrder(tree, { maxNodes, subtree })

  const { names, name, self, total } = tree
  const column = (ofNode: (node: number) => string, ofRest: (rest: number) => string): string[] =>
    rows.map((row) => (row < 0 ? ofRest(~row) : ofNode(row)))
  const { base } = stacks.values
  const isCompared = base !== undefined
  return {
    ...stacks.head,
    names: rests.parent.length === 0 ? names : [...names, restName],
    depth,
    name: rows.map((row) => (row < 0 ? names.length : name[row]!)),
    self: column(
      (node) => self.profile.format(node),
      (rest) => rests.sums.profile.format(rest),
    ),
    total: column(
      (node) => total.profile.format(node),
      (rest) => rests.sums.profile.format(rest),
    ),
    ...(isCompared && {
      baseSelf: column(
        (node) => self.base!.format(node),
        (rest) => rests.sums.base!.format(rest),
      ),
      baseTotal: column(
        (node) => total.base!.format(node),
        (rest) => rests.sums.base!.format(rest),
      ),
    }),
    ...(rests.parent.length > 0 && {
      rest: rows.flatMap((at, row) =>
        at >= 0 ? [] : [{ row, path: paths!.format(rests.parent[~at]!), nodes: rests.nodes[~at]! }],
      ),
    }),
  }
}
