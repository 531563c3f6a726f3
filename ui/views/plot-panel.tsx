import { useEffect, useRef, useState } from 'preact/hooks'
import type { DotPlot, PlotEvents, PlotScene } from '../canvas/dot-plot.ts'
import { type Dot, differingLabels, seriesName } from '../model/dots.ts'
import { formatTime, formatValue, plural } from '../model/format.ts'
import { healthWords } from '../model/health-words.ts'
import { closeSelection } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { Hovering, type HoverPlace } from './hovering.tsx'

export function PlotPanel() {
  const store = useStore()
  const range = store.range.value
  const data = range.data
  const url = store.url.value
  const utc = store.utc.value
  const series = store.dots.value
  const [hover, setHover] = useState<{ readonly dot: Dot; readonly at: HoverPlace }>()
  const hidden = new Set(
    series.flatMap(({ hash }, index) => (url.hide.split(',').includes(hash) ? [index] : [])),
  )
  const key = range.key
  const scene: PlotScene = {
    series,
    hidden,
    startMs: key?.startMs ?? 0,
    endMs: key?.endMs ?? 1,
    unit: data?.unit ?? '',
    utc,
    dark: store.dark.value,
    selectedId: url.id,
    band:
      url.mfrom === '' || url.mto === '' ? undefined : { startMs: Number(url.mfrom), endMs: Number(url.mto) },
  }
  const events: PlotEvents = {
    onHover: (dot, at) => setHover(dot === undefined ? undefined : { dot, at }),
    onPick: (dot) => store.go({ ...closeSelection, id: dot.id }),
    onRange: (startMs, endMs) => store.go({ ...closeSelection, mfrom: String(startMs), mto: String(endMs) }),
  }
  const profiles = series.reduce((sum, { times }) => sum + times.length, 0)
  const failures = series.reduce((sum, { failures: failed }) => sum + failed.length, 0)
  const differing = differingLabels(series)
  return (
    <section class={`panel plot-panel${range.loading ? ' is-loading' : ''}`} aria-label="Profiles over time">
      <header class="panel-head">
        <h2>
          {data?.type}{' '}
          <span class="muted">{data?.kind === 'counter' ? 'since each start' : 'per profile'}</span>
        </h2>
        <p class="muted">
          {plural(profiles, 'profile')} of {plural(series.length, 'series', 'series')}
          {failures > 0 ? (
            <>
              , <span class="danger">{plural(failures, 'failed attempt')}</span>
            </>
          ) : null}
        </p>
        <p class="hint panel-head-end">Click a dot to open it, drag to merge a range</p>
      </header>
      <PlotCanvas scene={scene} events={events} />
      <Legend differing={differing} hidden={hidden} />
      {hover !== undefined && (
        <Hovering at={hover.at}>
          <DotDetails
            dot={hover.dot}
            name={seriesName(series[hover.dot.series]?.labels ?? {}, differing)}
            unit={data?.unit ?? ''}
          />
        </Hovering>
      )}
    </section>
  )
}

/** uPlot comes in its own chunk; until then the panel keeps its place. */
function PlotCanvas({ scene, events }: { readonly scene: PlotScene; readonly events: PlotEvents }) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<DotPlot | undefined>(undefined)
  const latest = useRef({ scene, events })
  latest.current = { scene, events }
  useEffect(() => {
    let gone = false
    import('../canvas/dot-plot.ts').then(({ createDotPlot }) => {
      if (gone || host.current === null) return
      plot.current = createDotPlot(host.current, {
        onHover: (dot, at) => latest.current.events.onHover(dot, at),
        onPick: (dot) => latest.current.events.onPick(dot),
        onRange: (startMs, endMs) => latest.current.events.onRange(startMs, endMs),
      })
      plot.current.show(latest.current.scene)
    })
    return () => {
      gone = true
      plot.current?.close()
    }
  }, [])
  const hiddenText = [...scene.hidden].join()
  useEffect(() => {
    plot.current?.show(scene)
  }, [
    scene.series,
    hiddenText,
    scene.startMs,
    scene.endMs,
    scene.unit,
    scene.utc,
    scene.dark,
    scene.selectedId,
    scene.band?.startMs,
    scene.band?.endMs,
  ])
  return (
    <div
      class="plot"
      ref={host}
      role="img"
      aria-label="One dot per stored profile; the same profiles are listed in the table below"
    />
  )
}

function DotDetails({
  dot,
  name,
  unit,
}: {
  readonly dot: Dot
  readonly name: string
  readonly unit: string
}) {
  const store = useStore()
  return (
    <>
      <strong>
        {dot.failure === undefined
          ? formatValue(dot.value, unit)
          : healthWords(dot.failure.health, dot.failure.httpStatus)}
      </strong>
      <span>{formatTime(dot.timeMs, store.utc.value)}</span>
      <span class="muted">{name}</span>
    </>
  )
}

const shownAtFirst = 12

function Legend({
  differing,
  hidden,
}: {
  readonly differing: readonly string[]
  readonly hidden: ReadonlySet<number>
}) {
  const store = useStore()
  const [all, setAll] = useState(false)
  const series = store.dots.value
  const shown = all ? series : series.slice(0, shownAtFirst)
  const toggle = (index: number, only: boolean) => {
    const off = only
      ? series.flatMap((_one, other) => (other === index ? [] : [other]))
      : hidden.has(index)
        ? [...hidden].filter((other) => other !== index)
        : [...hidden, index]
    const hide = off.length >= series.length ? [] : off
    store.go({ hide: hide.map((other) => series[other]?.hash ?? '').join(',') }, { replace: true })
  }
  return (
    <ul class="legend" aria-label="Series">
      {shown.map(({ hash, labels }, index) => (
        <li key={hash}>
          <button
            type="button"
            aria-pressed={!hidden.has(index)}
            title={`${Object.entries(labels)
              .map(([name, value]) => `${name}="${value}"`)
              .join('\n')}\n\nclick: hide or show · double click: only this`}
            onClick={() => toggle(index, false)}
            onDblClick={() => toggle(index, true)}
          >
            <span class="swatch" style={{ background: `var(--series-${(index % 8) + 1})` }} />
            {seriesName(labels, differing)}
          </button>
        </li>
      ))}
      {series.length > shown.length && (
        <li>
          <button type="button" class="more" onClick={() => setAll(true)}>
            and {series.length - shown.length} more
          </button>
        </li>
      )}
    </ul>
  )
}
