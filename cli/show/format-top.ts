import type { TableAnswer, TableRow } from '../../query/api/view-types.ts'
import { amountsOf, printable } from './amounts.ts'
import { formatHead } from './format-head.ts'

/** As `go tool pprof -top` prints it; of a comparison the differences, as with `-diff_base`. */
export function formatTop(answer: TableAnswer, { nodeCount }: { readonly nodeCount: number }): string {
  const { functions, unit } = answer
  const amounts = amountsOf(unit, answer.total)
  const shown = nodeCount === 0 ? functions : functions.slice(0, nodeCount)
  const flats = shown.map((row) => difference(row.flat, row.baseFlat))
  const sum = flats.reduce((total, flat) => total + flat, 0)
  const count =
    shown.length === functions.length ? `${shown.length}` : `${shown.length} of ${functions.length}`
  let running = 0
  const rows = shown.map((row, i) => {
    const flat = flats[i]!
    const cum = difference(row.cum, row.baseCum)
    running += flat
    const numbers = [
      amounts.text(flat).padStart(10),
      amounts.share(flat),
      amounts.share(running),
      amounts.text(cum).padStart(10),
      amounts.share(cum),
    ]
    return `${numbers.join(' ')}  ${printable(row.name)}\n`
  })
  return [
    formatHead(answer, amounts),
    `${count} nodes, ${amounts.text(sum)},${amounts.share(sum).replace(/^ */, ' ')} of ${amounts.text(answer.total)}\n`,
    '      flat   flat%    sum%        cum    cum%\n',
    ...rows,
  ].join('')
}

/** Where there is a base: what changed. */
export function difference(value: string, base: string | undefined): number {
  return Number(value) - Number(base ?? 0)
}

/** Both sides of a comparison beside each other, what changed most first. */
export function formatDiff(
  answer: TableAnswer,
  { nodeCount, by }: { readonly nodeCount: number; readonly by: 'flat' | 'cum' },
): string {
  const amounts = amountsOf(answer.unit, answer.base?.sum ?? answer.total)
  const valuesOf = (row: TableRow) =>
    by === 'flat'
      ? { before: Number(row.baseFlat ?? 0), after: Number(row.flat) }
      : { before: Number(row.baseCum ?? 0), after: Number(row.cum) }
  const changed = answer.functions
    .map((row) => ({ name: row.name, ...valuesOf(row) }))
    .filter(({ before, after }) => before !== after)
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
  const shown = nodeCount === 0 ? changed : changed.slice(0, nodeCount)
  const rows = shown.map(({ name, before, after }) => {
    const numbers = [
      amounts.text(before).padStart(10),
      amounts.text(after).padStart(10),
      signed(amounts.text(after - before), after - before).padStart(11),
      changeOf(before, after).padStart(9),
    ]
    return `${numbers.join(' ')}  ${printable(name)}\n`
  })
  const count = shown.length === changed.length ? `${shown.length}` : `${shown.length} of ${changed.length}`
  return [
    formatHead(answer, amounts),
    warnOfCover(answer),
    `${count} nodes that changed, by ${by}\n`,
    '      base    profile      change   change%\n',
    ...rows,
  ].join('')
}

/** Sums of unequal times do not compare. */
function warnOfCover({ base, coveredSeconds }: TableAnswer): string {
  if (base === undefined || base.coveredSeconds === 0 || coveredSeconds === 0) return ''
  const ratio = coveredSeconds / base.coveredSeconds
  if (ratio > 0.9 && ratio < 1.1) return ''
  return `they cover ${Math.round(coveredSeconds)} s and ${Math.round(base.coveredSeconds)} s: --normalize makes them comparable\n`
}

function changeOf(before: number, after: number): string {
  if (before === 0) return 'new'
  if (after === 0) return 'gone'
  const change = ((after - before) / Math.abs(before)) * 100
  return `${change > 0 ? '+' : ''}${Math.abs(change) >= 10 ? Math.round(change) : change.toFixed(1)}%`
}

function signed(text: string, value: number): string {
  return value > 0 ? `+${text}` : text
}
