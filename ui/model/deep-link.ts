import { type Condition, formatSelector, quoteRegex } from './selector-format.ts'
import { resolveTime } from './time-range.ts'

/** Labels that an address of another program may name: `/?namespace=shop&pod=cart-1&at=…`. See docs/links.md. */
export const linkLabels = ['namespace', 'workload', 'pod', 'container', 'service_name', 'job'] as const

/** Half of the range that is shown around `at`. */
export const aroundMs = 15 * 60_000

/**
 * The explore page's query string for such an address. Keys it does not know stay. Without a `type` it is `cpu`,
 * because values of several types have no sum. A time that cannot be read shows the newest profiles.
 */
export function readDeepLink(search: string, nowMs: number): string {
  const given = withoutVar(new URLSearchParams(search))
  const out = new URLSearchParams()
  const conditions = linkLabels.flatMap((label): Condition[] => {
    const values = [...new Set(given.getAll(label))].filter((value) => value !== '' && value !== grafanaAll)
    const [first] = values
    if (first === undefined) return []
    if (values.length === 1) return [{ label, op: '=', value: first }]
    return [{ label, op: '=~', value: values.map(quoteRegex).join('|') }]
  })
  const asked = given.get('type') || 'cpu'
  const profileType = profileTypeOf[asked]
  conditions.push({ label: 'profile_type', op: '=', value: profileType ?? asked })
  out.set('q', formatSelector(conditions))
  if (profileType !== undefined) out.set('type', asked)
  const at = readAt(given.get('at') ?? '', nowMs)
  if (at !== undefined) {
    out.set('at', String(at))
    if (!given.has('from') && !given.has('to')) {
      out.set('from', String(at - aroundMs))
      out.set('to', String(Math.max(at + 60_000, Math.min(at + aroundMs, nowMs))))
    }
  }
  for (const [key, value] of given) {
    if (key !== 'type' && key !== 'at' && !(linkLabels as readonly string[]).includes(key))
      out.append(key, value)
  }
  return `?${out}`
}

/** RFC 3339, unix seconds (also with a fraction), unix ms, or `now-5m`; unix ms, undefined where it is none. */
export function readAt(text: string, nowMs: number): number | undefined {
  // A "+" that nobody escaped arrives as a space.
  const trimmed = text.trim().replace(/ (\d{2}:\d{2})$/, '+$1')
  if (/^\d{9,10}\.\d+$/.test(trimmed)) return Math.round(Number(trimmed) * 1000)
  const ms = resolveTime(trimmed, { nowMs, utc: true })
  return ms === undefined ? undefined : Math.round(ms)
}

/** Grafana writes `var-pod=a&var-pod=b` for a variable of several values. */
function withoutVar(given: URLSearchParams): URLSearchParams {
  return new URLSearchParams(
    [...given].map(([key, value]) => {
      const label = key.replace(/^var-/, '')
      return (linkLabels as readonly string[]).includes(label) ? [label, value] : [key, value]
    }),
  )
}

/** What Grafana sends for a variable of which everything is chosen. */
const grafanaAll = '$__all'

/** Sample types that people name when they mean a profile type. */
const profileTypeOf: Readonly<Record<string, string>> = {
  inuse_space: 'heap',
  inuse_objects: 'heap',
  alloc_space: 'allocs',
  alloc_objects: 'allocs',
  contentions: 'mutex',
  delay: 'block',
}
