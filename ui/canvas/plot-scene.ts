import type { HeatmapAnswer } from '../../query/api/view-types.ts'
import type { Dot, DotSeries } from '../model/dots.ts'

export interface Band {
  readonly startMs: number
  readonly endMs: number
}

/** What dragging makes: another range of the plot, or one of the two ranges that are marked. */
export const dragKinds = ['zoom', 'a', 'b'] as const
export type DragKind = (typeof dragKinds)[number]

export interface PlotScene {
  readonly series: readonly DotSeries[]
  /** Which of the colours each of `series` has. */
  readonly colors: readonly number[]
  /** Index into `series` of each that the legend switched off. */
  readonly hidden: ReadonlySet<number>
  readonly startMs: number
  readonly endMs: number
  readonly unit: string
  readonly utc: boolean
  readonly dark: boolean
  readonly selectedId: string
  readonly bands: { readonly a: Band | undefined; readonly b: Band | undefined }
  /** A moment to mark. */
  readonly at: number | undefined
  /** Drawn in place of dots. */
  readonly heat: HeatmapAnswer | undefined
  /** What dragging makes without a modifier key. */
  readonly drag: DragKind
  /** The axis reaches this value, so that two plots can be compared. */
  readonly maxValue?: number
}

/** A cell of the heat map. */
export interface HeatCell extends Band {
  readonly low: number
  readonly high: number
  readonly count: number
}

export type Hovered =
  | { readonly dot: Dot; readonly cell?: undefined }
  | { readonly cell: HeatCell; readonly dot?: undefined }

export interface PlotEvents {
  readonly onHover: (hovered: Hovered | undefined, at: { readonly x: number; readonly y: number }) => void
  readonly onPick: (hovered: Hovered) => void
  /** Also where the end of a band was dragged. */
  readonly onDrag: (kind: DragKind, band: Band) => void
}
