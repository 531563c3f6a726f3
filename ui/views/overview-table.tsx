import type { OverviewAnswer, WorkloadRow } from '../../query/api/overview-types.ts'
import { formatAgo, formatTime, plural } from '../model/format.ts'
import { healthWords } from '../model/health-words.ts'
import {
  changeOf,
  comparePatch,
  explorePatch,
  hasAny,
  type MeasureName,
  measureNames,
  measures,
  restartPatch,
  type Span,
  spanNames,
  spans,
  workloadName,
} from '../model/overview-rows.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { OverviewHead } from './overview-sort-head.tsx'
import { useNarrow } from './use-narrow.ts'

export function OverviewTable(props: {
  readonly answer: OverviewAnswer
  readonly rows: readonly WorkloadRow[]
}) {
  const { answer, rows } = props
  const { span } = useStore().url.value
  // One span at a time where four columns of each measure would not fit.
  const shown = useNarrow() ? spans.filter((name) => name === span) : spans
  return (
    <section class="panel" aria-label="Workloads">
      <div class="table-scroll" tabIndex={0} role="region" aria-label="List of workloads">
        <table class="table overview">
          <thead>
            <tr>
              <OverviewHead name="name" title="Workload" isText rowSpan={2} />
              {measures.map((measure) => (
                <th key={measure} scope="colgroup" colSpan={1 + shown.length} class="group-head">
                  {measureNames[measure].title}
                </th>
              ))}
              <OverviewHead name="restarts" title="Restarts" hint="of the last day" rowSpan={2} />
              <OverviewHead
                name="failing"
                title="Failing"
                hint="targets whose last scrape brought no profile"
                rowSpan={2}
              />
            </tr>
            <tr>
              {measures.map((measure) => (
                <MeasureHeads key={measure} measure={measure} spans={shown} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.selector} row={row} answer={answer} spans={shown} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function MeasureHeads({
  measure,
  spans,
}: {
  readonly measure: MeasureName
  readonly spans: readonly Span[]
}) {
  return (
    <>
      <OverviewHead name={measure} title="now" hint={measureNames[measure].title} class="group-first" />
      {spans.map((span) => (
        <OverviewHead
          key={span}
          name={`${measure}.${span}`}
          title={spanNames[span].short}
          hint={`${measureNames[measure].title} against ${spanNames[span].long}`}
        />
      ))}
    </>
  )
}

function Row(props: Omit<CellProps, 'measure'>) {
  const { row, answer } = props
  const { pods, gonePods, newest } = row
  const { utc } = useStore()
  const isGone = pods === 0
  return (
    <tr>
      <th scope="row" class="workload">
        <Link page="explore" patch={explorePatch(row, 'cores')} title="Show its CPU profiles">
          {workloadName(row)}
        </Link>
        <span class="muted">
          {row.labels['namespace'] ?? ''}
          {row.labels['namespace'] === undefined ? '' : ' · '}
          {isGone && newest === 0 ? (
            'no profile of the last day'
          ) : isGone ? (
            <span title={formatTime(newest, utc.value)}>
              {row.targets.failing > 0 ? 'silent' : 'gone'}, last profile {formatAgo(newest, answer.at)}
            </span>
          ) : (
            <>
              {plural(pods, row.labels['workload'] === undefined ? 'instance' : 'pod')}
              {gonePods > 0 ? `, ${gonePods} gone` : ''}
            </>
          )}
        </span>
      </th>
      {measures.map((measure) => (
        <MeasureCells key={measure} {...props} measure={measure} />
      ))}
      <Restarts row={row} answer={answer} />
      <Failing row={row} />
    </tr>
  )
}

interface CellProps {
  readonly row: WorkloadRow
  readonly measure: MeasureName
  readonly answer: OverviewAnswer
  readonly spans: readonly Span[]
}

function MeasureCells({ row, measure, answer, spans }: CellProps) {
  const { now } = row[measure]
  const { format, title } = measureNames[measure]
  if (!hasAny(row[measure]))
    return (
      <>
        <td class="number group-first muted" title={`No profile says its ${title.toLowerCase()}`}>
          –
        </td>
        {spans.map((span) => (
          <td key={span} />
        ))}
      </>
    )
  return (
    <>
      <td class="number group-first">
        <Link
          page="explore"
          class={now === null ? 'muted' : ''}
          patch={explorePatch(row, measure)}
          title={`${title} of ${workloadName(row)} over time`}
        >
          {now === null ? 'gone' : format(now)}
        </Link>
      </td>
      {spans.map((span) => (
        <ChangeCell key={span} row={row} measure={measure} answer={answer} span={span} />
      ))}
    </>
  )
}

function ChangeCell({ row, measure, answer, span }: Omit<CellProps, 'spans'> & { readonly span: Span }) {
  const before = row[measure][span]
  const change = changeOf(row[measure].now, before)
  const { format, title } = measureNames[measure]
  const was = `${spanNames[span].long}: ${before === null ? 'nothing was stored' : format(before)}`
  const isComparable = row[measure].now !== null && before !== null
  return (
    <td class={`number change change-${change.tone}`}>
      {isComparable ? (
        <Link
          page="compare"
          patch={comparePatch(row, { measure, span, answer })}
          title={`${title} ${was}. Compare the profiles`}
        >
          {change.text}
        </Link>
      ) : (
        <span title={was}>{change.text}</span>
      )}
    </td>
  )
}

function Restarts({ row, answer }: { readonly row: WorkloadRow; readonly answer: OverviewAnswer }) {
  const { hour, day, week, last } = row.restarts
  if (week === 0)
    return (
      <td class="number muted" title="No process began in the last week">
        0
      </td>
    )
  const counts = `${hour} in the last hour, ${day} in the last day, ${week} in the last week`
  return (
    <td class="number">
      <Link
        page="explore"
        patch={restartPatch(row)}
        class={day > 0 ? 'danger' : ''}
        title={`${counts}. Show the heap before the last`}
      >
        {day}
      </Link>
      <span class="cell-note">{formatAgo(last, answer.at)}</span>
    </td>
  )
}

function Failing({ row }: { readonly row: WorkloadRow }) {
  const { failing, up, reasons } = row.targets
  if (failing === 0) return <td class="number muted">{up === 0 ? '–' : `0 of ${up}`}</td>
  const words = reasons.map(({ health, count }) => `${count} × ${healthWords(health)}`).join('\n')
  return (
    <td class="number">
      <Link
        page="targets"
        class="danger"
        patch={{ health: 'failing', find: Object.values(row.labels).join(' ') }}
        title={`${words}\nShow the targets`}
      >
        {failing} of {failing + up}
      </Link>
      <span class="cell-note">{reasons[0]?.health}</span>
    </td>
  )
}
