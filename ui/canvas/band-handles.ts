import type uPlot from 'uplot'
import type { Band, DragKind, PlotScene } from './plot-scene.ts'

export interface HeldHandle {
  readonly kind: Exclude<DragKind, 'zoom'>
  readonly end: keyof Band
}

const reachPx = 5

/** The end of a marked range at `x`, in CSS pixels of the plot. */
export function handleAt(plot: uPlot, scene: PlotScene, x: number): HeldHandle | undefined {
  for (const kind of ['a', 'b'] as const) {
    const band = scene.bands[kind]
    if (band === undefined) continue
    for (const end of ['startMs', 'endMs'] as const)
      if (Math.abs(plot.valToPos(band[end], 'x') - x) <= reachPx) return { kind, end }
  }
  return undefined
}

/** The band with one end elsewhere; ends that cross change places. */
export function movedBand(band: Band, end: keyof Band, timeMs: number): Band {
  const moved = { ...band, [end]: Math.round(timeMs) }
  return moved.startMs <= moved.endMs ? moved : { startMs: moved.endMs, endMs: moved.startMs }
}
