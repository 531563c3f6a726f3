import { parseDuration } from '../lib/duration.ts'

/**
 * Unix milliseconds of a time in a request: unix seconds with an optional fraction, RFC 3339, `now`, `now-1h`.
 * Throws a SyntaxError.
 */
export function parseTime(text: string, nowMs: number): number {
  if (/^-?\d+(\.\d*)?$/.test(text)) {
    const timeMs = Math.round(Number(text) * 1000)
    if (Math.abs(timeMs) > maxTimeMs) {
      throw new SyntaxError(
        `time ${JSON.stringify(text)}: want unix seconds, and these are beyond the year 9999`,
      )
    }
    return timeMs
  }
  const relative = /^now(?:([+-])(.+))?$/.exec(text)
  if (relative !== null) {
    const offsetMs = relative[2] === undefined ? 0 : parseDuration(relative[2])
    return nowMs + (relative[1] === '-' ? -offsetMs : offsetMs)
  }
  if (rfc3339.test(text)) {
    const timeMs = Date.parse(text.toUpperCase())
    if (!Number.isNaN(timeMs)) return timeMs
  }
  throw new SyntaxError(
    `time ${JSON.stringify(text)}: want unix seconds, RFC 3339 such as 2026-01-02T15:04:05Z, or now-1h`,
  )
}

/** Milliseconds of a step: a duration, or seconds with an optional fraction. Throws a SyntaxError. */
export function parseStep(text: string): number {
  const stepMs = /^\d+(\.\d*)?$/.test(text) ? Math.round(Number(text) * 1000) : parseDuration(text)
  if (!(stepMs > 0) || stepMs > maxTimeMs)
    throw new SyntaxError(`step ${JSON.stringify(text)}: want more than 0`)
  return stepMs
}

/** Both ends belong to it. */
export interface TimeRange {
  readonly startMs: number
  readonly endMs: number
}

const maxTimeMs = Date.UTC(9999, 11, 31)
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
