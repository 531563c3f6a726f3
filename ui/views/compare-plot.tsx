import { useMemo, useState } from 'preact/hooks'
import type { Hovered, PlotEvents, PlotScene } from '../canvas/plot-scene.ts'
import { type SideName, sidePatch } from '../model/compare-sides.ts'
import { groupColors, groupDots, toDotSeries } from '../model/dots.ts'
import { formatTime, formatValue } from '../model/format.ts'
import { useStore } from '../store.ts'
import { Hovering, type HoverPlace } from './hovering.tsx'
import { PlotCanvas } from './plot-canvas.tsx'

const nothingHidden: ReadonlySet<number> = new Set()

/** Profiles around a side, on the same scale as the other side's; dragging moves the range, a click takes one profile. */
export function ComparePlot({ name, maxValue }: { readonly name: SideName; readonly maxValue: number }) {
  const store = useStore()
  const side = store.compare[name]
  const { data, key } = side.plot.value
  const choice = side.choice.value
  const range = side.resolved.value
  const series = useMemo(() => (data === undefined ? [] : toDotSeries(data)), [data])
  const [hover, setHover] = useState<{ readonly what: Hovered; readonly at: HoverPlace }>()
  if (data === undefined || key === undefined) return <div class="plot" />
  const scene: PlotScene = {
    series,
    colors: groupColors(groupDots(series, '')),
    hidden: nothingHidden,
    startMs: key.startMs,
    endMs: key.endMs,
    unit: data.unit,
    utc: store.utc.value,
    dark: store.dark.value,
    selectedId: choice?.kind === 'id' ? choice.id : '',
    bands: { a: choice?.kind === 'range' ? range : undefined, b: undefined },
    at: undefined,
    heat: undefined,
    drag: 'a',
    maxValue,
  }
  const events: PlotEvents = {
    onHover: (what, at) => setHover(what === undefined ? undefined : { what, at }),
    onPick: ({ dot }) => {
      if (dot !== undefined) store.go({ ...sidePatch(name, { kind: 'id', id: dot.id }), zoom: '' })
    },
    onDrag: (_kind, { startMs, endMs }) => {
      const moved = { kind: 'range', query: key.query, from: String(startMs), to: String(endMs) } as const
      store.go({ ...sidePatch(name, moved), zoom: '' })
    },
  }
  const dot = hover?.what.dot
  return (
    <>
      <PlotCanvas scene={scene} events={events} />
      {dot !== undefined && hover !== undefined && (
        <Hovering at={hover.at}>
          <strong>
            {dot.failure === undefined ? formatValue(dot.value, data.unit) : dot.failure.health}
          </strong>
          <span>{formatTime(dot.timeMs, store.utc.value)}</span>
        </Hovering>
      )}
    </>
  )
}
