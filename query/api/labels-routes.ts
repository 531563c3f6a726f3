import type { Context } from 'koa'
import { type Labels, labelsKey } from '../../profile/labels.ts'
import type { Matcher } from '../../profile/matcher.ts'
import type { OpenSources } from '../catalog.ts'
import type { TimeRange } from '../time.ts'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { labelsParameters, rangeOf, readParameters } from './parameters.ts'
import type { LabelsAnswer, SeriesAnswer } from './types.ts'

export async function answerLabels(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(labelsParameters, new URLSearchParams(ctx.querystring))
  const opened = await openRows(request, rangeOf(given))
  const names = new Set<string>()
  for (const { source } of opened.sources) {
    if (given['match[]'].length === 0) for (const name of source.reader.labelNames()) names.add(name)
  }
  for (const labels of matchingLabels(opened, given['match[]'])) for (const name in labels) names.add(name)
  send(ctx, [...names], given.limit, opened.warnings)
}

export async function answerLabelValues(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(labelsParameters, new URLSearchParams(ctx.querystring))
  const name = String(ctx['params']?.name ?? '')
  const opened = await openRows(request, rangeOf(given))
  const values = new Set<string>()
  for (const { source } of opened.sources) {
    if (given['match[]'].length === 0) for (const value of source.reader.labelValues(name)) values.add(value)
  }
  for (const labels of matchingLabels(opened, given['match[]'])) {
    const value = labels[name]
    if (value !== undefined) values.add(value)
  }
  send(ctx, [...values], given.limit, opened.warnings)
}

export async function answerSeries(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readParameters(labelsParameters, new URLSearchParams(ctx.querystring))
  const opened = await openRows(request, rangeOf(given))
  const selectors = given['match[]'].length === 0 ? [[]] : given['match[]']
  const series = new Map<string, Labels>()
  for (const labels of matchingLabels(opened, selectors)) series.set(labelsKey(labels), labels)
  const answer: SeriesAnswer = [...series.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, given.limit)
    .map(([, labels]) => labels)
  sendData(ctx, answer, [...opened.warnings, ...cutWarning(series.size, given.limit)])
}

function openRows({ options, signal }: RouteRequest, range: TimeRange): Promise<OpenSources> {
  return options.catalog.open({ matchers: [], ...range, withoutBodies: true, signal })
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
