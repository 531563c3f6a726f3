/** Milliseconds of `90s`, `1h30m` or `1500ms`, as ProfileTargets and annotations write them; undefined for anything else. */
export function readShortDuration(text: string): number | undefined {
  if (text.length > 32 || !/^(?:[0-9]+(?:ms|s|m|h))+$/.test(text)) return undefined
  let durationMs = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|s|m|h)/g)) {
    durationMs += Number(count) * unitMs[unit as keyof typeof unitMs]
  }
  return Number.isSafeInteger(durationMs) ? durationMs : undefined
}

/** Equal durations have equal texts. Unlike `formatDuration` without days, which the CRDs do not take. */
export function writeShortDuration(durationMs: number): string {
  if (durationMs === 0) return '0s'
  let text = ''
  let rest = durationMs
  for (const [unit, ms] of Object.entries(unitMs)) {
    const count = Math.floor(rest / ms)
    if (count > 0) text += `${count}${unit}`
    rest -= count * ms
  }
  return text
}

const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const
