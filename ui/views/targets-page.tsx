import { useState } from 'preact/hooks'
import type { TargetAnswer } from '../../query/api/types.ts'
import { processName } from '../model/dots.ts'
import { formatAgo, formatBytes, formatSeconds, formatTime, plural } from '../model/format.ts'
import { healthWords, isFailure } from '../model/health-words.ts'
import { selectorOf } from '../model/selector-format.ts'
import { filterTargets } from '../model/target-filter.ts'
import { closeSelection } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { lazyPage } from './lazy-page.tsx'
import { Link } from './link.tsx'
import { Empty, ErrorNotice, Loading, Warnings } from './notices.tsx'
import { ScrapeSomething } from './scrape-something.tsx'

export function TargetsPage() {
  const store = useStore()
  const { data, error, warnings } = store.targets.value
  const { health, find } = store.url.value
  const sickOnly = health === 'failing'
  const [captured, setCaptured] = useState<string>()
  const loops = filterTargets(data?.activeTargets ?? [], find)
  const sick = loops.filter(({ health }) => isFailure(health))
  const pools = groupBy(sickOnly ? sick : loops, ({ scrapePool }) => scrapePool)
  return (
    <div class="page">
      <header class="page-head">
        <h1>Targets</h1>
        {data !== undefined && (
          <p class="muted">
            {plural(loops.length, 'scrape loop')},{' '}
            {sick.length === 0 ? 'none failing' : `${sick.length} failing`}
            {data.droppedTargets.length > 0
              ? `, ${plural(data.droppedTargets.length, 'target')} dropped by relabelling`
              : ''}
          </p>
        )}
        <div class="page-tools">
          <input
            id="page-filter"
            type="search"
            placeholder="Filter targets"
            aria-label="Filter targets"
            title="Filter targets (/)"
            value={find}
            spellcheck={false}
            onInput={(event) => store.go({ find: event.currentTarget.value }, { replace: true })}
          />
          <div class="segments" role="group" aria-label="Which targets">
            <button
              type="button"
              aria-pressed={!sickOnly}
              onClick={() => store.go({ health: '' }, { replace: true })}
            >
              All
            </button>
            <button
              type="button"
              aria-pressed={sickOnly}
              onClick={() => store.go({ health: 'failing' }, { replace: true })}
            >
              Failing
            </button>
          </div>
        </div>
      </header>
      {error !== undefined && <ErrorNotice error={error} />}
      <Warnings warnings={warnings} />
      {data === undefined && error === undefined && <Loading what="Asking for the targets…" />}
      {data !== undefined && data.activeTargets.length > 0 && loops.length === 0 && (
        <Empty title={`No target has “${find}” in its address or labels`}>
          <p class="actions">
            <button type="button" class="button" onClick={() => store.go({ find: '' }, { replace: true })}>
              Show all {data.activeTargets.length}
            </button>
          </p>
        </Empty>
      )}
      {data !== undefined && data.activeTargets.length === 0 && (
        <Empty title="Nothing is scraped">
          <ScrapeSomething />
        </Empty>
      )}
      {data !== undefined && loops.length > 0 && pools.size === 0 && <Empty title="Nothing is failing" />}
      {[...pools].map(([pool, targets]) => (
        <Pool key={pool} name={pool} targets={targets} onCapture={setCaptured} />
      ))}
      {captured !== undefined && <CaptureDialog query={captured} onClose={() => setCaptured(undefined)} />}
    </div>
  )
}

const CaptureDialog = lazyPage(async () => (await import('./capture-dialog.tsx')).CaptureDialog)

function Pool({
  name,
  targets,
  onCapture,
}: {
  readonly name: string
  readonly targets: readonly TargetAnswer[]
  readonly onCapture: (query: string) => void
}) {
  const healthy = targets.filter(({ health }) => !isFailure(health)).length
  return (
    <section class="panel" aria-label={`Targets of ${name}`}>
      <header class="panel-head">
        <h2>{name}</h2>
        <p class="muted">
          {healthy} of {targets.length} well
        </p>
      </header>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={`Scrape loops of ${name}`}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Health</th>
              <th scope="col">Type</th>
              <th scope="col">Address</th>
              <th scope="col">Last scrape</th>
              <th scope="col" class="number">
                Took
              </th>
              <th scope="col" class="number">
                Received
              </th>
              <th scope="col" class="number">
                Next
              </th>
              <th scope="col">
                <span class="visually-hidden">Profile now</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {targets.map((target) => (
              <TargetRow
                key={`${target.collector} ${target.scrapeUrl} ${target.profileType} ${JSON.stringify(target.labels)}`}
                target={target}
                onCapture={onCapture}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function TargetRow({
  target,
  onCapture,
}: {
  readonly target: TargetAnswer
  readonly onCapture: (query: string) => void
}) {
  const store = useStore()
  const nowMs = store.nowMs.value
  const failing = isFailure(target.health)
  const tone = failing ? 'bad' : target.health === 'ok' ? 'good' : 'plain'
  const who = processName(target.labels)
  const selected = { ...closeSelection, q: selectorOf(target.labels), type: '', health: '' }
  return (
    <tr>
      <td>
        <span class={`badge badge-${tone}`}>{target.health}</span>
      </td>
      <td>
        <Link page="explore" patch={selected} title="Show its profiles">
          {target.profileType}
        </Link>
      </td>
      <td class="target-address">
        {who !== '' && <span class="target-who">{who}</span>}
        <code>{target.scrapeUrl}</code>
        {target.collector !== undefined && <span class="muted"> by {target.collector}</span>}
        {(target.reason !== '' || failing) && (
          <p class={failing ? 'target-reason danger' : 'target-reason muted'}>
            {target.reason || healthWords(target.health)}
            {target.remedy === '' ? null : <span class="target-remedy">{target.remedy}</span>}
          </p>
        )}
      </td>
      <td class="nowrap" title={target.lastScrape > 0 ? formatTime(target.lastScrape, store.utc.value) : ''}>
        {target.lastScrape > 0 ? formatAgo(target.lastScrape, nowMs) : 'not yet'}
      </td>
      <td class="number">{target.lastScrape > 0 ? formatSeconds(target.lastScrapeDurationSeconds) : ''}</td>
      <td class="number">{target.lastSizeBytes > 0 ? formatBytes(target.lastSizeBytes) : ''}</td>
      <td class="number nowrap">
        {target.nextScrape > nowMs ? formatAgo(target.nextScrape, nowMs) : target.nextScrape > 0 ? 'now' : ''}
      </td>
      <td class="number">
        <button
          type="button"
          class="button button-small"
          title={`Take a ${target.profileType} profile of ${who || target.scrapeUrl} now`}
          onClick={() => onCapture(selectorOf(target.labels))}
        >
          Profile now
        </button>
      </td>
    </tr>
  )
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, key)
}
