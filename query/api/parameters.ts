import { z } from 'zod'
import type { Matcher } from '../../profile/matcher.ts'
import { parseSelector } from '../../profile/selector.ts'
import { parseStep, parseTime, type TimeRange } from '../time.ts'
import { ApiError } from './answer.ts'
import { aggregations } from './types.ts'

/**
 * Reads a request's query string. Unknown parameters are errors, since a mistyped one would change the answer
 * silently; `seconds`, which `go tool pprof` may add, is not. Throws ApiErrors and SelectorErrors.
 */
export function readParameters<Schema extends z.ZodType>(
  schema: Schema,
  search: URLSearchParams,
): z.output<Schema> {
  const given: Record<string, string | string[]> = {}
  for (const [name, value] of search) {
    if (name === 'seconds') continue
    if (!name.endsWith('[]')) given[name] = value
    else if (Array.isArray(given[name])) given[name].push(value)
    else given[name] = [value]
  }
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  if (issue.code === 'unrecognized_keys') {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
    const wanted = known.length === 0 ? 'none' : known.join(', ')
    throw new ApiError('bad_data', `parameter ${JSON.stringify(issue.keys[0])}: unknown, want ${wanted}`)
  }
  const name = issue.path.join('.')
  throw new ApiError('bad_data', `parameter ${JSON.stringify(name)}: ${problemOf(issue, given[name])}`)
}

function problemOf(issue: z.core.$ZodIssue, value: string | string[] | undefined): string {
  if (value === undefined) return 'missing'
  if (issue.code === 'invalid_value') return `${JSON.stringify(value)}, want ${issue.values.join(', ')}`
  if (issue.code === 'invalid_type') return `${JSON.stringify(value)}, want ${issue.expected}`
  return issue.message
}

/** Turns a thrown SyntaxError into the parameter's error. */
export function parsed<Value>(parse: (text: string) => Value) {
  return z.string().transform((text, context): Value => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })
}

export const time = parsed((text) => parseTime(text, Date.now()))
const step = parsed(parseStep)
/** SelectorErrors pass through: they carry a position. */
export const selector = z.string().transform((text): Matcher[] => parseSelector(text))

export function count(max: number) {
  return z
    .string()
    .regex(/^[0-9]{1,9}$/, 'want a whole number above 0')
    .transform(Number)
    .pipe(z.number().min(1, 'want at least 1').max(max, `want at most ${max}`))
}

export const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1')
export const sampleType = { type: z.string().optional(), si: z.string().optional() }

const labelName = z.string().min(1, 'want the name of a label')

export const labelsParameters = z.strictObject({
  'match[]': z.array(selector).default([]),
  start: time.optional(),
  end: time.optional(),
  limit: count(1_000_000).optional(),
})

export const queryRangeParameters = z.strictObject({
  query: selector,
  start: time.optional(),
  end: time.optional(),
  step: step.optional(),
  agg: z.enum(aggregations).optional(),
  limit: count(1_000_000).default(50_000),
  ...sampleType,
})

export const breakdownParameters = z.strictObject({
  query: selector,
  start: time.optional(),
  end: time.optional(),
  by: labelName,
  agg: z.enum(aggregations).optional(),
  ...sampleType,
})

export const heatmapParameters = z.strictObject({
  query: selector,
  start: time.optional(),
  end: time.optional(),
  columns: count(2000).default(200),
  rows: count(500).default(50),
  ...sampleType,
})

export const explainParameters = z.strictObject({
  query: selector,
  start: time.optional(),
  end: time.optional(),
})

export const profileOrders = ['time', 'total'] as const

export const profilesParameters = z.strictObject({
  query: selector,
  start: time.optional(),
  end: time.optional(),
  sort: z.enum(profileOrders).default('time'),
  limit: count(10_000).default(100),
  cursor: z.string().optional(),
  ...sampleType,
})

export const headParameters = z.strictObject({
  'match[]': z.array(selector).max(1, 'want at most one').default([]),
  start: time.optional(),
  end: time.optional(),
  without_bodies: flag.default(false),
})

/** `at` is what now is. */
export const overviewParameters = z.strictObject({ at: time.optional() })
export const storageParameters = z.strictObject({
  by: labelName,
  start: time.optional(),
  end: time.optional(),
})
export const blocksParameters = z.strictObject({ start: time.optional(), end: time.optional() })
export const noParameters = z.strictObject({})

/** The last hour unless the request says otherwise. */
export function rangeOf(given: {
  readonly start?: number | undefined
  readonly end?: number | undefined
}): TimeRange {
  const endMs = given.end ?? Date.now()
  const startMs = given.start ?? endMs - 60 * 60 * 1000
  if (startMs > endMs) throw new ApiError('bad_data', `range: start ${startMs} ms lies after end ${endMs} ms`)
  return { startMs, endMs }
}
