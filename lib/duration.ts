/** Milliseconds of a duration as Prometheus writes it: `90s`, `1h30m`, `5ms`, `0`. Throws a SyntaxError. */
export function parseDuration(text: string): number {
  if (text === '0') return 0
  const match = durationPattern.exec(text)
  if (text === '' || match === null) {
    throw new SyntaxError(
      `duration ${JSON.stringify(text)}: want numbers with units from y to ms, such as 1h30m`,
    )
  }
  let durationMs = 0
  for (const [index, unitMs] of unitsMs.entries()) durationMs += Number(match[index + 1] ?? 0) * unitMs
  if (!Number.isSafeInteger(durationMs)) throw new SyntaxError(`duration ${JSON.stringify(text)}: too long`)
  return durationMs
}

/** The shortest text that `parseDuration` reads back as the same number. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s'
  let text = ''
  let rest = durationMs
  for (const [index, unitMs] of unitsMs.entries()) {
    const unit = units[index]!
    // As Prometheus: years and weeks only where nothing is left over, as they hide the rest from a reader.
    if ((unit === 'y' || unit === 'w') && rest % unitMs !== 0) continue
    const count = Math.floor(rest / unitMs)
    if (count === 0) continue
    text += `${count}${unit}`
    rest -= count * unitMs
  }
  return text
}

const units = ['y', 'w', 'd', 'h', 'm', 's', 'ms'] as const
const day = 24 * 60 * 60 * 1000
const unitsMs = [365 * day, 7 * day, day, 60 * 60 * 1000, 60 * 1000, 1000, 1]
const durationPattern = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/
