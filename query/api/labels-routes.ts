import type { Context } from 'koa'
import { type Labels, labelsKey } from '../../profile/labels.ts'
import type { Matcher } from '../../profile/matcher.ts'
import type { LabelsView } from '../block-summary.ts'
import type { OpenSources } from '../catalog.ts'
import type { TimeRange } from '../time.ts'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { labelsParameters, rangeOf, readParameters } from './parameters.ts'
import type { LabelsAnswer, SeriesAnswer } from './types.ts'

export async function answerLabels(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(labelsParameters, new URLSearchParams(ctx.querystring))
  const { found, warnings } = await collect(request, given, {
    ofView: (view) => view.labelNames(),
    ofSeries: (labels) => Object.keys(labels),
  })
  send(ctx, found, given.limit, warnings)
}

export async function answerLabelValues(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(labelsParameters, new URLSearchParams(ctx.querystring))
  const name = String(ctx['params']?.name ?? '')
  const { found, warnings } = await collect(request, given, {
    ofView: (view) => view.labelValues(name),
    ofSeries: (labels) => (labels[name] === undefined ? [] : [labels[name]]),
  })
  send(ctx, found, given.limit, warnings)
}

export async function answerSeries(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(labelsParameters, new URLSearchParams(ctx.querystring))
  const opened = await openRows(request, rangeOf(given), given['match[]'])
  const selectors = given['match[]'].length === 0 ? [[]] : given['match[]']
  const series = new Map<string, Labels>()
  for (const labels of matchingLabels(opened, selectors)) series.set(labelsKey(labels), labels)
  const answer: SeriesAnswer = [...series.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, given.limit)
    .map(([, labels]) => labels)
  sendData(ctx, answer, [...opened.warnings, ...cutWarning(series.size, given.limit)])
}

type Given = ReturnType<typeof readParameters<typeof labelsParameters>>

/** Without selectors from what is known of whole blocks, so that no series is looked at. */
async function collect(
  request: RouteRequest,
  given: Given,
  {
    ofView,
    ofSeries,
  }: {
    readonly ofView: (view: LabelsView) => readonly string[]
    readonly ofSeries: (labels: Labels) => readonly string[]
  },
): Promise<{ readonly found: string[]; readonly warnings: readonly string[] }> {
  const found = new Set<string>()
  const range = rangeOf(given)
  if (given['match[]'].length === 0) {
    const { options, signal } = request
    const ask = { matchers: [], ...range, withoutBodies: true, signal }
    const { sources, warnings } = await options.catalog.openLabels(ask)
    for (const view of sources) for (const text of ofView(view)) found.add(text)
    return { found: [...found], warnings }
  }
  const opened = await openRows(request, range, given['match[]'])
  for (const labels of matchingLabels(opened, given['match[]']))
    for (const text of ofSeries(labels)) found.add(text)
  return { found: [...found], warnings: opened.warnings }
}

/** Of several selectors each may want other series, so all are asked for then. */
function openRows(
  { options, signal }: RouteRequest,
  range: TimeRange,
  selectors: readonly (readonly Matcher[])[],
): Promise<OpenSources> {
  const matchers = selectors.length === 1 ? selectors[0]! : []
  return options.catalog.open({ matchers, ...range, withoutBodies: true, signal })
}

function* matchingLabels(opened: OpenSources, selectors: readonly (readonly Matcher[])[]): Generator<Labels> {
  for (const matchers of selectors) {
    for (const { source } of opened.sources) {
      for (const series of source.reader.select(matchers)) yield source.reader.labels(series)
    }
  }
}

function send(ctx: Context, values: string[], limit: number | undefined, warnings: readonly string[]): void {
  const answer: LabelsAnswer = values.sort().slice(0, limit)
  sendData(ctx, answer, [...warnings, ...cutWarning(values.length, limit)])
}

function cutWarning(count: number, limit: number | undefined): string[] {
  return limit !== undefined && count > limit ? [`${count - limit} more are left out by limit=${limit}`] : []
}
