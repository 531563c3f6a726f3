import { useState } from 'preact/hooks'
import type { Band, DragKind, Hovered, PlotEvents, PlotScene } from '../canvas/plot-scene.ts'
import {
  differingLabels,
  groupColors,
  groupDots,
  groupingLabels,
  seriesName,
  stepDot,
} from '../model/dots.ts'
import { formatClock, formatTime, formatValue, plural } from '../model/format.ts'
import { healthWords } from '../model/health-words.ts'
import { openOther } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { Hovering, type HoverPlace } from './hovering.tsx'
import { PlotCanvas } from './plot-canvas.tsx'
import { PlotLegend } from './plot-legend.tsx'
import { PlotRanges } from './plot-ranges.tsx'
import { SelectionHealth } from './selection-health.tsx'

export function PlotPanel() {
  const store = useStore()
  const range = store.range.value
  const data = range.data
  const url = store.url.value
  const series = store.dots.value
  const heat = store.heat.value.data
  const [drag, setDrag] = useState<DragKind>('zoom')
  const [hover, setHover] = useState<{ readonly what: Hovered; readonly at: HoverPlace }>()
  const groups = groupDots(series, url.by)
  const off = new Set(url.hide === '' ? [] : url.hide.split(','))
  const unit = store.perSecond.value ? 'cores' : (data?.unit ?? '')
  const scene: PlotScene = {
    series,
    colors: groupColors(groups),
    hidden: new Set(groups.flatMap(({ key, series: members }) => (off.has(key) ? members : []))),
    startMs: range.key?.startMs ?? 0,
    endMs: range.key?.endMs ?? 1,
    unit,
    utc: store.utc.value,
    dark: store.dark.value,
    selectedId: url.id,
    bands: { a: bandOf(url.mfrom, url.mto), b: bandOf(url.bfrom, url.bto) },
    at: url.at === '' ? undefined : Number(url.at),
    heat: store.isCrowded.value ? heat : undefined,
    drag,
  }
  const events: PlotEvents = {
    onHover: (what, at) => setHover(what === undefined ? undefined : { what, at }),
    onPick: ({ dot, cell }) => {
      if (cell !== undefined) return store.go({ from: String(cell.startMs), to: String(cell.endMs) })
      const id = dot.isRestart ? stepDot(series, dot.id.replace(' restart', ''), -1) : dot.id
      if (id === undefined) store.say('No profile from before this restart in the range')
      else store.go({ ...openOther, id })
    },
    onDrag: (kind, { startMs, endMs }) => {
      const [from, to] = [String(startMs), String(endMs)]
      if (kind === 'zoom') store.go({ from, to })
      else if (kind === 'a') store.go({ ...openOther, bfrom: url.bfrom, bto: url.bto, mfrom: from, mto: to })
      else store.go({ bfrom: from, bto: to })
    },
  }
  return (
    <section class={`panel plot-panel${range.loading ? ' is-loading' : ''}`} aria-label="Profiles over time">
      <header class="panel-head">
        <h2>
          {data?.type} <span class="muted">{perWhat(data?.kind, store.perSecond.value)}</span>
        </h2>
        <Counts />
        <PlotTools drag={drag} setDrag={setDrag} />
      </header>
      <SelectionHealth />
      <PlotCanvas scene={scene} events={events} />
      <PlotRanges />
      {!store.isCrowded.value && <PlotLegend groups={groups} hidden={off} />}
      {hover !== undefined && (
        <Hovering at={hover.at}>
          <HoverDetails what={hover.what} unit={unit} />
        </Hovering>
      )}
    </section>
  )
}

function bandOf(from: string, to: string): Band | undefined {
  const [startMs, endMs] = [Number(from), Number(to)]
  return from === '' || to === '' || !(startMs < endMs) ? undefined : { startMs, endMs }
}

function perWhat(kind: string | undefined, perSecond: boolean): string {
  if (perSecond) return 'in cores, while sampled'
  return kind === 'counter' ? 'since each start' : 'per profile'
}

function Counts() {
  const store = useStore()
  const series = store.dots.value
  const data = store.range.value.data
  const failures = series.reduce((sum, { failures: failed }) => sum + failed.length, 0)
  const restarts = series.reduce((sum, { restarts: seen }) => sum + seen.length, 0)
  return (
    <p class="muted">
      {plural(data?.profiles ?? 0, 'profile')} of {plural(series.length, 'series', 'series')}
      {failures > 0 && (
        <>
          , <span class="danger">{plural(failures, 'failed attempt')}</span>
        </>
      )}
      {restarts > 0 && `, ${plural(restarts, 'restart')}`}
      {store.isCrowded.value && ': a heat map; zoom in to see each'}
      {store.range.value.warnings.length > 0 && !store.isCrowded.value && (
        <span class="badge badge-warn">partial</span>
      )}
    </p>
  )
}

const dragNames: readonly (readonly [DragKind, string, string])[] = [
  ['zoom', 'Zoom', 'Dragging zooms in'],
  ['a', 'Merge', 'Dragging merges what lies in the range (Shift+drag)'],
  ['b', 'B', 'Dragging marks a range B to compare with (Alt+drag)'],
]

function PlotTools({
  drag,
  setDrag,
}: {
  readonly drag: DragKind
  readonly setDrag: (kind: DragKind) => void
}) {
  const store = useStore()
  const { by, per } = store.url.value
  const data = store.range.value.data
  const labels = groupingLabels(store.dots.value)
  const crowded = store.isCrowded.value
  const isTime = data?.kind === 'duration' && data.unit === 'nanoseconds'
  return (
    <div class="panel-head-end plot-tools">
      {!crowded && (labels.length > 0 || by !== '') && (
        <label class="field">
          <span>Colour by</span>
          <select
            value={by}
            onChange={(event) => store.go({ by: event.currentTarget.value, hide: '' }, { replace: true })}
          >
            <option value="">series</option>
            {(labels.includes(by) || by === '' ? labels : [by, ...labels]).map((label) => (
              <option key={label} value={label}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      {isTime && !crowded && (
        <div class="segments" role="group" aria-label="Unit">
          <button
            type="button"
            aria-pressed={per === ''}
            onClick={() => store.go({ per: '' }, { replace: true })}
          >
            total
          </button>
          <button
            type="button"
            aria-pressed={per === 'second'}
            title="Divided by what each profile covers"
            onClick={() => store.go({ per: 'second' }, { replace: true })}
          >
            cores
          </button>
        </div>
      )}
      <div class="segments" role="group" aria-label="Dragging">
        {dragNames.map(([kind, name, title]) => (
          <button
            key={kind}
            type="button"
            title={title}
            aria-pressed={drag === kind}
            onClick={() => setDrag(kind)}
          >
            {name}
          </button>
        ))}
      </div>
    </div>
  )
}

function HoverDetails({ what, unit }: { readonly what: Hovered; readonly unit: string }) {
  const store = useStore()
  const utc = store.utc.value
  const show = (value: number) => `${formatValue(value, unit)}${unit === 'cores' ? ' cores' : ''}`
  if (what.cell !== undefined) {
    const { count, startMs, endMs, low, high } = what.cell
    return (
      <>
        <strong>{plural(count, 'profile')}</strong>
        <span>
          {formatTime(startMs, utc)} – {formatClock(endMs, utc)}
        </span>
        <span class="muted">
          {show(low)} to {show(high)}
        </span>
        <span class="muted">click to zoom in</span>
      </>
    )
  }
  const { dot } = what
  const series = store.dots.value
  return (
    <>
      <strong>
        {dot.isRestart
          ? 'Another process since here'
          : dot.failure === undefined
            ? show(dot.value)
            : healthWords(dot.failure.health, dot.failure.httpStatus)}
      </strong>
      <span>{formatTime(dot.timeMs, utc)}</span>
      <span class="muted">{seriesName(series[dot.series]?.labels ?? {}, differingLabels(series))}</span>
      {dot.isRestart && <span class="muted">click opens the last profile before it</span>}
    </>
  )
}
