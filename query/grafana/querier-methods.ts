import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Labels } from '../../profile/labels.ts'
import { ApiError } from '../api/answer.ts'
import type { RouteRequest } from '../api/create-api.ts'
import { belowCallSite, callTree } from './call-tree.ts'
import { flameLevels } from './flame-levels.ts'
import { listLabelNames, listLabelSets, listLabelValues, listProfileTypes } from './label-methods.ts'
import { maxDotNodes, maxNodesOf } from './max-nodes.ts'
import { type Merged, type MergeRequest, mergedDot, mergedPprof, mergedTree } from './merged-answer.ts'
import { oneSampleType } from './one-sample-type.ts'
import { formatProfileTypeId } from './profile-type-id.ts'
import {
  type DiffRequest,
  type DiffResponseSchema,
  ExemplarType,
  type LabelNamesRequest,
  type LabelNamesResponseSchema,
  type LabelPairSchema,
  type LabelValuesRequest,
  type LabelValuesResponseSchema,
  type Profile,
  ProfileFormat,
  type ProfileTypesRequest,
  type ProfileTypesResponseSchema,
  type SelectMergeProfileRequest,
  type SelectMergeStacktracesRequest,
  type SelectMergeStacktracesResponseSchema,
  type SelectSeriesRequest,
  type SelectSeriesResponseSchema,
  type SeriesRequest,
  type SeriesResponseSchema,
  type StackTraceSelector,
  TimeSeriesAggregationType,
} from './querier-pb.ts'
import { profileTypeOf, rangeOfRequest, selectorOf } from './request-terms.ts'
import { selectSeries as plotSeries } from './select-series.ts'

/** What a method gets to work with; `warn` is told what its answer lacks. */
export interface MethodRequest extends RouteRequest {
  readonly warn: (warnings: readonly string[]) => void
}

export async function profileTypes(
  asked: ProfileTypesRequest,
  request: MethodRequest,
): Promise<MessageInitShape<typeof ProfileTypesResponseSchema>> {
  const { values, warnings } = await listProfileTypes(rangeOfRequest(asked), request)
  request.warn(warnings)
  return { profileTypes: values.map((id) => ({ ...id, ID: formatProfileTypeId(id) })) }
}

export async function labelNames(
  asked: LabelNamesRequest,
  request: MethodRequest,
): Promise<MessageInitShape<typeof LabelNamesResponseSchema>> {
  const { matchers } = asked
  const { values, warnings } = await listLabelNames({ ...rangeOfRequest(asked), matchers }, request)
  request.warn(warnings)
  return { names: [...values] }
}

export async function labelValues(
  asked: LabelValuesRequest,
  request: MethodRequest,
): Promise<MessageInitShape<typeof LabelValuesResponseSchema>> {
  const { name, matchers } = asked
  const { values, warnings } = await listLabelValues({ ...rangeOfRequest(asked), name, matchers }, request)
  request.warn(warnings)
  return { names: [...values] }
}

export async function series(
  asked: SeriesRequest,
  request: MethodRequest,
): Promise<MessageInitShape<typeof SeriesResponseSchema>> {
  const { matchers, labelNames: names } = asked
  const { values, warnings } = await listLabelSets({ ...rangeOfRequest(asked), matchers, names }, request)
  request.warn(warnings)
  return { labelsSet: values.map((labels) => ({ labels: pairsOf(labels) })) }
}

export async function selectSeries(
  asked: SelectSeriesRequest,
  request: MethodRequest,
): Promise<MessageInitShape<typeof SelectSeriesResponseSchema>> {
  if (callSiteOf(asked.stackTraceSelector).length > 0)
    throw new ApiError(
      'execution',
      'plot a call site: only totals are plotted, leave stack_trace_selector out',
    )
  const id = profileTypeOf(asked.profileTypeID)
  const { series, warnings } = await plotSeries(
    {
      ...rangeOfRequest(asked),
      id,
      selector: selectorOf(asked.labelSelector, id),
      groupBy: asked.groupBy,
      stepMs: stepMsOf(asked.step),
      isAverage: asked.aggregation === TimeSeriesAggregationType.AVERAGE,
      limit: asked.limit === undefined || asked.limit <= 0n ? undefined : Number(asked.limit),
      withExemplars: asked.exemplarType === ExemplarType.INDIVIDUAL,
    },
    request,
  )
  request.warn(warnings)
  return {
    series: series.map(({ labels, points }) => ({
      labels: pairsOf(labels),
      points: points.map(({ timeMs, value, exemplar }) => ({
        timestamp: BigInt(timeMs),
        value,
        exemplars:
          exemplar === undefined
            ? []
            : [
                {
                  timestamp: BigInt(exemplar.timeMs),
                  profileId: exemplar.profileId,
                  value: BigInt(Math.round(exemplar.value)),
                  labels: pairsOf(exemplar.labels),
                },
              ],
      })),
    })),
  }
}

export async function selectMergeStacktraces(
  asked: SelectMergeStacktracesRequest,
  request: MethodRequest,
): Promise<MessageInitShape<typeof SelectMergeStacktracesResponseSchema>> {
  refuseSpans(asked.traceIdSelector, asked.spanSelector)
  const what = mergeRequestOf(asked)
  const callSite = callSiteOf(asked.stackTraceSelector)
  const maxNodes = maxNodesOf(asked.maxNodes)
  switch (asked.format) {
    case ProfileFormat.UNSPECIFIED:
    case ProfileFormat.FLAMEGRAPH: {
      // What is below a call site may be small in the whole.
      const isCut = callSite.length > 0
      const asked = isCut ? what : { ...what, maxNodes }
      const graph = told(await mergedTree(asked, request), request)
      if (graph === undefined) return {}
      const tree = belowCallSite(callTree([graph]), callSite)
      const { names, levels, total, maxSelf } = flameLevels(tree, isCut ? { maxNodes } : {})
      return { flamegraph: { names: [...names], levels: messagesOf(levels), total, maxSelf } }
    }
    case ProfileFormat.DOT: {
      const dot = told(
        await mergedDot({ ...what, nodeCount: Math.min(maxNodes, maxDotNodes) }, request),
        request,
      )
      return dot === undefined ? {} : { dot }
    }
    case ProfileFormat.PPROF: {
      const pprof = told(await mergedPprof(what, request), request)
      if (pprof === undefined) return {}
      return { pprof: { profile: oneSampleType(pprof, what.id.sampleType, { callSite }) } }
    }
    default:
      throw new ApiError('execution', `format ${asked.format}: want a flame graph, DOT or pprof`)
  }
}

/** Nothing is cut off of a profile: `max_nodes` is not looked at. */
export async function selectMergeProfile(
  asked: SelectMergeProfileRequest,
  request: MethodRequest,
): Promise<Profile | Record<string, never>> {
  refuseSpans(asked.traceIdSelector)
  const what = mergeRequestOf(asked)
  const pprof = told(await mergedPprof(what, request), request)
  if (pprof === undefined) return {}
  return oneSampleType(pprof, what.id.sampleType, { callSite: callSiteOf(asked.stackTraceSelector) })
}

export async function diff(
  { left, right }: DiffRequest,
  request: MethodRequest,
): Promise<MessageInitShape<typeof DiffResponseSchema>> {
  if (left === undefined || right === undefined)
    throw new ApiError('bad_data', 'compare: want left and right')
  if (left.profileTypeID !== right.profileTypeID) {
    throw new ApiError(
      'bad_data',
      `compare: the left is of ${left.profileTypeID}, the right of ${right.profileTypeID}: want the same profile type`,
    )
  }
  const sides = []
  for (const side of [left, right]) sides.push(told(await mergedTree(mergeRequestOf(side), request), request))
  const { names, levels, total, maxSelf, ticks } = flameLevels(callTree(sides), {
    maxNodes: maxNodesOf(left.maxNodes ?? right.maxNodes),
  })
  const [leftTicks = 0n, rightTicks = 0n] = ticks
  const flamegraph = { names: [...names], levels: messagesOf(levels), total, maxSelf, leftTicks, rightTicks }
  return { flamegraph }
}

function mergeRequestOf(
  asked: Pick<
    SelectMergeStacktracesRequest,
    'profileTypeID' | 'labelSelector' | 'start' | 'end' | 'profileIdSelector'
  >,
): MergeRequest {
  const id = profileTypeOf(asked.profileTypeID)
  const selector = selectorOf(asked.labelSelector, id)
  return { ...rangeOfRequest(asked), id, selector, profileIds: asked.profileIdSelector }
}

function told<Value>({ value, warnings }: Merged<Value>, { warn }: MethodRequest): Value | undefined {
  warn(warnings)
  return value
}

function refuseSpans(...selectors: readonly (readonly string[])[]): void {
  if (selectors.some((ids) => ids.length > 0))
    throw new ApiError('execution', 'select by trace or span: profiles of pprof endpoints know neither')
}

function callSiteOf(selector: StackTraceSelector | undefined): string[] {
  if (selector?.goPgo !== undefined)
    throw new ApiError('execution', 'stack traces for PGO: ask /api/v1/pgo for them')
  return selector?.callSite.map(({ name }) => name) ?? []
}

/** At least a millisecond. */
function stepMsOf(seconds: number): number {
  const stepMs = Math.round(seconds * 1000)
  if (Number.isSafeInteger(stepMs) && stepMs > 0) return stepMs
  throw new ApiError('bad_data', `step: ${seconds} seconds, want at least 0.001`)
}

function messagesOf(levels: readonly (readonly bigint[])[]): { values: bigint[] }[] {
  return levels.map((values) => ({ values: [...values] }))
}

function pairsOf(labels: Labels): MessageInitShape<typeof LabelPairSchema>[] {
  return Object.entries(labels).map(([name, value]) => ({ name, value }))
}
