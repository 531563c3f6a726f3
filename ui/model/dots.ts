import type { QueryRangeAnswer } from '../../query/api/types.ts'

/** One series of the plot: times ascending, and what to draw there. */
export interface DotSeries {
  readonly hash: string
  readonly labels: Readonly<Record<string, string>>
  readonly times: Float64Array
  readonly values: Float64Array
  readonly failures: readonly DotFailure[]
  /** When another process was first seen in the place of this one, ascending. */
  readonly restarts: readonly number[]
  /** Of the newest profile, unix ms; 0 where there was none. */
  readonly newest: number
}

export interface DotFailure {
  readonly timeMs: number
  readonly health: string
  readonly httpStatus: number
}

/** A dot, a failed attempt (`failure` set), or a restart (`isRestart`). */
export interface Dot {
  readonly series: number
  readonly timeMs: number
  readonly value: number
  readonly id: string
  readonly failure?: DotFailure
  readonly isRestart?: true
}

/** `perSecond` divides by what a profile covers: CPU time becomes cores in use. */
export function toDotSeries(answer: QueryRangeAnswer, { perSecond = false } = {}): DotSeries[] {
  return answer.result.map((series) => ({
    hash: series.hash,
    labels: series.metric,
    times: Float64Array.from(series.values, ([ms]) => ms),
    values: Float64Array.from(series.values, ([, value], index) => {
      if (!perSecond) return Number(value)
      const covered = series.coveredSeconds?.[index] ?? 0
      return covered > 0 ? Number(value) / 1e9 / covered : 0
    }),
    failures: (series.failures ?? []).map(([timeMs, health, httpStatus]) => ({ timeMs, health, httpStatus })),
    restarts: series.restarts ?? [],
    newest: series.newest ?? 0,
  }))
}

/** The largest values first: which profiles to look at. */
export function largestDots(series: readonly DotSeries[], limit: number): Dot[] {
  const all: Dot[] = []
  for (const [index, { times, values, hash }] of series.entries())
    for (let at = 0; at < times.length; at++)
      all.push({ series: index, timeMs: times[at]!, value: values[at]!, id: `${times[at]!}-${hash}` })
  return all.sort((a, b) => b.value - a.value || b.timeMs - a.timeMs).slice(0, limit)
}

/**
 * Which series share a colour and a line of the legend: those with one value of the label `by`. Without it each, with
 * what was taken of the same process by "Profile now".
 */
export interface DotGroup {
  /** For the address: the hash of the series, or the value, escaped. */
  readonly key: string
  readonly name: string
  /** Of the label, where the group is of one. */
  readonly value?: string
  readonly series: readonly number[]
}

export function groupDots(series: readonly DotSeries[], by: string): DotGroup[] {
  if (by === '') {
    const scheduled = series.map((each) => ({ ...each, labels: withoutCapture(each.labels) }))
    const groups = [
      ...Map.groupBy(series.keys(), (index) => JSON.stringify(scheduled[index]?.labels)).values(),
    ]
      // What is scheduled stands for the group, wherever it comes in the answer.
      .map((members) =>
        members.toSorted((a, b) => Number(isCapture(series[a]!)) - Number(isCapture(series[b]!))),
      )
    const differing = differingLabels(groups.map(([first]) => scheduled[first!]!))
    return groups.map((members) => {
      const { labels, hash } = scheduled[members[0]!]!
      return { key: hash, name: seriesName(labels, differing), series: members }
    })
  }
  const groups = Map.groupBy(series.keys(), (index) => series[index]?.labels[by] ?? '')
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, members]) => ({
      key: `v${encodeURIComponent(value)}`,
      name: value === '' ? `without ${by}` : value,
      value,
      series: members,
    }))
}

/** Of each series the number of its group. */
export function groupColors(groups: readonly DotGroup[]): number[] {
  const colors: number[] = []
  for (const [index, { series }] of groups.entries()) for (const member of series) colors[member] = index
  return colors
}

/** Whether somebody asked for its profiles, beside those that are taken by themselves. */
export function isCapture({ labels }: Pick<DotSeries, 'labels'>): boolean {
  return labels['capture'] !== undefined
}

function withoutCapture({ capture: _, ...labels }: Readonly<Record<string, string>>) {
  return labels
}

/** Labels by which it makes sense to group: those with more than one value. */
export function groupingLabels(series: readonly DotSeries[]): string[] {
  const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)))
  return [...names]
    .filter((name) => new Set(series.map(({ labels }) => labels[name] ?? '')).size > 1)
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

export interface DotScale {
  readonly x: (timeMs: number) => number
  readonly y: (value: number) => number
  /** Milliseconds a pixel stands for. */
  readonly msPerPx: number
  /** Where ticks of failed attempts are drawn. */
  readonly failureY: number
  /** Where restarts are drawn. */
  readonly restartY: number
}

/** The dot nearest to a place in pixels, or undefined where none is within `reachPx`. */
export function nearestDot(
  series: readonly DotSeries[],
  place: { readonly x: number; readonly y: number; readonly timeMs: number },
  scale: DotScale,
  reachPx: number,
): Dot | undefined {
  let best: Dot | undefined
  let bestDistance = reachPx * reachPx
  const reachMs = reachPx * scale.msPerPx
  for (const [index, { times, values, failures, restarts, hash }] of series.entries()) {
    for (let at = firstNotBefore(times, place.timeMs - reachMs); at < times.length; at++) {
      const timeMs = times[at]!
      if (timeMs > place.timeMs + reachMs) break
      const distance = (scale.x(timeMs) - place.x) ** 2 + (scale.y(values[at]!) - place.y) ** 2
      if (distance >= bestDistance) continue
      bestDistance = distance
      best = { series: index, timeMs, value: values[at]!, id: `${timeMs}-${hash}` }
    }
    for (const failure of failures) {
      if (Math.abs(failure.timeMs - place.timeMs) > reachMs) continue
      const distance = (scale.x(failure.timeMs) - place.x) ** 2 + (scale.failureY - place.y) ** 2
      if (distance >= bestDistance) continue
      bestDistance = distance
      best = { series: index, timeMs: failure.timeMs, value: 0, id: `${failure.timeMs}-${hash}`, failure }
    }
    for (const timeMs of restarts) {
      if (Math.abs(timeMs - place.timeMs) > reachMs) continue
      const distance = (scale.x(timeMs) - place.x) ** 2 + (scale.restartY - place.y) ** 2
      if (distance >= bestDistance) continue
      bestDistance = distance
      best = { series: index, timeMs, value: 0, id: `${timeMs}-${hash} restart`, isRestart: true }
    }
  }
  return best
}

/** The profile after (+1) or before (-1) `id` in its own series; the newest of all where `id` is not there. */
export function stepDot(series: readonly DotSeries[], id: string, step: 1 | -1): string | undefined {
  const dash = id.indexOf('-')
  const hash = id.slice(dash + 1)
  const own = series.find((candidate) => candidate.hash === hash)
  if (dash > 0 && own !== undefined) {
    const timeMs = Number(id.slice(0, dash))
    const at = firstNotBefore(own.times, timeMs)
    const next = own.times[step < 0 ? at - 1 : own.times[at] === timeMs ? at + 1 : at]
    return next === undefined ? undefined : `${next}-${hash}`
  }
  let newest: string | undefined
  let newestMs = Number.NEGATIVE_INFINITY
  for (const candidate of series) {
    const last = candidate.times.at(-1)
    if (last === undefined || last <= newestMs) continue
    newestMs = last
    newest = `${last}-${candidate.hash}`
  }
  return newest
}

/** The fewest labels that tell the series apart, most telling first; what all share says nothing in a legend. */
export function differingLabels(series: readonly DotSeries[]): string[] {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))]
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const chosen: string[] = []
  let told = Math.min(1, series.length)
  for (const name of names) {
    if (told === series.length) break
    const now = countDistinct(series, [...chosen, name])
    if (now > told) chosen.push(name)
    told = now
  }
  return chosen
}

function countDistinct(series: readonly DotSeries[], names: readonly string[]): number {
  return new Set(series.map(({ labels }) => JSON.stringify(names.map((name) => labels[name] ?? '')))).size
}

/** What tells a series from the others in few words. */
export function seriesName(labels: Readonly<Record<string, string>>, differing: readonly string[]): string {
  const parts = differing.map((name) => labels[name] ?? '').filter((value) => value !== '')
  if (parts.length > 0) return parts.join(' · ')
  const type = labels['profile_type']
  const who = labels['service_name'] ?? labels['job'] ?? labels['instance']
  return [who, type].filter((part) => part !== undefined).join(' · ') || 'profiles'
}

/** Whose address it is, in Kubernetes, where an address alone says little; "" elsewhere. */
export function processName(labels: Readonly<Record<string, string>>): string {
  const { namespace, pod, container } = labels
  if (pod === undefined) return ''
  return [namespace === undefined ? pod : `${namespace}/${pod}`, container]
    .filter((part) => part !== undefined)
    .join(' · ')
}

export function firstNotBefore(times: Float64Array, timeMs: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! < timeMs) low = middle + 1
    else high = middle
  }
  return low
}

const telling = [
  'service_name',
  'job',
  'namespace',
  'workload',
  'pod',
  'container',
  'instance',
  'profile_type',
  'version',
]

function rank(name: string): number {
  const at = telling.indexOf(name)
  return at < 0 ? telling.length : at
}
