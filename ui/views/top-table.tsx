import { useMemo, useRef } from 'preact/hooks'
import { normOf, scaleOf } from '../model/compare-scale.ts'
import { unscaled } from '../model/flame-layout.ts'
import { formatShare, formatValue, plural } from '../model/format.ts'
import { packageColor, packageOf } from '../model/frame-colors.ts'
import { nameTest } from '../model/frame-search.ts'
import { measureOf, type Order, orders, type Row, readRows, rowKinds, sortRows } from '../model/table-rows.ts'
import { useStore } from '../store.ts'
import { ChangeCells, ChangeHead } from './change-cells.tsx'
import { type DifferenceView, useDifferenceView } from './difference-view.ts'
import { FunctionName } from './function-name.tsx'
import { ErrorNotice, Loading } from './notices.tsx'
import { SortHead } from './sort-head.tsx'
import { useVirtualRows } from './virtual-rows.ts'

const rowPx = 28

/** All functions, none cut; only the rows in sight are in the document. */
export function TopTable() {
  const store = useStore()
  const { data, error, loading } = store.view.top.value
  const head = store.view.flame.value.data
  const difference = useDifferenceView(head)
  const { s, fn, sort, norm } = store.url.value
  const order = orders.find((candidate) => candidate === sort) ?? 'flat'
  const rows = useMemo(() => {
    if (data === undefined) return []
    const scale = head?.base === undefined ? unscaled : scaleOf(head, normOf(head, norm))
    return sortRows(readRows(data.functions, scale), order, data.base !== undefined)
  }, [data, order, head, norm])
  const shown = useMemo(() => {
    const test = nameTest(s)
    return test === undefined ? rows : rows.filter(({ name }) => test(name))
  }, [rows, s])
  const scroller = useRef<HTMLDivElement>(null)
  const { from, to, abovePx, belowPx } = useVirtualRows(scroller, { count: shown.length, rowPx })
  if (error !== undefined && data === undefined) return <ErrorNotice error={error} />
  if (data === undefined) return <Loading what="Adding up functions…" />
  const kind = rowKinds.find(({ granularity }) => granularity === store.url.value.g) ?? rowKinds[0]!
  return (
    <div class={`top${loading ? ' is-loading' : ''}`}>
      <div class="top-tools">
        <p class="muted">
          {plural(shown.length, 'row')}
          {shown.length < rows.length ? ` of ${rows.length.toLocaleString('en-US')}` : ''}
        </p>
        <MeasureSwitch order={order} isCompared={difference !== undefined} />
        <label class="field">
          <span>by</span>
          <select
            value={kind.granularity}
            aria-label="What a row stands for"
            onChange={(event) => store.go({ g: event.currentTarget.value, fn: '' }, { replace: true })}
          >
            {rowKinds.map(({ granularity, title }) => (
              <option key={granularity} value={granularity}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="table-scroll top-scroll" ref={scroller} tabIndex={0} role="region" aria-label="Functions">
        <table
          class={`table top-table${difference === undefined ? '' : ' top-compared'}`}
          aria-rowcount={shown.length + 1}
        >
          <thead>
            <tr>
              <SortHead order={order} by="name" title={kind.title} hint="Sort by name" />
              {difference === undefined ? (
                <>
                  <SortHead order={order} by="flat" title="Self" hint="Sort by its own value" />
                  <SortHead
                    order={order}
                    by="cum"
                    title="Total"
                    hint="Sort by its value and that of all it calls"
                  />
                </>
              ) : (
                <ChangeHead order={order} />
              )}
            </tr>
          </thead>
          <tbody>
            {abovePx > 0 && <tr style={{ height: `${abovePx}px` }} aria-hidden="true" />}
            {shown.slice(from, to).map((row, index) => (
              <TableRow
                key={`${row.name}:${row.file}:${row.line}`}
                row={row}
                rowIndex={from + index + 2}
                total={Number(data.total)}
                unit={data.unit}
                order={order}
                marked={fn !== '' && row.name === fn}
                canMark={data.granularity === undefined || /functions$/.test(data.granularity)}
                difference={difference}
              />
            ))}
            {belowPx > 0 && <tr style={{ height: `${belowPx}px` }} aria-hidden="true" />}
          </tbody>
        </table>
      </div>
    </div>
  )
}

function MeasureSwitch({ order, isCompared }: { readonly order: Order; readonly isCompared: boolean }) {
  const store = useStore()
  if (!isCompared) return null
  const measures = [
    ['flat', 'Self'],
    ['cum', 'Total'],
  ] as const
  return (
    <div class="segments segments-small" role="group" aria-label="What is compared">
      {measures.map(([measure, title]) => (
        <button
          key={measure}
          type="button"
          aria-pressed={measureOf(order) === measure}
          onClick={() => store.go({ sort: measure }, { replace: true })}
        >
          {title}
        </button>
      ))}
    </div>
  )
}

function TableRow(props: {
  readonly row: Row
  readonly rowIndex: number
  readonly total: number
  readonly unit: string
  readonly order: Order
  readonly marked: boolean
  /** Whether its name is a function's, which the flame graph has too. */
  readonly canMark: boolean
  readonly difference: DifferenceView | undefined
}) {
  const { row, total, unit, marked, difference } = props
  const store = useStore()
  const share = (value: number) => (total === 0 ? 0 : value / total)
  const { fill } = packageColor(packageOf(row.name, row.file), store.dark.value)
  const name = row.line > 0 && !row.name.includes(':') ? `${row.name}:${row.line}` : row.name
  const label = (
    <>
      {difference === undefined && <span class="swatch swatch-square" style={{ background: fill }} />}
      <FunctionName name={name} />
    </>
  )
  return (
    <tr
      class={marked ? 'row-marked' : undefined}
      aria-rowindex={props.rowIndex}
      onPointerEnter={() => store.view.point(props.canMark ? row.name : '', 'hover')}
      onPointerLeave={() => store.view.point('', 'hover')}
    >
      <th scope="row">
        {props.canMark ? (
          <button
            type="button"
            aria-pressed={marked}
            title={`${row.name}${row.file === '' ? '' : `\n${row.file}`}\n\nclick: mark in the flame graph; m: callers and callees`}
            onClick={() => store.go({ fn: marked ? '' : row.name }, { replace: true })}
            onFocus={() => store.view.point(row.name, 'focus')}
          >
            {label}
          </button>
        ) : (
          <span class="top-name" title={`${name}\n${row.file}`}>
            {label}
          </span>
        )}
      </th>
      {difference === undefined ? (
        <>
          <Amount value={row.flat} share={share(row.flat)} unit={unit} />
          <Amount value={row.cum} share={share(row.cum)} unit={unit} />
        </>
      ) : (
        <ChangeCells row={row} measure={measureOf(props.order)} difference={difference} />
      )}
    </tr>
  )
}

function Amount(props: { readonly value: number; readonly share: number; readonly unit: string }) {
  const { value, share, unit } = props
  return (
    <td class="number amount" style={{ '--share': `${Math.max(0, Math.min(1, share)) * 100}%` }}>
      <span>{formatValue(value, unit)}</span> <span class="muted">{formatShare(share)}</span>
    </td>
  )
}
