import type { OverviewAnswer } from '../../query/api/overview-types.ts'
import { formatTime, plural } from '../model/format.ts'
import { filterRows, sortRows, spanNames, spans } from '../model/overview-rows.ts'
import { useStore } from '../store.ts'
import { Empty, ErrorNotice, Loading, Warnings } from './notices.tsx'
import { OverviewTable } from './overview-table.tsx'
import { ScrapeSomething } from './scrape-something.tsx'
import { useAnswer } from './use-answer.ts'
import { useNarrow } from './use-narrow.ts'

/** The page to open at night: every workload, what it uses, and what changed. Nothing to type. */
export function OverviewPage() {
  const store = useStore()
  const { find, osort } = store.url.value
  const { data, error, warnings } = useAnswer<OverviewAnswer>('overview', {}, store.nowMs.value)
  const found = data === undefined ? [] : filterRows(data.workloads, find)
  return (
    <div class="page">
      <header class="page-head">
        <h1>Overview</h1>
        {data !== undefined && data.workloads.length > 0 && (
          <>
            <p class="muted">
              {find === '' ? '' : `${found.length} of `}
              {plural(data.workloads.length, 'workload')} at {formatTime(data.at, store.utc.value)}
            </p>
            <Tools />
          </>
        )}
      </header>
      {error !== undefined && <ErrorNotice error={error} />}
      <Warnings warnings={warnings} />
      {data === undefined && error === undefined && <Loading what="Adding up what every workload uses…" />}
      {data !== undefined && data.workloads.length === 0 && (
        <Empty title="No profiles of the last day">
          <ScrapeSomething />
        </Empty>
      )}
      {data !== undefined && data.workloads.length > 0 && found.length === 0 && (
        <Empty title={`No workload has “${find}” in its labels`}>
          <p class="actions">
            <button type="button" class="button" onClick={() => store.go({ find: '' }, { replace: true })}>
              Show all {data.workloads.length}
            </button>
          </p>
        </Empty>
      )}
      {data !== undefined && found.length > 0 && (
        <OverviewTable answer={data} rows={sortRows(found, osort)} />
      )}
    </div>
  )
}

function Tools() {
  const store = useStore()
  const { find, osort, span } = store.url.value
  const narrow = useNarrow()
  return (
    <div class="page-tools">
      {osort !== '' && (
        <button
          type="button"
          class="button button-quiet"
          onClick={() => store.go({ osort: '' }, { replace: true })}
        >
          What changed most first
        </button>
      )}
      {narrow && (
        <div class="segments" role="group" aria-label="Compared with">
          {spans.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={span === name}
              onClick={() => store.go({ span: name }, { replace: true })}
            >
              {spanNames[name].short}
            </button>
          ))}
        </div>
      )}
      <input
        id="page-filter"
        type="search"
        placeholder="Filter workloads"
        aria-label="Filter workloads"
        title="Filter workloads (/)"
        value={find}
        spellcheck={false}
        onInput={(event) => store.go({ find: event.currentTarget.value }, { replace: true })}
      />
    </div>
  )
}
