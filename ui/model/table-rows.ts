import type { Granularity, TableRow } from '../../query/api/view-types.ts'
import type { FlameScale } from './flame-layout.ts'

/** A row of the table with numbers instead of text; those of the base are 0 where nothing is compared. */
export interface Row {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly flat: number
  readonly cum: number
  readonly baseFlat: number
  readonly baseCum: number
}

/** What a row may stand for; "" is the server's own choice, a function. */
export const rowKinds: readonly { readonly granularity: Granularity | ''; readonly title: string }[] = [
  { granularity: '', title: 'Function' },
  { granularity: 'filefunctions', title: 'Function and file' },
  { granularity: 'files', title: 'File' },
  { granularity: 'lines', title: 'Line' },
  { granularity: 'packages', title: 'Package' },
  { granularity: 'mappings', title: 'Binary' },
  { granularity: 'addresses', title: 'Address' },
]

/**
 * How a table is ordered: by name, or by a measure (`flat`: its own value, `cum`: with what it calls) largest first.
 * A comparison is ordered by what changed most; `flatsize` and `cumsize` order it by the larger side.
 */
export const orders = ['flat', 'cum', 'name', 'flatsize', 'cumsize'] as const
export type Order = (typeof orders)[number]

export function measureOf(order: Order): 'flat' | 'cum' {
  return order === 'cum' || order === 'cumsize' ? 'cum' : 'flat'
}

/** Both sides scaled alike. */
export function readRows(rows: readonly TableRow[], scale: FlameScale): Row[] {
  return rows.map(({ name, file, line = 0, flat, cum, baseFlat = '0', baseCum = '0' }) => ({
    name,
    file,
    line,
    flat: Number(flat) * scale.profile,
    cum: Number(cum) * scale.profile,
    baseFlat: Number(baseFlat) * scale.base,
    baseCum: Number(baseCum) * scale.base,
  }))
}

export function sortRows(rows: readonly Row[], order: Order, isCompared: boolean): Row[] {
  const byName = (a: Row, b: Row) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.line - b.line)
  if (order === 'name') return [...rows].sort(byName)
  const [value, base] =
    measureOf(order) === 'flat' ? (['flat', 'baseFlat'] as const) : (['cum', 'baseCum'] as const)
  const size = (row: Row) =>
    isCompared && !order.endsWith('size') ? Math.abs(row[value] - row[base]) : Math.max(row[value], row[base])
  return [...rows].sort((a, b) => size(b) - size(a) || b.cum - a.cum || byName(a, b))
}
