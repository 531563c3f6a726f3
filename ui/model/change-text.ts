import { type ComparedHead, formatScaled, type Norm, norms, scaleOf } from './compare-scale.ts'
import { formatChange } from './difference.ts'
import { shellQuote } from './shell-quote.ts'
import { type Row, sortRows } from './table-rows.ts'
import { textColumns } from './text-columns.ts'

/** A side in words: a selector or the name of a file, and its times, unix ms; of one profile both are the same. */
export interface SideWords {
  readonly what: string
  readonly startMs?: number
  readonly endMs?: number
}

export interface ChangeFacts {
  readonly a: SideWords
  readonly b: SideWords
  readonly head: ComparedHead
  readonly norm: Norm
  /** Scaled by `norm`. */
  readonly rows: readonly Row[]
  /** Absolute, with times that do not move; without it where an opened file is a side, which no link holds. */
  readonly link?: string
  /** Of both sides as pprof. */
  readonly pprofUrl?: string
}

const shown = 10

/** Plain text for a ticket: what was compared, what changed most, and how to look again. */
export function changeText({ a, b, head, norm, rows, link, pprofUrl }: ChangeFacts): string {
  const { type, unit, sum, base } = head
  // Both totals are all there is of each side: relative to them they say nothing.
  const totalNorm = norm === 'share' ? 'abs' : norm
  const scale = scaleOf(head, totalNorm)
  const [before, now] = [Number(base?.sum ?? 0) * scale.base, Number(sum) * scale.profile]
  const total = (value: number) => formatScaled(value, unit, totalNorm)
  const format = (value: number) => formatScaled(value, unit, norm)
  const changed = sortRows(rows, 'flat', true).filter(({ flat, baseFlat }) => flat !== baseFlat)
  const table = changed.slice(0, shown).map(({ name, flat, baseFlat }) => {
    const delta = flat - baseFlat
    return [
      format(baseFlat),
      format(flat),
      `${delta > 0 ? '+' : '−'}${format(Math.abs(delta))}`,
      formatChange(baseFlat, flat),
      name,
    ]
  })
  const lines = [
    `${type}, ${norms.find((each) => each.norm === norm)?.title.toLowerCase()}: B against A`,
    `A  ${words(a)}`,
    `B  ${words(b)}`,
    `total ${total(before)} in A, ${total(now)} in B: ${formatChange(before, now)}`,
    '',
    ...(table.length === 0
      ? ['no function changed']
      : textColumns([['A', 'B', 'change', '%', 'function, its own'], ...table], 4)),
    ...(link === undefined ? [] : ['', link]),
    ...(pprofUrl === undefined ? [] : [`go tool pprof -http=: ${shellQuote(pprofUrl)}`]),
  ]
  return `${lines.join('\n')}\n`
}

function words({ what, startMs, endMs }: SideWords): string {
  if (startMs === undefined || endMs === undefined) return what
  return startMs === endMs ? `${what} at ${iso(startMs)}` : `${what} from ${iso(startMs)} to ${iso(endMs)}`
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
