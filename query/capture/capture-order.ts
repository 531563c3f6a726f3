import { z } from 'zod'

/** What one capture may ask for. */
export const captureLimits = {
  seconds: 300,
  count: 100,
  pods: 100,
  /** Of `seconds` times `count`. */
  totalSeconds: 3600,
  /** Profile types of processes, with one collector. */
  takes: 2000,
} as const

/** Also what `{capture="…"}` selects: when it began, in UTC, and something that tells it from others. */
export const captureId: z.ZodString = z
  .string()
  .regex(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/, 'want an id as POST /api/v1/capture answers it')

/** What query asks of a collector: the body of POST /api/v1/collector/captures. */
export const captureOrder = z.strictObject({
  id: captureId,
  startedMs: z.number().int().nonnegative(),
  seconds: z.number().int().min(1).max(captureLimits.seconds),
  count: z.number().int().min(1).max(captureLimits.count),
  leftOut: z.number().int().nonnegative(),
  takes: z
    .array(
      z.strictObject({
        // Of the labels of a series that the collector writes.
        series: z.string().regex(/^[0-9a-f]{16}$/, 'want the hash of a series'),
        kind: z.enum(['profile', 'goroutine_text']),
      }),
    )
    .max(captureLimits.takes),
})
export type CaptureOrder = z.output<typeof captureOrder>
export type CaptureTake = CaptureOrder['takes'][number]

/** How an order goes, in a collector's own words; a later version may say more. */
export const captureReport = z.object({
  id: z.string(),
  startedMs: z.number(),
  state: z.enum(['running', 'done']),
  leftOut: z.number(),
  items: z
    .array(
      z.object({
        labels: z.record(z.string(), z.string()),
        state: z.enum(['waiting', 'running', 'done', 'failed']),
        done: z.number(),
        count: z.number(),
        profileIds: z.array(z.string()).readonly(),
        health: z.string(),
        reason: z.string(),
        remedy: z.string(),
      }),
    )
    .readonly(),
})
export type CaptureReport = z.output<typeof captureReport>
export type CaptureReportItem = CaptureReport['items'][number]

/** `nowMs` to the second, then eight hexadecimal digits of `random`. */
export function newCaptureId(nowMs: number, random: Uint8Array): string {
  const second = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  return `${second}Z-${Buffer.from(random.subarray(0, 4)).toString('hex')}`
}

/** When a capture began, unix ms; undefined for what is no id. */
export function startOfCapture(id: string): number | undefined {
  if (!captureId.safeParse(id).success) return undefined
  const [, year, month, day, hours, minutes, seconds] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(id) ?? []
  const ms = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)
  return Number.isNaN(ms) ? undefined : ms
}
