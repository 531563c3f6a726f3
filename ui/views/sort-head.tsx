import type { Order } from '../model/table-rows.ts'
import { useStore } from '../store.ts'

/** A column by which the table can be sorted. */
export function SortHead(props: {
  readonly order: Order
  readonly by: Order
  readonly title: string
  readonly hint: string
}) {
  const { order, by, title, hint } = props
  const store = useStore()
  const isName = by === 'name'
  return (
    <th
      scope="col"
      class={isName ? undefined : 'number'}
      aria-sort={order === by ? (isName ? 'ascending' : 'descending') : undefined}
    >
      <button type="button" title={hint} onClick={() => store.go({ sort: by }, { replace: true })}>
        {title}
      </button>
    </th>
  )
}
