import { useMemo } from 'preact/hooks'
import type { FrameDifference } from '../canvas/draw-flame.ts'
import { formatScaled, type Norm, normOf } from '../model/compare-scale.ts'
import { type DiffPalette, diffColor, diffStep } from '../model/diff-colors.ts'
import { type Difference, differenceOf, formatChange } from '../model/difference.ts'
import { type FlameLayout, valuesOf } from '../model/flame-layout.ts'
import { useStore } from '../store.ts'
import type { FlameHead } from '../workers/flame-messages.ts'

/** How a comparison is shown; undefined where nothing is compared. */
export interface DifferenceView {
  readonly norm: Norm
  readonly palette: DiffPalette
  /** Share of the larger total below which a change is noise. */
  readonly noiseShare: number
  readonly byTotal: boolean
  readonly format: (value: number) => string
}

export function useDifferenceView(head: FlameHead | undefined): DifferenceView | undefined {
  const { norm: chosen, colors, th, shade } = useStore().url.value
  return useMemo(() => {
    if (head?.base === undefined) return undefined
    const norm = normOf(head, chosen)
    return {
      norm,
      palette: colors === 'redgreen' ? 'redgreen' : 'blueorange',
      noiseShare: Math.min(100, Math.max(0, Number(th) || 0)) / 100,
      byTotal: shade === 'total',
      format: (value) => formatScaled(value, head.unit, norm),
    }
  }, [head, chosen, colors, th, shade])
}

/** What a row changed, both sides scaled. */
export function rowDifference(layout: FlameLayout, row: number, view: DifferenceView): Difference {
  const { total, baseTotal } = valuesOf(layout, row)
  return differenceOf(baseTotal, total, view.noiseShare * largerTotal(layout))
}

/** What the canvas colours frames by. */
export function frameDifference(layout: FlameLayout, view: DifferenceView, dark: boolean): FrameDifference {
  const { palette, byTotal } = view
  const colors = new Map<number, ReturnType<typeof diffColor>>()
  const whole = largerTotal(layout) || 1
  return {
    colorOf(row) {
      const { change, delta } = rowDifference(layout, row, view)
      // A tenth of everything is a lot: the whole scale would show nothing.
      const step = diffStep(
        byTotal && change !== 0 ? Math.max(-1, Math.min(1, (delta / whole) * 10)) : change,
      )
      const known = colors.get(step) ?? diffColor(step, { palette, dark })
      colors.set(step, known)
      return known
    },
    wordOf(row) {
      const { total, baseTotal } = valuesOf(layout, row)
      const { kind } = rowDifference(layout, row, view)
      return kind === 'same' ? '' : formatChange(baseTotal, total)
    },
  }
}

function largerTotal(layout: FlameLayout): number {
  const { total, baseTotal } = valuesOf(layout, 0)
  return Math.max(total, baseTotal)
}
