import { z } from 'zod'
import {
  aggregations,
  type CoverageAnswer,
  type ErrorAnswer,
  type ExplainAnswer,
  type LabelsAnswer,
  type ProfilesAnswer,
  type QueryRangeAnswer,
  type SampleTypeAnswer,
  type SeriesAnswer,
} from '../types.ts'
import { count, int64, labels, schemaOf, seconds, unixMs } from './same-type.ts'

export const errorAnswer = schemaOf<ErrorAnswer>()(
  z.strictObject({
    status: z.literal('error'),
    errorType: z.enum([
      'bad_data',
      'forbidden',
      'execution',
      'timeout',
      'canceled',
      'unavailable',
      'not_found',
      'too_large',
      'internal',
    ]),
    error: z.string(),
    position: z.strictObject({ from: count, to: count }).exactOptional(),
    warnings: z.array(z.string()).exactOptional(),
  }),
).meta({ id: 'Error' })

export const labelsAnswer = schemaOf<LabelsAnswer>()(z.array(z.string()))
export const seriesAnswer = schemaOf<SeriesAnswer>()(z.array(labels))

export const sampleTypeFields = { type: z.string(), unit: z.string() }
export const sampleType = schemaOf<SampleTypeAnswer>()(z.strictObject(sampleTypeFields)).meta({
  id: 'SampleType',
})

export const coverageFields = {
  coveredSeconds: seconds,
  rangeSeconds: seconds,
  profiles: count,
  series: count,
} satisfies Record<keyof CoverageAnswer, z.ZodType>

export const queryRangeAnswer = schemaOf<QueryRangeAnswer>()(
  z.strictObject({
    resultType: z.literal('matrix'),
    ...sampleTypeFields,
    kind: z.enum(['gauge', 'counter', 'duration']),
    agg: z.enum(aggregations).exactOptional(),
    sampleTypes: z.array(sampleType),
    newest: unixMs,
    ...coverageFields,
    result: z.array(
      z
        .strictObject({
          metric: labels,
          hash: z.string().regex(/^[0-9a-f]{16}$/),
          values: z.array(z.tuple([unixMs, int64])),
          coveredSeconds: z.array(seconds).exactOptional(),
          failures: z.array(z.tuple([unixMs, z.string(), count])),
          restarts: z.array(unixMs),
          newest: unixMs,
        })
        .meta({ id: 'MatrixSeries' }),
    ),
  }),
)

export const profilesAnswer = schemaOf<ProfilesAnswer>()(
  z.strictObject({
    profiles: z.array(
      z
        .strictObject({
          id: z.string().regex(/^\d+-[0-9a-f]{16}$/),
          time: unixMs,
          labels,
          durationSeconds: seconds,
          scrapeSeconds: seconds,
          sizeBytes: count,
          totals: z.array(z.strictObject({ ...sampleTypeFields, value: int64 })),
          health: z.string(),
          httpStatus: count,
          hasBody: z.boolean(),
        })
        .meta({ id: 'Profile' }),
    ),
    next: z.string().exactOptional(),
  }),
)

export const explainAnswer = schemaOf<ExplainAnswer>()(
  z.strictObject({
    series: count,
    matchers: z.array(
      z.strictObject({ matcher: z.string(), seriesWithout: count, values: z.array(z.string()) }),
    ),
    before: unixMs,
    after: unixMs,
  }),
)
