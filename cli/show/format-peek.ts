import type { PeekAnswer, PeekEdge } from '../../query/api/view-types.ts'
import { type Amounts, amountsOf, printable } from './amounts.ts'
import { formatHead } from './format-head.ts'
import { difference } from './format-top.ts'

/** As `go tool pprof -peek` and `-tree`: each node between what calls it and what it calls. */
export function formatPeek(answer: PeekAnswer): string {
  const amounts = amountsOf(answer.unit, answer.total)
  const line = `${'-'.repeat(58)}+-------------\n`
  const lines = [
    formatHead(answer, amounts),
    line,
    '      flat   flat%    sum%        cum    cum%   calls  calls% + context\n',
    line,
  ]
  let running = 0
  for (const node of answer.nodes) {
    const flat = difference(node.flat, node.baseFlat)
    const cum = difference(node.cum, node.baseCum)
    running += flat
    for (const edge of node.callers) lines.push(formatEdge(edge, cum, amounts))
    const numbers = [
      amounts.text(flat).padStart(10),
      amounts.share(flat),
      amounts.share(running),
      amounts.text(cum).padStart(10),
      amounts.share(cum),
    ].join(' ')
    lines.push(`${numbers}                  | ${printable(node.name)}\n`)
    for (const edge of node.callees) lines.push(formatEdge(edge, cum, amounts))
    lines.push(line)
  }
  return lines.join('')
}

function formatEdge({ name, value, baseValue, isInline }: PeekEdge, cum: number, amounts: Amounts): string {
  const calls = difference(value, baseValue)
  const share = amountsOf('', cum).share(calls)
  return `${amounts.text(calls).padStart(54)} ${share} |   ${printable(name)}${isInline ? ' (inline)' : ''}\n`
}
