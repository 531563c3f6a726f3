import type { BreakdownAnswer, BreakdownGroup } from '../../query/api/view-types.ts'
import { selectionParams } from '../api.ts'
import { coresOf, formatCores } from '../model/coverage.ts'
import { groupingLabels } from '../model/dots.ts'
import { formatShare, formatValue } from '../model/format.ts'
import { withMatcher } from '../model/selector-edit.ts'
import { selectorPatch } from '../model/selector-patch.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { ErrorNotice, Loading, Warnings } from './notices.tsx'
import { useAnswer } from './use-answer.ts'

/** What the range adds up to for each value of a label. */
export function BreakdownTable() {
  const store = useStore()
  const key = store.range.value.key
  const labels = groupingLabels(store.dots.value)
  const by = store.url.value.by || labels[0] || 'service_name'
  const offered = labels.includes(by) ? labels : [by, ...labels]
  const { data, error, warnings, loading } = useAnswer<BreakdownAnswer>(
    key === undefined ? undefined : 'breakdown',
    key === undefined ? {} : { ...selectionParams(key), by },
    store.nowMs.value,
  )
  return (
    <section class={`panel${loading ? ' is-loading' : ''}`} aria-label="Breakdown by a label">
      <header class="panel-head">
        <h2>
          {data?.type ?? ''} by {by}
        </h2>
        <p class="muted">of the whole range</p>
        <label class="field panel-head-end">
          <span>Label</span>
          <select
            value={by}
            onChange={(event) => store.go({ by: event.currentTarget.value, hide: '' }, { replace: true })}
          >
            {offered.map((label) => (
              <option key={label} value={label}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </header>
      {error !== undefined && <ErrorNotice error={error} />}
      <Warnings warnings={warnings} />
      {data === undefined && error === undefined && <Loading what="Adding up…" />}
      {data !== undefined && <Groups answer={data} />}
    </section>
  )
}

function Groups({ answer }: { readonly answer: BreakdownAnswer }) {
  const { groups, by, unit } = answer
  const sum = groups.reduce((all, { total }) => all + Number(total), 0)
  const withCores = answer.unit === 'nanoseconds' && answer.coveredSeconds > 0
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={`Values of ${by}`}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{by}</th>
            <th scope="col" class="number">
              {answer.type}
            </th>
            <th scope="col" class="number">
              Share
            </th>
            {withCores && (
              <th scope="col" class="number" title="In use while sampled, per series">
                Cores
              </th>
            )}
            <th scope="col" class="number">
              Series
            </th>
            <th scope="col" class="number">
              Profiles
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <GroupRow key={group.value} group={group} by={by} unit={unit} sum={sum} withCores={withCores} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function GroupRow(props: {
  readonly group: BreakdownGroup
  readonly by: string
  readonly unit: string
  readonly sum: number
  readonly withCores: boolean
}) {
  const { group, by, unit, sum, withCores } = props
  const store = useStore()
  const selector = store.selector.value ?? '{}'
  const share = sum > 0 ? Number(group.total) / sum : 0
  const cores = coresOf({ ...group, sum: group.total, unit })
  return (
    <tr>
      <td>
        {group.value === '' ? (
          <span class="muted">without {by}</span>
        ) : (
          <Link
            patch={selectorPatch(selector, withMatcher(selector, by, group.value))}
            title={`Select ${by}="${group.value}"`}
          >
            {group.value}
          </Link>
        )}
      </td>
      <td class="number">{formatValue(Number(group.total), unit)}</td>
      <td class="number share">
        <span class="share-bar" style={{ width: `${Math.max(0, share) * 100}%` }} />
        {formatShare(share)}
      </td>
      {withCores && (
        <td class="number">{cores === undefined ? '' : formatCores(cores).replace(' cores', '')}</td>
      )}
      <td class="number">{group.series.toLocaleString('en-US')}</td>
      <td class="number">{group.profiles.toLocaleString('en-US')}</td>
    </tr>
  )
}
