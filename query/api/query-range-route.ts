import type { Context } from 'koa'
import { healthCode, healthOfCode } from '../../block/health.ts'
import { rowFlags } from '../../block/rows.ts'
import { labelsHash } from '../../profile/labels.ts'
import { restartsOf } from '../restarts.ts'
import { rowsInOrder } from '../select.ts'
import {
  defaultAggregation,
  profileValues,
  type RowRef,
  type SeriesValues,
  type Steps,
  stepValues,
} from '../series-values.ts'
import { ApiError, sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { queryRangeParameters, rangeOf, readParameters } from './parameters.ts'
import { selectTotals } from './select-totals.ts'
import type { MatrixSeries, QueryRangeAnswer } from './types.ts'

export async function answerQueryRange(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(queryRangeParameters, new URLSearchParams(ctx.querystring))
  const range = rangeOf(given)
  const steps = stepsOf(range, given.step)
  const selected = await selectTotals(given, range, request)
  const { profileType, sampleTypes, type, unit, kind, warnings } = selected
  const agg = given.agg ?? defaultAggregation(kind)

  let profiles = 0
  let coveredSeconds = 0
  const computed: { readonly series: MatrixSeries; readonly values: SeriesValues }[] = []
  for (const { labels, parts } of selected.series) {
    const refs = rowsInOrder(parts)
    const values = steps === undefined ? profileValues(refs, type) : stepValues(refs, type, { steps, agg })
    profiles += values.profiles
    for (const seconds of values.coveredSeconds) coveredSeconds += seconds
    computed.push({
      values,
      series: {
        metric: labels,
        hash: labelsHash(labels),
        values: values.timeMs.map((timeMs, index) => [timeMs, values.values[index]!] as const),
        ...(steps === undefined && kind !== 'duration' ? {} : { coveredSeconds: values.coveredSeconds }),
        failures: failuresOf(refs),
        restarts: restartsOf(refs, { startMs: range.startMs, profileType }),
        newest: newestOf(refs),
      },
    })
  }
  const answer: QueryRangeAnswer = {
    resultType: 'matrix',
    type,
    unit,
    kind,
    ...(steps === undefined ? {} : { agg }),
    sampleTypes,
    newest: computed.reduce((max, { series }) => Math.max(max, series.newest), 0),
    coveredSeconds,
    rangeSeconds: (range.endMs - range.startMs) / 1000,
    profiles,
    series: selected.series.length,
    result: newestValues(computed, given.limit, warnings),
  }
  sendData(ctx, answer, warnings)
}

function stepsOf(
  range: { readonly startMs: number; readonly endMs: number },
  stepMs?: number,
): Steps | undefined {
  if (stepMs === undefined) return undefined
  const count = Math.floor((range.endMs - range.startMs) / stepMs) + 1
  if (count > maxSteps) {
    throw new ApiError('bad_data', `parameter "step": ${count} steps in the range, want at most ${maxSteps}`)
  }
  return { startMs: range.startMs, stepMs, count }
}

const maxSteps = 11_000

function failuresOf(refs: readonly RowRef[]): (readonly [number, string, number])[] {
  const ok = healthCode('ok')
  return refs
    .filter(({ rows, row }) => rows.health[row] !== ok)
    .map(({ rows, row }) => [rows.timeMs[row]!, healthOfCode(rows.health[row]!), rows.httpStatus[row]!])
}

/** Of a profile that is stored, or was thinned out; 0 for none. */
function newestOf(refs: readonly RowRef[]): number {
  const newest = refs.findLast(({ rows, row }) => (rows.flags[row]! & isProfile) !== 0)
  return newest === undefined ? 0 : newest.rows.timeMs[newest.row]!
}

const isProfile = rowFlags.body | rowFlags.thinned

/** Cuts every series at the same time, so that the newest `limit` values are shown. */
function newestValues(
  computed: readonly { readonly series: MatrixSeries; readonly values: SeriesValues }[],
  limit: number,
  warnings: string[],
): MatrixSeries[] {
  const times = computed.flatMap(({ values }) => values.timeMs)
  if (times.length <= limit) return computed.map(({ series }) => series)
  const since = Float64Array.from(times).sort()[times.length - limit]!
  warnings.push(
    `only values since ${new Date(since).toISOString()}: ${times.length} are too many for limit=${limit}, ask with a step`,
  )
  return computed.map(({ series }) => {
    const first = series.values.findIndex(([timeMs]) => timeMs >= since)
    const from = first < 0 ? series.values.length : first
    return {
      ...series,
      values: series.values.slice(from),
      ...(series.coveredSeconds === undefined ? {} : { coveredSeconds: series.coveredSeconds.slice(from) }),
    }
  })
}
