/** Both ends as the URL holds them: `now`, `now-90m`, unix milliseconds, or a date as `Date.parse` reads it. */
export interface TimeRange {
  readonly from: string
  readonly to: string
}

export interface ResolvedRange {
  readonly startMs: number
  readonly endMs: number
}

/** Short, so that who has just started sees dots arrive, not a crowd at the right edge. */
export const defaultRange: TimeRange = { from: 'now-15m', to: 'now' }

export const rangePresets: readonly { readonly label: string; readonly from: string }[] = [
  { label: 'Last 15 minutes', from: 'now-15m' },
  { label: 'Last hour', from: 'now-1h' },
  { label: 'Last 3 hours', from: 'now-3h' },
  { label: 'Last 6 hours', from: 'now-6h' },
  { label: 'Last 12 hours', from: 'now-12h' },
  { label: 'Last 24 hours', from: 'now-1d' },
  { label: 'Last 2 days', from: 'now-2d' },
  { label: 'Last 7 days', from: 'now-7d' },
]

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/** Unix milliseconds, or undefined where the text says no time. A date without a zone is read in `utc` or local time. */
export function resolveTime(
  text: string,
  options: { readonly nowMs: number; readonly utc: boolean },
): number | undefined {
  const trimmed = text.trim()
  const relative = /^now(?:\s*-\s*((?:\d+(?:ms|[smhdwy]))+))?$/.exec(trimmed)
  if (relative !== null) return options.nowMs - durationMs(relative[1] ?? '')
  if (/^\d{10,}$/.test(trimmed)) return Number(trimmed) * (trimmed.length <= 10 ? 1000 : 1)
  const date =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/.exec(
      trimmed,
    )
  if (date === null) return undefined
  const [, day, time = '00:00', zone] = date
  const suffix = zone === undefined ? (options.utc ? 'Z' : '') : zone === 'UTC' ? 'Z' : zone
  const parsed = Date.parse(
    `${day}T${time.padStart(time.length === 4 || time.length === 7 ? time.length + 1 : time.length, '0')}${suffix}`,
  )
  return Number.isNaN(parsed) ? undefined : parsed
}

/** Falls back to the last hour where an end cannot be read or the range would be empty. */
export function resolveRange(
  range: TimeRange,
  options: { readonly nowMs: number; readonly utc: boolean },
): ResolvedRange {
  const startMs = resolveTime(range.from, options)
  const endMs = resolveTime(range.to, options)
  if (startMs === undefined || endMs === undefined || startMs >= endMs) {
    return { startMs: options.nowMs - 3_600_000, endMs: options.nowMs }
  }
  return { startMs, endMs }
}

/** Whether the range moves with the clock. */
export function isRelative(range: TimeRange): boolean {
  return range.to.trim().startsWith('now')
}

export function describeRange(
  range: TimeRange,
  options: { readonly utc: boolean; readonly format: (ms: number) => string },
): string {
  const preset = rangePresets.find(({ from }) => from === range.from)
  if (preset !== undefined && range.to === 'now') return preset.label
  const show = (text: string) => {
    if (text.startsWith('now')) return text
    const ms = resolveTime(text, { nowMs: 0, utc: options.utc })
    return ms === undefined ? text : options.format(ms)
  }
  return `${show(range.from)} → ${show(range.to)}`
}

function durationMs(text: string): number {
  let sum = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g))
    sum += Number(count) * (unitMs[unit ?? ''] ?? 0)
  return sum
}
