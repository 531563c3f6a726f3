import { useState } from 'preact/hooks'
import type { StorageAnswer } from '../../query/api/overview-types.ts'
import { formatBytes, formatShare } from '../model/format.ts'
import { formatSelector } from '../model/selector-format.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { ErrorNotice, Loading, Warnings } from './notices.tsx'
import { useAnswer } from './use-answer.ts'

const ranges = [
  ['now-1h', 'the last hour'],
  ['now-1d', 'the last day'],
  ['now-7d', 'the last week'],
  ['now-30d', 'the last 30 days'],
] as const

/** What the stored profiles cost, by any label: what to scrape less often, or to keep for less long. */
export function StoragePanel() {
  const store = useStore()
  const [by, setBy] = useState('service_name')
  const [start, setStart] = useState('now-1d')
  const labels = useAnswer<readonly string[]>('labels', { 'match[]': '{}', start }, 0).data ?? []
  const { data, error, warnings, loading } = useAnswer<StorageAnswer>(
    'status/storage',
    { by, start },
    store.nowMs.value,
  )
  return (
    <section class={`panel${loading && data === undefined ? ' is-loading' : ''}`} aria-label="Storage">
      <header class="panel-head">
        <h2>Storage</h2>
        {data !== undefined && (
          <p class="muted">
            {formatBytes(data.storedBytes)} stored of {formatBytes(data.scrapedBytes)} scraped
            {data.storedBytes > 0 && `, ${(data.scrapedBytes / data.storedBytes).toFixed(1)} times smaller`}
          </p>
        )}
        <div class="panel-head-end plot-tools">
          <label class="field">
            <span>Of</span>
            <select value={start} onChange={(event) => setStart(event.currentTarget.value)}>
              {ranges.map(([from, title]) => (
                <option key={from} value={from}>
                  {title}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span>by</span>
            <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>
              {(labels.includes(by) ? labels : [by, ...labels]).map((label) => (
                <option key={label} value={label}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </div>
      </header>
      {error !== undefined && <ErrorNotice error={error} />}
      <Warnings warnings={warnings} />
      {data === undefined && error === undefined && <Loading what="Adding up what is stored…" />}
      {data !== undefined && <StorageTable answer={data} start={start} />}
    </section>
  )
}

const shownAtFirst = 20

function StorageTable({ answer, start }: { readonly answer: StorageAnswer; readonly start: string }) {
  const [all, setAll] = useState(false)
  const { by, groups } = answer
  const sum = groups.reduce((total, { storedBytes }) => total + storedBytes, 0)
  const most = Math.max(1, ...groups.map(({ storedBytes }) => storedBytes))
  if (groups.length === 0) return <p class="empty-line">Nothing is stored of this time.</p>
  return (
    <>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={`Storage by ${by}`}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{by}</th>
              <th scope="col" class="number">
                Stored
              </th>
              <th scope="col" class="number">
                Share
              </th>
              <th scope="col" class="number">
                Scraped
              </th>
              <th scope="col" class="number">
                A profile
              </th>
              <th scope="col" class="number">
                Profiles
              </th>
              <th scope="col" class="number">
                Series
              </th>
            </tr>
          </thead>
          <tbody>
            {(all ? groups : groups.slice(0, shownAtFirst)).map((group) => (
              <tr key={group.value}>
                <td>
                  {group.value === '' ? (
                    <span class="muted">without {by}</span>
                  ) : (
                    <Link
                      page="explore"
                      patch={{
                        q: formatSelector([{ label: by, op: '=', value: group.value }]),
                        type: '',
                        from: start,
                        to: 'now',
                      }}
                      title="Show these profiles"
                    >
                      {group.value}
                    </Link>
                  )}
                </td>
                <td class="number">{formatBytes(group.storedBytes)}</td>
                <td class="number share">
                  <span class="share-bar" style={{ width: `${(group.storedBytes / most) * 100}%` }} />
                  {sum > 0 ? formatShare(group.storedBytes / sum) : ''}
                </td>
                <td class="number">{formatBytes(group.scrapedBytes)}</td>
                <td class="number">
                  {group.profiles > 0 ? formatBytes(group.storedBytes / group.profiles) : ''}
                </td>
                <td class="number">{group.profiles.toLocaleString('en-US')}</td>
                <td class="number">{group.series.toLocaleString('en-US')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!all && groups.length > shownAtFirst && (
        <p class="panel-foot">
          <button type="button" class="button" onClick={() => setAll(true)}>
            Show all {groups.length}
          </button>
        </p>
      )}
    </>
  )
}
