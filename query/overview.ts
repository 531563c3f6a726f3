import { type Labels, labelsKey } from '../profile/labels.ts'
import { createMatcher, formatMatchers } from '../profile/matcher.ts'
import type { Measure, OverviewAnswer, WorkloadRow } from './api/overview-types.ts'
import { sortByChange } from './overview-change.ts'
import { countRestarts, type Restarts } from './overview-restarts.ts'
import type { Life, PastSeries, RecentSeries } from './overview-series.ts'
import type { Measured, MeasureName } from './overview-values.ts'
import { podOf, workloadOf } from './workload-of.ts'

export interface OverviewInput {
  /** The end of each window. */
  readonly atMs: Readonly<Record<Point, number>>
  readonly windowMs: number
  readonly lastHour: readonly RecentSeries[]
  /** What is measured. */
  readonly day: readonly PastSeries[]
  readonly week: readonly PastSeries[]
  /** Pods with a profile in the last day, by the labels of one of their series, and when the last of them came. */
  readonly seen: readonly { readonly labels: Labels; readonly newestMs: number }[]
  /** Of processes whose restarts only their counters tell: a week of them. */
  readonly lives: readonly Life[]
}

export const points = ['now', 'hour', 'day', 'week'] as const
export type Point = (typeof points)[number]

/** One row per workload that was seen in the last day, those that changed most first. */
export function overview(input: OverviewInput): OverviewAnswer {
  const workloads = new Workloads(input)
  for (const series of input.lastHour) {
    const workload = workloads.of(series.labels)
    workload.addNow(series)
    workload.measure('now', series.now)
    workload.measure('hour', series.hour)
    workload.noteNewest(series.newestMs)
  }
  for (const { labels, newestMs } of input.seen) {
    const workload = workloads.of(labels)
    workload.seen.add(podOf(labels))
    workload.noteNewest(newestMs)
  }
  for (const point of ['day', 'week'] as const) {
    for (const { labels, measured } of input[point]) workloads.known(labels)?.measure(point, measured)
  }
  const restarts = countRestarts(input, (labels) => workloads.keyOf(labels))
  return {
    at: input.atMs.now,
    windowSeconds: input.windowMs / 1000,
    workloads: sortByChange(workloads.rows(restarts)),
  }
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

  addNow({ labels, hasProfile, health }: RecentSeries): void {
    if (hasProfile) this.#pods.add(podOf(labels))
    // That a program has no such profile is for its configuration, not for 3 a.m.
    if (health === undefined || health === 'unsupported') return
    if (well.has(health)) this.#up++
    else this.#reasons.set(health, (this.#reasons.get(health) ?? 0) + 1)
  }

  measure(point: Point, measured: Measured | undefined): void {
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
