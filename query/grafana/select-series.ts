import { breathing } from '../../lib/breathing.ts'
import { type Labels, labelsKey, profileId } from '../../profile/labels.ts'
import { ApiError } from '../api/answer.ts'
import type { RouteRequest } from '../api/create-api.ts'
import type { KindAnswer } from '../api/types.ts'
import { rowsInOrder } from '../select.ts'
import { kindOf } from '../series-values.ts'
import type { TimeRange } from '../time.ts'
import { type Span, spansOf } from './covered-rates.ts'
import type { GrafanaSelector } from './grafana-selector.ts'
import { GroupLevels, type RateSteps } from './group-levels.ts'
import type { ProfileTypeId } from './profile-type-id.ts'
import { selectRows } from './selected-series.ts'
import { withServiceName } from './typed-series.ts'

export interface SeriesRequest extends TimeRange {
  readonly id: ProfileTypeId
  readonly selector: GrafanaSelector
  readonly groupBy: readonly string[]
  readonly stepMs: number
  readonly isAverage: boolean
  /** Only so many, those with the largest sums; all without it. */
  readonly limit?: number | undefined
  /** Tells of each point the profile that is the largest part of it. */
  readonly withExemplars: boolean
}

export interface PlottedSeries {
  /** Those of `groupBy` that its series have. */
  readonly labels: Labels
  readonly points: readonly PlottedPoint[]
}

export interface PlottedPoint {
  /** The end of the time that it tells of. */
  readonly timeMs: number
  readonly value: number
  readonly exemplar?: Exemplar
}

export interface Exemplar {
  readonly timeMs: number
  readonly profileId: string
  readonly value: number
  readonly labels: Labels
}

/**
 * Plots of totals. A point tells of the step that ends there. For gauges it is what there was; for all else what there
 * would have been in the whole step at the rate that was seen, since those who ask divide by the step again: a process
 * that burns one core reads 1e9 nanoseconds times the step's seconds, however often and for how long it was profiled.
 */
export async function selectSeries(
  asked: SeriesRequest,
  request: RouteRequest,
): Promise<{ readonly series: readonly PlottedSeries[]; readonly warnings: readonly string[] }> {
  const steps = stepsOf(asked)
  const { id, selector, groupBy } = asked
  const range = { startMs: asked.startMs - lookbackMs, endMs: asked.endMs, withoutBodies: true }
  const { series: selected, warnings } = await selectRows(selector, range, request)
  const groups = new Map<string, Group>()
  const breathe = breathing(request.signal)
  for (const { labels, parts } of selected) {
    await breathe()
    const sampleType = { type: id.sampleType, unit: id.sampleUnit }
    const kind = kindOf(sampleType, labels['profile_type'] ?? '')
    const spans = spansOf(rowsInOrder(parts), id.sampleType, { kind, startMs: range.startMs })
    if (spans.length === 0) continue
    const own = grouped(withServiceName(labels), groupBy)
    const key = labelsKey(own)
    const group = groups.get(key) ?? newGroup(own, kind, { asked, steps })
    groups.set(key, group)
    const { best } = group
    group.levels.add(spans, best && ((step, span) => keepBest(best, step, { span, labels })))
  }
  const plotted = [...groups.values()].map((group) => plot(group, { asked, steps }))
  const found = plotted.filter(({ points }) => points.length > 0)
  found.sort((a, b) => sumOf(b) - sumOf(a) || (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1))
  return { series: found.slice(0, asked.limit), warnings }
}

/** So that the first steps know what was there before them. */
const lookbackMs = 5 * 60 * 1000

interface Group {
  readonly labels: Labels
  readonly kind: KindAnswer
  readonly levels: GroupLevels
  /** Per step the span with the highest level; only where exemplars are asked for. */
  readonly best: (Best | undefined)[] | undefined
}

interface Best {
  readonly span: Span
  readonly labels: Labels
}

function newGroup(
  labels: Labels,
  kind: KindAnswer,
  { asked, steps }: { readonly asked: SeriesRequest; readonly steps: RateSteps },
): Group {
  const { isAverage, withExemplars } = asked
  const best = withExemplars ? new Array<Best | undefined>(steps.count).fill(undefined) : undefined
  return { labels, kind, levels: new GroupLevels(steps, { isAverage }), best }
}

function keepBest(best: (Best | undefined)[], step: number, candidate: Best): void {
  const known = best[step]
  if (known === undefined || candidate.span.level > known.span.level) best[step] = candidate
}

/** From `startMs` on; one step where the range is shorter than that. */
function stepsOf({ startMs, endMs, stepMs }: SeriesRequest): RateSteps {
  const count = Math.floor((endMs - startMs) / stepMs)
  if (count > maxSteps)
    throw new ApiError('bad_data', `step: ${count} steps in the range, want at most ${maxSteps}`)
  return count > 0 ? { startMs, stepMs, count } : { startMs, stepMs: Math.max(1, endMs - startMs), count: 1 }
}

const maxSteps = 11_000

function grouped(labels: Labels, names: readonly string[]): Labels {
  const pairs = names
    .filter((name) => labels[name] !== undefined)
    .map((name) => [name, labels[name]!] as const)
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function plot(
  { labels, kind, levels, best }: Group,
  { asked, steps }: { readonly asked: SeriesRequest; readonly steps: RateSteps },
): PlottedSeries {
  const points: PlottedPoint[] = []
  for (const [step, level] of levels.levels().entries()) {
    if (Number.isNaN(level)) continue
    const largest = best?.[step]
    points.push({
      timeMs: steps.startMs + (step + 1) * steps.stepMs,
      value: kind === 'gauge' ? level : level * asked.stepMs,
      ...(largest === undefined ? {} : { exemplar: exemplarOf(largest.span, largest.labels, labels) }),
    })
  }
  return { labels, points }
}

function exemplarOf(span: Span, labels: Labels, group: Labels): Exemplar {
  const { rows, row } = span.ref
  const timeMs = rows.timeMs[row]!
  return {
    timeMs,
    profileId: profileId(timeMs, labels),
    value: span.value,
    labels: Object.fromEntries(
      Object.entries(withServiceName(labels)).filter(([name]) => group[name] === undefined),
    ),
  }
}

function sumOf({ points }: PlottedSeries): number {
  return points.reduce((sum, { value }) => sum + value, 0)
}
