import { mapConcurrently } from '../../lib/map-concurrently.ts'
import { type Labels as LabelSet, labelsKey } from '../../profile/labels.ts'
import type { RouteRequest } from '../api/create-api.ts'
import type { TimeRange } from '../time.ts'
import { formatProfileTypeId, type ProfileTypeId } from './profile-type-id.ts'
import { selectorOf } from './request-terms.ts'
import { listTypedSeries } from './selected-series.ts'
import { idLabelNames, labelNamesOf, labelOf, serviceLabel, type TypedSeries } from './typed-series.ts'

/** What is asked about labels; no matchers select everything, several are alternatives. */
export interface LabelsRequest extends TimeRange {
  readonly matchers: readonly string[]
}

export interface Listed<Value> {
  readonly values: readonly Value[]
  readonly warnings: readonly string[]
}

/** By id, each once. */
export async function listProfileTypes(
  range: TimeRange,
  request: RouteRequest,
): Promise<Listed<ProfileTypeId>> {
  const { values, warnings } = await listSeries({ ...range, matchers: [], told: [] }, request)
  const ids = new Map(values.map(({ id }) => [formatProfileTypeId(id), id]))
  return { values: [...ids.keys()].sort().map((text) => ids.get(text)!), warnings }
}

export async function listLabelNames(asked: LabelsRequest, request: RouteRequest): Promise<Listed<string>> {
  if (asked.matchers.length === 0) {
    const { sources, warnings } = await openLabels(asked, request)
    const names = sources.flatMap((view) => view.labelNames())
    const own = names.length === 0 ? [] : [serviceLabel, ...idLabelNames]
    return { values: sorted([...names, ...own]), warnings }
  }
  const { values, warnings } = await listSeries({ ...asked, told: undefined }, request)
  return { values: sorted(values.flatMap(labelNamesOf)), warnings }
}

export async function listLabelValues(
  asked: LabelsRequest & { readonly name: string },
  request: RouteRequest,
): Promise<Listed<string>> {
  const { name, matchers } = asked
  const isStored = name !== serviceLabel && !idLabelNames.includes(name)
  if (matchers.length === 0 && isStored) {
    const { sources, warnings } = await openLabels(asked, request)
    return { values: sorted(sources.flatMap((view) => view.labelValues(name))), warnings }
  }
  const { values, warnings } = await listSeries({ ...asked, told: [name] }, request)
  return {
    values: sorted(values.map((series) => labelOf(series, name)).filter((value) => value !== '')),
    warnings,
  }
}

/** Sets of these labels, all where none are named, each once. */
export async function listLabelSets(
  asked: LabelsRequest & { readonly names: readonly string[] },
  request: RouteRequest,
): Promise<Listed<LabelSet>> {
  const isAll = asked.names.length === 0
  const { values, warnings } = await listSeries({ ...asked, told: isAll ? undefined : asked.names }, request)
  const sets = new Map<string, LabelSet>()
  for (const series of values) {
    const names = isAll ? labelNamesOf(series) : asked.names
    const pairs = [...names].sort().map((name) => [name, labelOf(series, name)] as const)
    const labels = Object.fromEntries(pairs.filter(([, value]) => value !== ''))
    sets.set(labelsKey(labels), labels)
  }
  return { values: [...sets.keys()].sort().map((key) => sets.get(key)!), warnings }
}

async function listSeries(
  asked: LabelsRequest & { readonly told: readonly string[] | undefined },
  request: RouteRequest,
): Promise<Listed<TypedSeries>> {
  const selectors = (asked.matchers.length === 0 ? [''] : asked.matchers).map((text) => selectorOf(text))
  const { startMs, endMs, told: names } = asked
  const found = await mapConcurrently(selectors, 4, (selector) =>
    listTypedSeries(selector, { startMs, endMs, names }, request),
  )
  return {
    values: found.flatMap(({ series }) => series),
    warnings: [...new Set(found.flatMap(({ warnings }) => warnings))],
  }
}

function openLabels({ startMs, endMs }: TimeRange, { options, signal }: RouteRequest) {
  return options.catalog.openLabels({ matchers: [], startMs, endMs, withoutBodies: true, signal })
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort()
}
