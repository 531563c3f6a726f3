import type { TreeAnswer } from '../../query/api/view-types.ts'
import { amountsOf, printable } from './amounts.ts'
import { formatHead } from './format-head.ts'

/**
 * A flame graph as an indented tree. What is below `fraction` of the total is left out, and a line per parent says how
 * much that is.
 */
export function formatTree(answer: TreeAnswer, { fraction }: { readonly fraction: number }): string {
  const { depth, name, names, self, total, baseSelf, baseTotal } = answer
  const all = Number(total[0] ?? 0)
  const baseAll = Number(baseTotal?.[0] ?? 0)
  const least = fraction * Math.max(all, baseAll)
  const isCompared = baseTotal !== undefined && baseSelf !== undefined
  const amounts = amountsOf(answer.unit, isCompared ? baseAll : all)
  const lines = [formatHead(answer, amounts), isCompared ? comparedTitle : title]
  const add = (row: { total: number; self: number; base: number }, label: string) => {
    const numbers = isCompared
      ? [
          amounts.text(row.base).padStart(10),
          amounts.text(row.total).padStart(10),
          signed(amounts.text(row.total - row.base), row.total - row.base).padStart(11),
        ]
      : [amounts.text(row.total).padStart(10), amounts.share(row.total), amounts.text(row.self).padStart(10)]
    lines.push(`${numbers.join(' ')}  ${label}\n`)
  }
  /** What was left out, by the depth of it. */
  const rest: ({ total: number; base: number; count: number } | undefined)[] = []
  const flush = (from: number) => {
    for (let level = rest.length - 1; level >= from; level--) {
      const left = rest[level]
      if (left !== undefined) add({ ...left, self: 0 }, `${'  '.repeat(level)}(${left.count} more)`)
    }
    rest.length = Math.min(rest.length, from)
  }
  let hiddenBelow = Number.POSITIVE_INFINITY
  for (let row = 0; row < depth.length; row++) {
    const level = depth[row]!
    if (level > hiddenBelow) continue
    hiddenBelow = Number.POSITIVE_INFINITY
    const values = {
      total: Number(total[row]),
      self: Number(self[row]),
      base: Number(baseTotal?.[row] ?? 0),
    }
    flush(level + 1)
    if (Math.max(Math.abs(values.total), Math.abs(values.base)) < least) {
      hiddenBelow = level
      const left = rest[level]
      rest[level] = {
        total: (left?.total ?? 0) + values.total,
        base: (left?.base ?? 0) + values.base,
        count: (left?.count ?? 0) + 1,
      }
      continue
    }
    add(values, `${'  '.repeat(level)}${printable(names[name[row]!]!)}`)
  }
  flush(0)
  return lines.join('')
}

const title = '     total  total%       self\n'
const comparedTitle = '      base    profile      change\n'

function signed(text: string, value: number): string {
  return value > 0 ? `+${text}` : text
}
