import type { ProfileItem } from '../../query/api/types.ts'
import { differingLabels, seriesName } from '../model/dots.ts'
import { formatBytes, formatSeconds, formatTime, formatValue } from '../model/format.ts'
import { healthWords, isFailure } from '../model/health-words.ts'
import { closeSelection } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { ErrorNotice, Loading, Warnings } from './notices.tsx'

/** What the plot shows, as a table: the newest attempts first. */
export function ProfileList() {
  const store = useStore()
  const { data, error, warnings, loading } = store.profiles.value
  const differing = differingLabels(store.dots.value)
  const type = store.range.value.data?.type ?? ''
  const { order } = store.url.value
  if (error !== undefined && data === undefined) return <ErrorNotice error={error} />
  if (data === undefined) return <Loading what="Reading the list…" />
  if (data.profiles.length === 0) return null
  return (
    <section class={`panel${loading ? ' is-loading' : ''}`} aria-label="Stored profiles">
      <header class="panel-head">
        <h2>Profiles</h2>
        <p class="muted">{order === 'value' ? 'largest first' : 'newest first'}</p>
      </header>
      <Warnings warnings={warnings} />
      <div class="table-scroll" tabIndex={0} role="region" aria-label="List of profiles">
        <table class="table">
          <thead>
            <tr>
              <OrderHead order="time" title="Time" />
              <th scope="col">Series</th>
              <OrderHead order="value" title={type} />
              <th scope="col" class="number">
                Covers
              </th>
              <th scope="col" class="number">
                Scrape took
              </th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">Health</th>
            </tr>
          </thead>
          <tbody>
            {data.profiles.map((profile) => (
              <ProfileRow key={profile.id} profile={profile} type={type} differing={differing} />
            ))}
          </tbody>
        </table>
      </div>
      {data.next !== undefined && store.listLimit.value < 1000 && (
        <p class="panel-foot">
          <button type="button" class="button" onClick={store.showMore}>
            Show more
          </button>
        </p>
      )}
    </section>
  )
}

/** Newest first or largest first: what happened last, or which profiles to look at. */
function OrderHead({ order, title }: { readonly order: string; readonly title: string }) {
  const store = useStore()
  const isChosen = store.url.value.order === order
  return (
    <th
      scope="col"
      class={`sort-head${order === 'value' ? ' number' : ''}`}
      aria-sort={isChosen ? 'descending' : 'none'}
    >
      <button
        type="button"
        title={order === 'value' ? `Largest ${title} first` : 'Newest first'}
        onClick={() => store.go({ order }, { replace: true })}
      >
        {title}
        <span class="sort-mark" aria-hidden="true">
          {isChosen ? '▼' : ''}
        </span>
      </button>
    </th>
  )
}

function ProfileRow(props: {
  readonly profile: ProfileItem
  readonly type: string
  readonly differing: readonly string[]
}) {
  const store = useStore()
  const { profile, type, differing } = props
  const total = profile.totals.find((candidate) => candidate.type === type)
  const open = { ...closeSelection, id: profile.id }
  const time = formatTime(profile.time, store.utc.value)
  return (
    <tr
      class={profile.hasBody ? 'row-link' : undefined}
      onClick={(event) => {
        if (!profile.hasBody || event.target instanceof HTMLAnchorElement) return
        store.go(open)
      }}
    >
      <td class="nowrap">{profile.hasBody ? <Link patch={open}>{time}</Link> : time}</td>
      <td>{seriesName(profile.labels, differing)}</td>
      <td class="number">{total === undefined ? '' : formatValue(Number(total.value), total.unit)}</td>
      <td class="number">{profile.durationSeconds > 0 ? formatSeconds(profile.durationSeconds) : ''}</td>
      <td class="number muted">{formatSeconds(profile.scrapeSeconds ?? 0)}</td>
      <td class="number">{profile.sizeBytes > 0 ? formatBytes(profile.sizeBytes) : ''}</td>
      <td class={isFailure(profile.health) ? 'danger' : 'muted'}>
        {healthWords(profile.health, profile.httpStatus)}
      </td>
    </tr>
  )
}
