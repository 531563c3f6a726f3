import { healthOfCode } from '../block/health.ts'
import { rowFlags } from '../block/rows.ts'
import { type Labels, labelsKey } from '../profile/labels.ts'
import { createMatcher, formatMatchers } from '../profile/matcher.ts'
import type { Measure, OverviewAnswer, WorkloadRow } from './api/overview-types.ts'
import { byChange } from './overview-change.ts'
import { countRestarts, type Restarts } from './overview-restarts.ts'
import { type MeasureName, measureOf } from './overview-values.ts'
import type { RowRef } from './series-values.ts'
import { podOf, workloadOf } from './workload-of.ts'

/** One series, with its rows in some range, ascending in time. */
export interface OverviewSeries {
  readonly labels: Labels
  readonly refs: readonly RowRef[]
}

export interface OverviewInput {
  /** The end of each window. */
  readonly atMs: Readonly<Record<Point, number>>
  readonly windowMs: number
  /** Everything from the beginning of the window of `hour` on. */
  readonly lastHour: readonly OverviewSeries[]
  /** What is measured, in these windows. */
  readonly day: readonly OverviewSeries[]
  readonly week: readonly OverviewSeries[]
  /** Series with a profile in the last day, and when the last of them came. */
  readonly seen: readonly { readonly labels: Labels; readonly newestMs: number }[]
  /** A week of those series that tell restarts by their counters alone. */
  readonly lives: readonly OverviewSeries[]
}

export const points = ['now', 'hour', 'day', 'week'] as const
export type Point = (typeof points)[number]

/** One row per workload that was seen in the last day, those that changed most first. */
export function overview(input: OverviewInput): OverviewAnswer {
  const { atMs, windowMs } = input
  const workloads = new Workloads(input)
  const nowSinceMs = atMs.now - windowMs
  for (const series of input.lastHour) {
    const workload = workloads.of(series.labels)
    const now = series.refs.filter(({ rows, row }) => rows.timeMs[row]! >= nowSinceMs)
    workload.addNow(series.labels, now)
    workload.measure('now', series.labels, now)
    workload.measure('hour', series.labels, within(series.refs, atMs.hour, windowMs))
    workload.noteNewest(newestOf(series.refs))
  }
  for (const { labels, newestMs } of input.seen) {
    const workload = workloads.of(labels)
    workload.seen.add(podOf(labels))
    workload.noteNewest(newestMs)
  }
  for (const point of ['day', 'week'] as const) {
    for (const { labels, refs } of input[point])
      workloads.known(labels)?.measure(point, labels, within(refs, atMs[point], windowMs))
  }
  const restarts = countRestarts(input, (labels) => workloads.keyOf(labels))
  const rows = workloads.rows(restarts)
  return { at: atMs.now, windowSeconds: windowMs / 1000, workloads: rows.sort(byChange) }
}

function within(refs: readonly RowRef[], endMs: number, windowMs: number): RowRef[] {
  return refs.filter(({ rows, row }) => {
    const timeMs = rows.timeMs[row]!
    return timeMs >= endMs - windowMs && timeMs <= endMs
  })
}

/** 0 for none. */
function newestOf(refs: readonly RowRef[]): number {
  const newest = refs.findLast(isProfile)
  return newest === undefined ? 0 : newest.rows.timeMs[newest.row]!
}

function isProfile({ rows, row }: RowRef): boolean {
  return (rows.flags[row]! & (rowFlags.body | rowFlags.thinned)) !== 0
}

class Workloads {
  readonly #withCluster: boolean
  readonly #byKey = new Map<string, Workload>()

  constructor({ lastHour, seen }: OverviewInput) {
    const clusters = new Set([...lastHour, ...seen].map(({ labels }) => labels['cluster']))
    this.#withCluster = clusters.size > 1
  }

  keyOf(labels: Labels): string {
    return labelsKey(workloadOf(labels, { withCluster: this.#withCluster }))
  }

  of(labels: Labels): Workload {
    const own = workloadOf(labels, { withCluster: this.#withCluster })
    const key = labelsKey(own)
    let workload = this.#byKey.get(key)
    if (workload === undefined) {
      workload = new Workload(own)
      this.#byKey.set(key, workload)
    }
    return workload
  }

  known(labels: Labels): Workload | undefined {
    return this.#byKey.get(this.keyOf(labels))
  }

  rows(restarts: ReadonlyMap<string, Restarts>): WorkloadRow[] {
    return [...this.#byKey].map(([key, workload]) => workload.row(restarts.get(key)))
  }
}

class Workload {
  readonly #labels: Labels
  readonly #pods = new Set<string>()
  readonly seen = new Set<string>()
  readonly #values = new Map<string, number>()
  readonly #reasons = new Map<string, number>()
  #up = 0
  #newest = 0

  constructor(labels: Labels) {
    this.#labels = labels
  }

  addNow(labels: Labels, refs: readonly RowRef[]): void {
    if (refs.some(isProfile)) this.#pods.add(podOf(labels))
    const last = refs.at(-1)
    if (last === undefined) return
    const health = healthOfCode(last.rows.health[last.row]!)
    // That a program has no such profile is for its configuration, not for 3 a.m.
    if (health === 'unsupported') return
    if (well.has(health)) this.#up++
    else this.#reasons.set(health, (this.#reasons.get(health) ?? 0) + 1)
  }

  measure(point: Point, labels: Labels, refs: readonly RowRef[]): void {
    const measured = measureOf(labels, refs)
    if (measured === undefined) return
    const key = `${measured.name} ${point}`
    this.#values.set(key, (this.#values.get(key) ?? 0) + measured.value)
  }

  noteNewest(timeMs: number): void {
    this.#newest = Math.max(this.#newest, timeMs)
  }

  row(restarts: Restarts = { hour: 0, day: 0, week: 0, last: 0 }): WorkloadRow {
    const matchers = Object.entries(this.#labels).map(([name, value]) => createMatcher(name, '=', value))
    const reasons = [...this.#reasons].map(([health, count]) => ({ health, count }))
    return {
      labels: this.#labels,
      selector: formatMatchers(matchers),
      pods: this.#pods.size,
      gonePods: [...this.seen].filter((pod) => !this.#pods.has(pod)).length,
      restarts,
      targets: {
        up: this.#up,
        failing: reasons.reduce((sum, { count }) => sum + count, 0),
        reasons: reasons.sort((a, b) => b.count - a.count || (a.health < b.health ? -1 : 1)),
      },
      cores: this.#measure('cores'),
      heapBytes: this.#measure('heapBytes'),
      goroutines: this.#measure('goroutines'),
      newest: this.#newest,
    }
  }

  #measure(name: MeasureName): Measure {
    const at = (point: Point) => this.#values.get(`${name} ${point}`) ?? null
    return { now: at('now'), hour: at('hour'), day: at('day'), week: at('week') }
  }
}

/** An idle process has empty CPU profiles, and another profiler may be at work: nothing to get up for. */
const well: ReadonlySet<string> = new Set(['ok', 'empty', 'busy'])
