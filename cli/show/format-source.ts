import type { SourceAnswer, SourceFunction } from '../../query/api/view-types.ts'
import { type Amounts, amountsOf, printable } from './amounts.ts'
import { formatHead } from './format-head.ts'
import { difference } from './format-top.ts'

/** As `go tool pprof -list`: lines with their amounts, and with their text where `linesOf` has it. */
export async function formatSource(
  answer: SourceAnswer,
  { linesOf }: { readonly linesOf: (file: string) => Promise<readonly string[] | undefined> },
): Promise<string> {
  const amounts = amountsOf(answer.unit, answer.total)
  const parts = [formatHead(answer, amounts)]
  for (const each of answer.functions) parts.push(formatFunction(each, amounts, await linesOf(each.file)))
  if (answer.functions.length === 0) parts.push('no function matches, or none has a value\n')
  return parts.join('')
}

function formatFunction(
  { name, file, flat, cum, lines }: SourceFunction,
  amounts: Amounts,
  text: readonly string[] | undefined,
): string {
  const known = new Map(lines.map((each) => [each.line, each]))
  const first = lines[0]?.line ?? 0
  const last = lines.at(-1)?.line ?? 0
  const shown: number[] = []
  if (text === undefined) shown.push(...known.keys())
  else
    for (
      let line = Math.max(1, first - contextLines);
      line <= Math.min(text.length, last + contextLines);
      line++
    )
      shown.push(line)
  const rows = shown.map((line) => {
    const row = known.get(line)
    const numbers = [
      row === undefined ? '.' : dot(amounts, difference(row.flat, row.baseFlat)),
      row === undefined ? '.' : dot(amounts, difference(row.cum, row.baseCum)),
    ]
    const code = text?.[line - 1] ?? ''
    return `${numbers.map((number) => number.padStart(10)).join(' ')} ${String(line).padStart(6)}: ${printable(code.replaceAll('\t', '    '))}`.trimEnd()
  })
  const share = amounts.share(cum).trim()
  return [
    `ROUTINE ======================== ${printable(name)} in ${printable(file)}`,
    `${amounts.text(flat).padStart(10)} ${amounts.text(cum).padStart(10)} (flat, cum) ${share} of the total`,
    ...rows,
    '',
  ].join('\n')
}

function dot(amounts: Amounts, value: number): string {
  return value === 0 ? '.' : amounts.text(value)
}

const contextLines = 5
