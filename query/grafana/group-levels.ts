import type { Span } from './covered-rates.ts'

/** Step k, from 0 on, is `(startMs + k·stepMs, startMs + (k + 1)·stepMs]`. */
export interface RateSteps {
  readonly startMs: number
  readonly stepMs: number
  readonly count: number
}

type Interval = readonly [fromMs: number, toMs: number]

/**
 * What several series were at together, per step: their levels weighted by time, over the time of which anything is
 * known. So a process that took another's place within a step counts once with it, not twice. With `isAverage`: what one
 * of them was at. Keeps nothing of a series but what its steps need, since there may be thousands.
 */
export class GroupLevels {
  readonly #steps: RateSteps
  readonly #isAverage: boolean
  readonly #sums: Float64Array
  /** For an average of all series together, else of those that know all of the step. */
  readonly #knownMs: Float64Array
  /** Of steps that no series knows all of: what each knows. */
  readonly #parts = new Map<number, Interval[]>()

  constructor(steps: RateSteps, { isAverage }: { readonly isAverage: boolean }) {
    this.#steps = steps
    this.#isAverage = isAverage
    this.#sums = new Float64Array(steps.count)
    this.#knownMs = new Float64Array(steps.count)
  }

  /** The spans of one series, ascending, none over another. `visit` is told of the steps that each takes part in. */
  add(spans: readonly Span[], visit?: (step: number, span: Span) => void): void {
    const { startMs, stepMs, count } = this.#steps
    let open = -1
    let openMs = 0
    let parts: Interval[] = []
    const close = () => {
      if (open >= 0) this.#know(open, openMs, parts)
      openMs = 0
      parts = []
    }
    for (const span of spans) {
      const first = Math.max(0, Math.floor((span.fromMs - startMs) / stepMs))
      for (let step = first; step < count; step++) {
        const fromMs = Math.max(span.fromMs, startMs + step * stepMs)
        const toMs = Math.min(span.toMs, startMs + (step + 1) * stepMs)
        if (toMs <= fromMs) {
          if (span.toMs <= fromMs) break
          continue
        }
        if (step !== open) {
          close()
          open = step
        }
        this.#sums[step]! += span.level * (toMs - fromMs)
        openMs += toMs - fromMs
        parts.push([fromMs, toMs])
        visit?.(step, span)
      }
    }
    close()
  }

  #know(step: number, ms: number, parts: readonly Interval[]): void {
    if (this.#isAverage) this.#knownMs[step]! += ms
    else if (ms >= this.#steps.stepMs) {
      this.#knownMs[step] = this.#steps.stepMs
      this.#parts.delete(step)
    } else if (this.#knownMs[step] === 0) {
      const known = this.#parts.get(step)
      if (known === undefined) this.#parts.set(step, [...parts])
      else known.push(...parts)
    }
  }

  /** Per step; NaN where nothing is known of it. */
  levels(): Float64Array {
    for (const [step, parts] of this.#parts) this.#knownMs[step] = lengthOf(parts)
    return this.#sums.map((sum, step) => (this.#knownMs[step]! > 0 ? sum / this.#knownMs[step]! : Number.NaN))
  }
}

/** Of times that any of the intervals covers, each once. */
function lengthOf(intervals: readonly Interval[]): number {
  let length = 0
  let endMs = Number.NEGATIVE_INFINITY
  for (const [fromMs, toMs] of intervals.toSorted(([a], [b]) => a - b)) {
    length += Math.max(0, toMs - Math.max(fromMs, endMs))
    endMs = Math.max(endMs, toMs)
  }
  return length
}
