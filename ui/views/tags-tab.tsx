import type { ComponentChildren } from 'preact'
import { formatShare, formatValue, plural } from '../model/format.ts'
import { addFilter, exactly } from '../model/view-filters.ts'
import { useStore } from '../store.ts'
import { ErrorNotice, Loading } from './notices.tsx'

const shownAtMost = 200

/** Tags that samples carry, and the labels of the series they came from. */
export function TagsTab() {
  const store = useStore()
  const { data, error, loading } = store.view.tags.value
  const profile = store.view.source.value?.profile
  const hasSeries = profile !== undefined && 'query' in profile
  return (
    <div class={`views padded tags-tab${loading ? ' is-loading' : ''}`}>
      {hasSeries && <Breakdown />}
      <section aria-label="Tags of samples">
        <h3>Tags of samples</h3>
        {error !== undefined ? (
          <ErrorNotice error={error} />
        ) : data === undefined ? (
          <Loading what="Adding up tags…" />
        ) : data.tags.length === 0 ? (
          <p class="hint">
            No sample carries a tag. Programs set them, in Go with <code>pprof.Do</code>.
          </p>
        ) : (
          data.tags.map(({ key, unit, total, values }) => (
            <Group
              key={`${key} ${unit}`}
              title={key}
              note={`${plural(values.length, 'value')}, ${formatShare(Number(total) / (Number(data.total) || 1))} of all`}
              rows={values.map(({ value, total: sum }) => ({ value, sum: Number(sum) }))}
              whole={Number(data.total)}
              unit={data.unit}
              onPick={(value) => store.go(addFilter(store.url.peek(), 'tf', `${key}=${exactly(value)}`))}
            />
          ))
        )}
      </section>
    </div>
  )
}

function Breakdown() {
  const store = useStore()
  const { data, error } = store.view.breakdown.value
  const by = store.url.value.by || 'pod'
  return (
    <section aria-label="Labels of series">
      <h3>Labels of series</h3>
      <form
        class="function-picker"
        onSubmit={(event) => {
          event.preventDefault()
          const label = new FormData(event.currentTarget).get('by')
          if (typeof label === 'string' && label.trim() !== '')
            store.go({ by: label.trim() }, { replace: true })
        }}
      >
        <label class="field">
          <span>group by</span>
          <input key={by} name="by" defaultValue={by} spellcheck={false} autocomplete="off" />
        </label>
        <button type="submit" class="button">
          Group
        </button>
      </form>
      {error !== undefined ? (
        <ErrorNotice error={error} />
      ) : data === undefined ? (
        <Loading what="Adding up series…" />
      ) : (
        <Group
          title={data.by}
          note={plural(data.groups.length, 'value')}
          rows={data.groups.map(({ value, total }) => ({ value: value || '(none)', sum: Number(total) }))}
          whole={data.groups.reduce((sum, { total }) => sum + Number(total), 0)}
          unit={data.unit}
        />
      )}
    </section>
  )
}

function Group(props: {
  readonly title: string
  readonly note: ComponentChildren
  readonly rows: readonly { readonly value: string; readonly sum: number }[]
  readonly whole: number
  readonly unit: string
  readonly onPick?: (value: string) => void
}) {
  const { title, note, rows, whole, unit, onPick } = props
  return (
    <div class="tag-group">
      <p>
        <strong>{title}</strong> <span class="muted">{note}</span>
      </p>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={`Values of ${title}`}>
        <table class="table tag-table">
          <tbody>
            {rows.slice(0, shownAtMost).map(({ value, sum }) => (
              <tr key={value}>
                <th scope="row">
                  {onPick === undefined ? (
                    value
                  ) : (
                    <button
                      type="button"
                      class="link-button"
                      title="Only samples with it"
                      onClick={() => onPick(value)}
                    >
                      {value}
                    </button>
                  )}
                </th>
                <td
                  class="number amount"
                  style={{ '--share': `${whole === 0 ? 0 : Math.min(100, (sum / whole) * 100)}%` }}
                >
                  {formatValue(sum, unit)}{' '}
                  <span class="muted">{formatShare(whole === 0 ? 0 : sum / whole)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}
