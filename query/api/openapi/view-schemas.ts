import { z } from 'zod'
import type { ViewAnswer } from '../types.ts'
import {
  type BaseAnswer,
  type BreakdownAnswer,
  granularities,
  type HeatmapAnswer,
  type PeekAnswer,
  type SourceAnswer,
  type TableAnswer,
  type TagsAnswer,
  type TreeAnswer,
} from '../view-types.ts'
import { coverageFields, sampleType, sampleTypeFields } from './query-schemas.ts'
import { count, int64, schemaOf, unixMs } from './same-type.ts'

const viewFields = {
  ...coverageFields,
  ...sampleTypeFields,
  sampleTypes: z.array(sampleType),
  sum: int64,
  time: unixMs,
} satisfies Record<keyof ViewAnswer, z.ZodType>

const base = schemaOf<BaseAnswer>()(z.strictObject({ ...coverageFields, sum: int64, time: unixMs })).meta({
  id: 'Base',
})

const compared = { base: base.exactOptional() }

export const treeAnswer = schemaOf<TreeAnswer>()(
  z.strictObject({
    ...viewFields,
    names: z.array(z.string()),
    depth: z.array(count),
    name: z.array(count),
    self: z.array(int64),
    total: z.array(int64),
    baseSelf: z.array(int64).exactOptional(),
    baseTotal: z.array(int64).exactOptional(),
    ...compared,
    rest: z
      .array(z.strictObject({ row: count, path: z.string().regex(/^[0-9a-f]{16}$/), nodes: count }))
      .exactOptional(),
  }),
).meta({ id: 'Tree' })

const rowFields = {
  name: z.string(),
  file: z.string(),
  flat: int64,
  cum: int64,
  line: count.exactOptional(),
  baseFlat: int64.exactOptional(),
  baseCum: int64.exactOptional(),
}

export const tableAnswer = schemaOf<TableAnswer>()(
  z.strictObject({
    ...viewFields,
    total: int64,
    functions: z.array(z.strictObject(rowFields)),
    granularity: z.enum(granularities),
    ...compared,
    baseTotal: int64.exactOptional(),
  }),
).meta({ id: 'Table' })

const edges = z.array(
  z.strictObject({
    name: z.string(),
    value: int64,
    baseValue: int64.exactOptional(),
    isInline: z.boolean(),
  }),
)

export const peekAnswer = schemaOf<PeekAnswer>()(
  z.strictObject({
    ...viewFields,
    total: int64,
    granularity: z.enum(granularities),
    nodes: z.array(z.strictObject({ ...rowFields, callers: edges, callees: edges })),
    ...compared,
  }),
).meta({ id: 'Peek' })

export const sourceAnswer = schemaOf<SourceAnswer>()(
  z.strictObject({
    ...viewFields,
    total: int64,
    functions: z.array(
      z.strictObject({
        name: z.string(),
        file: z.string(),
        startLine: z.int(),
        flat: int64,
        cum: int64,
        baseFlat: int64.exactOptional(),
        baseCum: int64.exactOptional(),
        lines: z.array(
          z.strictObject({
            line: z.int(),
            flat: int64,
            cum: int64,
            baseFlat: int64.exactOptional(),
            baseCum: int64.exactOptional(),
          }),
        ),
      }),
    ),
    ...compared,
  }),
).meta({ id: 'Source' })

export const tagsAnswer = schemaOf<TagsAnswer>()(
  z.strictObject({
    ...viewFields,
    total: int64,
    tags: z.array(
      z.strictObject({
        key: z.string(),
        unit: z.string(),
        total: int64,
        values: z.array(z.strictObject({ value: z.string(), total: int64 })),
      }),
    ),
    ...compared,
  }),
).meta({ id: 'Tags' })

/** As speedscope's file format says; its own schema is at speedscope.app. */
export const speedscopeFile = z
  .looseObject({ $schema: z.string(), shared: z.looseObject({}), profiles: z.array(z.looseObject({})) })
  .meta({ id: 'SpeedscopeFile' })

export const breakdownAnswer = schemaOf<BreakdownAnswer>()(
  z.strictObject({
    ...coverageFields,
    ...sampleTypeFields,
    by: z.string(),
    groups: z.array(z.strictObject({ ...coverageFields, value: z.string(), total: int64 })),
  }),
)

export const heatmapAnswer = schemaOf<HeatmapAnswer>()(
  z.strictObject({
    ...coverageFields,
    ...sampleTypeFields,
    startMs: z.int(),
    stepMs: z.int().min(1),
    columns: count,
    minValue: z.number(),
    maxValue: z.number(),
    rows: count,
    cells: z.array(z.tuple([count, count, count])),
  }),
)
