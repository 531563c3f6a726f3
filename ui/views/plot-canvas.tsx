import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { DotPlot } from '../canvas/dot-plot.ts'
import type { PlotEvents, PlotScene } from '../canvas/plot-scene.ts'

/** uPlot comes in its own chunk; until then the panel keeps its place. */
export function PlotCanvas({ scene, events }: { readonly scene: PlotScene; readonly events: PlotEvents }) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<DotPlot | undefined>(undefined)
  const latest = useRef({ scene, events })
  latest.current = { scene, events }
  // Not after the next paint: what is plotted is what the page is opened for.
  useLayoutEffect(() => {
    let gone = false
    import('../canvas/dot-plot.ts').then(({ createDotPlot }) => {
      if (gone || host.current === null) return
      plot.current = createDotPlot(host.current, {
        onHover: (hovered, at) => latest.current.events.onHover(hovered, at),
        onPick: (hovered) => latest.current.events.onPick(hovered),
        onDrag: (kind, band) => latest.current.events.onDrag(kind, band),
      })
      plot.current.show(latest.current.scene)
    })
    return () => {
      gone = true
      plot.current?.close()
    }
  }, [])
  const { series, heat, colors: _colors, hidden: _hidden, bands, ...plain } = scene
  const looks = JSON.stringify([plain, bands, scene.colors, [...scene.hidden]])
  useEffect(() => {
    plot.current?.show(scene)
  }, [series, heat, looks])
  return (
    <div
      class="plot"
      ref={host}
      role="img"
      aria-label="One dot per stored profile; the same profiles are listed in the table below"
    />
  )
}
