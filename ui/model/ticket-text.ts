import type { TopFunction } from '../../query/api/types.ts'
import { formatShare, formatValue } from './format.ts'
import { shellQuote } from './shell-quote.ts'
import { textColumns } from './text-columns.ts'

export interface TicketFacts {
  /** Absolute, with times that do not move. */
  readonly link: string
  readonly selector: string
  readonly startMs: number
  readonly endMs: number
  /** As `coverageWords` puts it. */
  readonly coverage: readonly string[]
  readonly type: string
  readonly unit: string
  readonly total: string
  readonly functions: readonly TopFunction[]
  /** Of the profile as pprof. */
  readonly pprofUrl: string
}

const shown = 10

/** Plain text for a ticket: what was looked at, what it says, and how to look again. */
export function ticketText(facts: TicketFacts): string {
  const { selector, startMs, endMs, type, unit, total, functions, coverage } = facts
  const sum = Number(total)
  const top = functions.toSorted((a, b) => Number(b.flat) - Number(a.flat)).slice(0, shown)
  const rows = top.map(({ name, flat, cum }) => [
    formatValue(Number(flat), unit),
    sum > 0 ? formatShare(Number(flat) / sum) : '',
    formatValue(Number(cum), unit),
    name,
  ])
  const lines = [
    `${type} of ${selector}`,
    startMs === endMs ? `at ${iso(startMs)}` : `from ${iso(startMs)} to ${iso(endMs)}`,
    ...(coverage.length === 0 ? [] : [coverage.join(' · ')]),
    `total ${formatValue(sum, unit)}`,
    '',
    ...textColumns([['self', 'share', 'total', 'function'], ...rows], 3),
    '',
    facts.link,
    `go tool pprof -http=: ${shellQuote(facts.pprofUrl)}`,
  ]
  return `${lines.join('\n')}\n`
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
