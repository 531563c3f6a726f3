import { z } from 'zod'
import type { Measure, OverviewAnswer, PinsAnswer, StorageAnswer } from '../overview-types.ts'
import { count, labels, schemaOf, unixMs } from './same-type.ts'

const value = z.number().nullable()
const measure = schemaOf<Measure>()(
  z.strictObject({ now: value, hour: value, day: value, week: value }),
).meta({ id: 'Measure' })

export const overviewAnswer = schemaOf<OverviewAnswer>()(
  z.strictObject({
    at: unixMs,
    windowSeconds: count,
    workloads: z.array(
      z
        .strictObject({
          labels,
          selector: z.string(),
          pods: count,
          gonePods: count,
          restarts: z.strictObject({ hour: count, day: count, week: count, last: unixMs }),
          targets: z.strictObject({
            up: count,
            failing: count,
            reasons: z.array(z.strictObject({ health: z.string(), count })),
          }),
          cores: measure,
          heapBytes: measure,
          goroutines: measure,
          newest: unixMs,
        })
        .meta({ id: 'Workload' }),
    ),
  }),
)

export const storageAnswer = schemaOf<StorageAnswer>()(
  z.strictObject({
    by: z.string(),
    storedBytes: count,
    scrapedBytes: count,
    groups: z.array(
      z.strictObject({
        value: z.string(),
        series: count,
        profiles: count,
        attempts: count,
        scrapedBytes: count,
        storedBytes: count,
      }),
    ),
  }),
)

export const pinsAnswer = schemaOf<PinsAnswer>()(
  z.strictObject({
    pins: z.array(
      z.strictObject({ name: z.string(), match: z.string(), start: unixMs, end: unixMs }).meta({ id: 'Pin' }),
    ),
  }),
)
