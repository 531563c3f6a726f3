import { useStore } from '../store.ts'

/** A column's title that orders the overview by it; again turns the order. Numbers begin with the largest. */
export function OverviewHead(props: {
  readonly name: string
  readonly title: string
  readonly hint?: string
  readonly isText?: boolean
  readonly rowSpan?: number
  readonly class?: string
}) {
  const store = useStore()
  const { osort } = store.url.value
  const { name, title, hint = title, isText = false, rowSpan = 1 } = props
  const isUp = osort === name
  const isDown = osort === `-${name}`
  const first = isText ? name : `-${name}`
  const other = isText ? `-${name}` : name
  return (
    <th
      scope="col"
      rowSpan={rowSpan}
      class={`sort-head ${isText ? '' : 'number'} ${props.class ?? ''}`}
      aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}
    >
      <button
        type="button"
        title={`Order by ${hint}`}
        onClick={() => store.go({ osort: osort === first ? other : first }, { replace: true })}
      >
        {title}
        <span class="sort-mark" aria-hidden="true">
          {isUp ? '▲' : isDown ? '▼' : ''}
        </span>
      </button>
    </th>
  )
}
