import type { TreeColumns } from '../../ui/model/flame-tree.ts'

/**
 * A flame graph written as text. `main 10 (3)` is a frame with total 10 and self 3, `main 10 (3) | 4 (1)` has its
 * base too; two blanks of indentation are one level. `+7 @<path> 5 (0)` stands for seven frames that were left out.
 */
export function drawFlame(text: string): TreeColumns {
  const names: string[] = []
  const depth: number[] = []
  const name: number[] = []
  const columns = { self: [] as string[], total: [] as string[] }
  const base = { self: [] as string[], total: [] as string[] }
  const rest: { row: number; path: string; nodes: number }[] = []
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const found = frame.exec(line)
    if (found === null) throw new SyntaxError(`draw a flame graph: ${JSON.stringify(line)}`)
    const [, indent = '', what = '', path, total = '0', self = '0', baseTotal = '0', baseSelf = '0'] = found
    if (path !== undefined) rest.push({ row: depth.length, path, nodes: Number(what) })
    if (!names.includes(what)) names.push(what)
    depth.push(indent.length / 2)
    name.push(names.indexOf(what))
    columns.total.push(total)
    columns.self.push(self)
    base.total.push(baseTotal)
    base.self.push(baseSelf)
  }
  return {
    names,
    depth,
    name,
    ...columns,
    ...(text.includes('|') ? { baseSelf: base.self, baseTotal: base.total } : {}),
    ...(rest.length > 0 ? { rest } : {}),
  }
}

const frame = /^( *)\+?(\S+)(?: @(\S+))? (-?\d+)(?: \((\d+)\))?(?: \| (-?\d+)(?: \((\d+)\))?)?$/
