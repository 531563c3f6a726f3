import { z } from 'zod'
import { ApiError } from '../api/answer.ts'
import { readParameters } from '../api/parameters.ts'
import { parseTime, type TimeRange } from '../time.ts'
import type { MergeRequest } from './merged-answer.ts'
import { parseProfileTypeId } from './profile-type-id.ts'
import { selectorOf, understood } from './request-terms.ts'
import { splitQuery } from './split-query.ts'

const count = z
  .string()
  .regex(/^\d{1,9}$/, 'want a whole number')
  .transform(Number)

/** What else is sent, such as a name or a tenant, changes nothing. */
const renderSchema = z.object({
  query: z.string(),
  from: z.string().default('now-1h'),
  until: z.string().default('now'),
  'max-nodes': count.optional(),
  maxNodes: count.optional(),
  format: z.enum(['json', 'dot']).default('json'),
  groupBy: z.string().optional(),
  aggregation: z.enum(['sum', 'average']).default('sum'),
})

const renderDiffSchema = z.object({
  leftQuery: z.string(),
  leftFrom: z.string().default('now-1h'),
  leftUntil: z.string().default('now'),
  rightQuery: z.string(),
  rightFrom: z.string().default('now-1h'),
  rightUntil: z.string().default('now'),
  'max-nodes': count.optional(),
  maxNodes: count.optional(),
})

const labelValuesSchema = z.object({
  label: z.string(),
  query: z.string().default(''),
  from: z.string().default('now-1h'),
  until: z.string().default('now'),
})

export interface RenderParameters {
  readonly what: MergeRequest
  readonly maxNodes: number | undefined
  readonly format: 'json' | 'dot'
  readonly groupBy: readonly string[]
  readonly isAverage: boolean
}

export function readRender(search: URLSearchParams): RenderParameters {
  const given = readParameters(renderSchema, search)
  const { query, from, until, format, groupBy, aggregation } = given
  return {
    what: whatOf({ query, from, until }),
    maxNodes: given['max-nodes'] ?? given.maxNodes,
    format,
    groupBy: groupBy === undefined || groupBy === '' ? [] : [groupBy],
    isAverage: aggregation === 'average',
  }
}

export function readRenderDiff(search: URLSearchParams): {
  readonly left: MergeRequest
  readonly right: MergeRequest
  readonly maxNodes: number | undefined
} {
  const given = readParameters(renderDiffSchema, search)
  const left = whatOf({ query: given.leftQuery, from: given.leftFrom, until: given.leftUntil })
  const right = whatOf({ query: given.rightQuery, from: given.rightFrom, until: given.rightUntil })
  return { left, right, maxNodes: given['max-nodes'] ?? given.maxNodes }
}

export function readLabelValues(
  search: URLSearchParams,
): TimeRange & { readonly label: string; readonly query: string } {
  const { label, query, from, until } = readParameters(labelValuesSchema, search)
  return { label, query, ...rangeOfTexts(from, until) }
}

function whatOf(given: {
  readonly query: string
  readonly from: string
  readonly until: string
}): MergeRequest {
  const { type, selector } = splitQuery(given.query)
  const id = understood(() => parseProfileTypeId(type))
  return { ...rangeOfTexts(given.from, given.until), id, selector: selectorOf(selector, id), profileIds: [] }
}

function rangeOfTexts(from: string, until: string): TimeRange {
  const nowMs = Date.now()
  const [startMs, endMs] = [from, until].map((text) => understood(() => timeOf(text, nowMs)))
  if (startMs! > endMs!) throw new ApiError('bad_data', `range: from ${from} lies after until ${until}`)
  return { startMs: startMs!, endMs: endMs! }
}

/** Unix seconds have ten digits in our time, milliseconds thirteen. */
function timeOf(text: string, nowMs: number): number {
  return /^\d{12,15}$/.test(text) ? Number(text) : parseTime(text, nowMs)
}
