import type { Measure, OverviewAnswer, WorkloadRow } from '../../query/api/overview-types.ts'
import { formatCores } from './coverage.ts'
import { formatBytes, formatCount } from './format.ts'
import type { UrlPatch } from './url-state.ts'

export const measures = ['cores', 'heapBytes', 'goroutines'] as const
export type MeasureName = (typeof measures)[number]

export const spans = ['hour', 'day', 'week'] as const
export type Span = (typeof spans)[number]

export const spanNames: Readonly<
  Record<Span, { readonly short: string; readonly long: string; readonly ms: number }>
> = {
  hour: { short: '1 h', long: '1 hour ago', ms: 3_600_000 },
  day: { short: '1 d', long: '1 day ago', ms: 86_400_000 },
  week: { short: '1 w', long: '1 week ago', ms: 604_800_000 },
}

export const measureNames: Readonly<
  Record<
    MeasureName,
    { readonly title: string; readonly profileType: string; readonly format: (value: number) => string }
  >
> = {
  cores: { title: 'Cores', profileType: 'cpu', format: (value) => formatCores(value).replace(' cores', '') },
  heapBytes: { title: 'Live heap', profileType: 'heap', format: formatBytes },
  goroutines: {
    title: 'Goroutines',
    profileType: 'goroutine',
    format: (value) => formatCount(Math.round(value)),
  },
}

export interface Change {
  /** With a sign, so that colour is not all that says it. */
  readonly text: string
  readonly tone: 'more' | 'less' | 'same' | 'none'
  /** How far from "as before", in factors of e, either way; 0 where nothing can be said. */
  readonly size: number
}

/** Below this share a change is noise. */
const noise = 0.05

export function changeOf(now: number | null, before: number | null): Change {
  if (now === null && before === null) return { text: '', tone: 'none', size: 0 }
  if (before === null) return { text: 'new', tone: 'more', size: 0 }
  if (now === null) return { text: 'gone', tone: 'less', size: 0 }
  if (now === before || (now <= 0 && before <= 0)) return { text: '=', tone: 'same', size: 0 }
  if (before <= 0) return { text: '+', tone: 'more', size: Number.POSITIVE_INFINITY }
  const ratio = now / before
  if (ratio <= 0) return { text: '−100 %', tone: 'less', size: Number.POSITIVE_INFINITY }
  const size = Math.abs(Math.log(ratio))
  const tone = Math.abs(ratio - 1) < noise ? 'same' : ratio > 1 ? 'more' : 'less'
  const percent = Math.round(Math.abs(ratio - 1) * 100)
  if (percent === 0) return { text: '=', tone: 'same', size }
  if (ratio >= 10) return { text: `+${formatCount(Math.round(ratio))} ×`, tone, size }
  return { text: `${ratio > 1 ? '+' : '−'}${percent} %`, tone, size }
}

/** `name`, `pods`, `restarts`, `failing`, a measure, or a measure and a span: `cores.day`; "-" before it turns it. */
export function sortRows(rows: readonly WorkloadRow[], order: string): readonly WorkloadRow[] {
  if (order === '') return rows
  const isAscending = !order.startsWith('-')
  const key = order.replace(/^-/, '')
  const value = sortValue(key)
  if (value === undefined) return rows
  return rows.toSorted((a, b) => {
    const [first, second] = [value(a), value(b)]
    const order = typeof first === 'string' ? first.localeCompare(String(second)) : first - Number(second)
    return (isAscending ? order : -order) || workloadName(a).localeCompare(workloadName(b))
  })
}

function sortValue(key: string): ((row: WorkloadRow) => number | string) | undefined {
  if (key === 'name') return workloadName
  if (key === 'pods') return ({ pods, gonePods }) => pods + gonePods / 1e6
  if (key === 'restarts') return ({ restarts }) => restarts.day + restarts.week / 1e6
  if (key === 'failing') return ({ targets }) => targets.failing
  const [measure, span] = key.split('.') as [MeasureName, Span | undefined]
  if (!measures.includes(measure)) return undefined
  if (span === undefined) return (row) => row[measure].now ?? -1
  if (!spans.includes(span)) return undefined
  return (row) => {
    const { tone, size } = changeOf(row[measure].now, row[measure][span])
    return tone === 'less' ? -size : size
  }
}

/** `text` may be several words: all must be in the labels. */
export function filterRows(rows: readonly WorkloadRow[], text: string): readonly WorkloadRow[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return rows
  return rows.filter((row) => {
    const labels = Object.values(row.labels).join(' ').toLowerCase()
    return words.every((word) => labels.includes(word))
  })
}

export function workloadName({ labels }: WorkloadRow): string {
  const { namespace, workload, service_name: service, job } = labels
  if (workload !== undefined) return workload
  return service ?? job ?? (Object.values({ ...labels, namespace }).join(' · ') || 'unnamed')
}

/** The selector of a row, for one type of profile. */
export function narrowed(selector: string, profileType: string): string {
  const inner = selector.trim().replace(/^\{/, '').replace(/\}$/, '').trim()
  return `{${inner === '' ? '' : `${inner}, `}profile_type=${JSON.stringify(profileType)}}`
}

/** The plot that shows a value of a row. */
export function explorePatch(row: WorkloadRow, measure: MeasureName): UrlPatch {
  return {
    q: narrowed(row.selector, measureNames[measure].profileType),
    from: row[measure].now === null ? 'now-1d' : 'now-1h',
    to: 'now',
  }
}

/** The comparison behind a change: as it was, and as it is now. */
export function comparePatch(
  row: WorkloadRow,
  {
    measure,
    span,
    answer,
  }: { readonly measure: MeasureName; readonly span: Span; readonly answer: OverviewAnswer },
): UrlPatch {
  const q = narrowed(row.selector, measureNames[measure].profileType)
  const windowMs = answer.windowSeconds * 1000
  const then = answer.at - spanNames[span].ms
  return {
    qa: q,
    fa: String(then - windowMs),
    ta: String(then),
    qb: q,
    fb: String(answer.at - windowMs),
    tb: String(answer.at),
  }
}

/** Where a person sees what happened around the last restart. */
export function restartPatch(row: WorkloadRow): UrlPatch {
  const { last } = row.restarts
  return {
    q: narrowed(row.selector, 'heap'),
    at: String(last),
    from: String(last - 15 * 60_000),
    to: String(last + 15 * 60_000),
  }
}

export function hasAny(measure: Measure): boolean {
  return measure.now !== null || spans.some((span) => measure[span] !== null)
}
