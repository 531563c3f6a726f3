import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { TopFunction } from '../../query/api/types.ts'
import { formatShare, formatValue, plural } from '../model/format.ts'
import { packageColor, packageOf, shortName } from '../model/frame-colors.ts'
import { nameTest } from '../model/frame-search.ts'
import { useStore } from '../store.ts'
import { ErrorNotice, Loading } from './notices.tsx'

const rowPx = 28
const spareRows = 8

interface Row {
  readonly name: string
  readonly file: string
  readonly flat: number
  readonly cum: number
}

const orders = ['flat', 'cum', 'name'] as const

/** All functions, none cut; only the rows in sight are in the document. */
export function TopTable() {
  const store = useStore()
  const { data, error } = store.top.value
  const { s, fn, sort } = store.url.value
  const order = orders.find((candidate) => candidate === sort) ?? 'flat'
  const rows = useMemo(() => (data === undefined ? [] : sortRows(data.functions, order)), [data, order])
  const shown = useMemo(() => {
    const test = nameTest(s)
    return test === undefined ? rows : rows.filter(({ name }) => test(name))
  }, [rows, s])
  const host = useRef<HTMLDivElement>(null)
  const [first, setFirst] = useState(0)
  const [count, setCount] = useState(40)
  useEffect(() => {
    const element = host.current
    if (element === null) return
    const measure = () => {
      setFirst(Math.max(0, Math.floor(element.scrollTop / rowPx) - spareRows))
      setCount(Math.ceil(element.clientHeight / rowPx) + 2 * spareRows)
    }
    const sizes = new ResizeObserver(measure)
    sizes.observe(element)
    element.addEventListener('scroll', measure)
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [data === undefined])
  if (error !== undefined && data === undefined) return <ErrorNotice error={error} />
  if (data === undefined) return <Loading what="Adding up functions…" />
  const total = Number(data.total)
  const start = Math.min(first, Math.max(0, shown.length - count))
  const visible = shown.slice(start, start + count)
  const head = (key: (typeof orders)[number], title: string, hint: string) => (
    <th
      scope="col"
      class={key === 'name' ? undefined : 'number'}
      aria-sort={order === key ? (key === 'name' ? 'ascending' : 'descending') : undefined}
    >
      <button type="button" title={hint} onClick={() => store.go({ sort: key }, { replace: true })}>
        {title}
      </button>
    </th>
  )
  return (
    <div class="top">
      <p class="top-count muted">
        {plural(shown.length, 'function')}
        {shown.length < rows.length ? ` of ${rows.length.toLocaleString('en-US')}` : ''}
      </p>
      <div class="table-scroll top-scroll" ref={host} tabIndex={0} role="region" aria-label="Functions">
        <table class="table top-table" aria-rowcount={shown.length + 1}>
          <thead>
            <tr>
              {head('name', 'Function', 'Sort by name')}
              {head('flat', 'Self', 'Sort by what the function itself took')}
              {head('cum', 'Total', 'Sort by what it and all it called took')}
            </tr>
          </thead>
          <tbody>
            {start > 0 && <tr style={{ height: `${start * rowPx}px` }} aria-hidden="true" />}
            {visible.map((row, index) => (
              <FunctionRow
                key={row.name}
                row={row}
                rowIndex={start + index + 2}
                total={total}
                unit={data.unit}
                dark={store.dark.value}
                marked={row.name === fn}
                onMark={() => store.go({ fn: row.name === fn ? '' : row.name }, { replace: true })}
              />
            ))}
            {start + count < shown.length && (
              <tr style={{ height: `${(shown.length - start - count) * rowPx}px` }} aria-hidden="true" />
            )}
          </tbody>
        </table>
      </div>
    </div>
  )
}

function FunctionRow(props: {
  readonly row: Row
  readonly rowIndex: number
  readonly total: number
  readonly unit: string
  readonly dark: boolean
  readonly marked: boolean
  readonly onMark: () => void
}) {
  const { row, total, unit } = props
  const share = (value: number) => (total === 0 ? 0 : value / total)
  const { fill } = packageColor(packageOf(row.name, row.file), props.dark)
  return (
    <tr class={props.marked ? 'row-marked' : undefined} aria-rowindex={props.rowIndex}>
      <th scope="row">
        <button
          type="button"
          aria-pressed={props.marked}
          title={`${row.name}${row.file === '' ? '' : `\n${row.file}`}\n\nclick: mark in the flame graph`}
          onClick={props.onMark}
        >
          <span class="swatch swatch-square" style={{ background: fill }} />
          <FunctionName name={row.name} />
        </button>
      </th>
      <Amount value={row.flat} share={share(row.flat)} unit={unit} />
      <Amount value={row.cum} share={share(row.cum)} unit={unit} />
    </tr>
  )
}

/** The path gives way first: the end of a name tells more. */
function FunctionName({ name }: { readonly name: string }) {
  const short = shortName(name)
  return (
    <span class="function-name">
      <span class="function-path">{name.slice(0, name.length - short.length)}</span>
      <span class="function-base">{short}</span>
    </span>
  )
}

function Amount({
  value,
  share,
  unit,
}: {
  readonly value: number
  readonly share: number
  readonly unit: string
}) {
  return (
    <td class="number amount" style={{ '--share': `${Math.max(0, Math.min(1, share)) * 100}%` }}>
      <span>{formatValue(value, unit)}</span> <span class="muted">{formatShare(share)}</span>
    </td>
  )
}

function sortRows(functions: readonly TopFunction[], order: (typeof orders)[number]): Row[] {
  const rows = functions.map(({ name, file, flat, cum }) => ({
    name,
    file,
    flat: Number(flat),
    cum: Number(cum),
  }))
  if (order === 'name') return rows.sort((a, b) => (a.name < b.name ? -1 : 1))
  return rows.sort((a, b) => b[order] - a[order] || b.cum - a.cum || (a.name < b.name ? -1 : 1))
}
