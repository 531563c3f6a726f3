import type { Context } from 'koa'
import { ApiError } from '../api/answer.ts'
import type { RouteRequest } from '../api/create-api.ts'
import { callTree } from './call-tree.ts'
import { flameLevels } from './flame-levels.ts'
import { flamebearer, timeline } from './flamebearer.ts'
import { listLabelValues, listProfileTypes } from './label-methods.ts'
import { maxDotNodes, maxNodesOf } from './max-nodes.ts'
import { mergedDot, mergedTree } from './merged-answer.ts'
import { formatProfileTypeId } from './profile-type-id.ts'
import { readLabelValues, readRender, readRenderDiff } from './render-parameters.ts'
import { selectSeries } from './select-series.ts'
import { tellWarnings } from './send-connect-error.ts'

/** GET /pyroscope/render: a flame graph and its plot, or a call graph as DOT. */
export async function answerRender(ctx: Context, request: RouteRequest): Promise<void> {
  const { what, maxNodes, format, groupBy, isAverage } = readRender(new URLSearchParams(ctx.querystring))
  if (format === 'dot') {
    const nodeCount = Math.min(maxNodesOf(maxNodes), maxDotNodes)
    const { value = 'digraph {}\n', warnings } = await mergedDot({ ...what, nodeCount }, request)
    tellWarnings(ctx, warnings, request)
    ctx.type = 'text/plain; charset=utf-8'
    ctx.body = value
    return
  }
  const { startMs, endMs } = what
  const stepMs = Math.max(minStepMs, Math.ceil((endMs - startMs) / maxPoints / 1000) * 1000)
  const asked = { ...what, stepMs, isAverage, withExemplars: false }
  const graph = await mergedTree({ ...what, maxNodes: maxNodesOf(maxNodes) }, request)
  const plot = await selectSeries({ ...asked, groupBy: [] }, request)
  const groups = groupBy.length === 0 ? undefined : await selectSeries({ ...asked, groupBy }, request)
  tellWarnings(ctx, [...graph.warnings, ...plot.warnings, ...(groups?.warnings ?? [])], request)
  const levels = flameLevels(callTree([graph.value]))
  const groupLines = groups?.series.map(({ labels, points }) => [
    labels[groupBy[0]!] ?? '',
    timeline(points, asked),
  ])
  ctx.body = {
    ...flamebearer(levels, what.id),
    timeline: timeline(plot.series[0]?.points ?? [], asked),
    groups: groupLines === undefined ? null : Object.fromEntries(groupLines),
    heatmap: null,
  }
}

const minStepMs = 15_000
const maxPoints = 1500

/** GET /pyroscope/render-diff: one flame graph of two sides. */
export async function answerRenderDiff(ctx: Context, request: RouteRequest): Promise<void> {
  const { left, right, maxNodes } = readRenderDiff(new URLSearchParams(ctx.querystring))
  const [leftType, rightType] = [left, right].map(({ id }) => formatProfileTypeId(id))
  if (leftType !== rightType) {
    throw new ApiError(
      'bad_data',
      `compare: the left is of ${leftType}, the right of ${rightType}: want the same profile type`,
    )
  }
  const shown = await mergedTree(left, request)
  const other = await mergedTree(right, request)
  tellWarnings(ctx, [...shown.warnings, ...other.warnings], request)
  const tree = callTree([shown.value, other.value])
  ctx.body = flamebearer(flameLevels(tree, { maxNodes: maxNodesOf(maxNodes) }), left.id)
}

/** GET /pyroscope/label-values; those of `__name__` are the ids of profile types, as it was before there were others. */
export async function answerPyroscopeLabelValues(ctx: Context, request: RouteRequest): Promise<void> {
  const { label, query, ...range } = readLabelValues(new URLSearchParams(ctx.querystring))
  if (label === '__name__' && query === '') {
    const { values, warnings } = await listProfileTypes(range, request)
    tellWarnings(ctx, warnings, request)
    ctx.body = values.map(formatProfileTypeId)
    return
  }
  const matchers = query === '' ? [] : [query]
  const { values, warnings } = await listLabelValues({ ...range, name: label, matchers }, request)
  tellWarnings(ctx, warnings, request)
  ctx.body = values
}
