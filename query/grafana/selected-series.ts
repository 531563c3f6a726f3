import { type Labels, labelsKey } from '../../profile/labels.ts'
import type { Matcher } from '../../profile/matcher.ts'
import type { RouteRequest } from '../api/create-api.ts'
import { widenAllocs } from '../select-profiles.ts'
import { type LimitedSelection, selectWithin } from '../select-within.ts'
import type { TimeRange } from '../time.ts'
import type { GrafanaSelector } from './grafana-selector.ts'
import { serviceLabel, type TypedSeries, typedSeries, withServiceName } from './typed-series.ts'

/**
 * Series and sample types in the range that match, by the tails of blocks alone. Those that differ in other labels than
 * `names` alone are told once; all are without it.
 */
export async function listTypedSeries(
  selector: GrafanaSelector,
  { names, ...range }: TimeRange & { readonly names: readonly string[] | undefined },
  request: RouteRequest,
): Promise<{ readonly series: readonly TypedSeries[]; readonly warnings: readonly string[] }> {
  const { options, signal } = request
  return firstFound(selector, async (matchers) => {
    const opened = await options.catalog.open({ matchers, ...range, withoutBodies: true, signal })
    const found = new Map<string, readonly TypedSeries[]>()
    for (const { source } of opened.sources) {
      const { reader } = source
      for (const each of reader.select(matchers)) {
        const labels = reader.labels(each)
        if (!selector.matchesSeries(labels)) continue
        // Thousands of series have the same few of these.
        const { sampleTypes } = reader.entry(each)
        const key = `${reader.name} ${sampleTypes} ${labels['profile_type']} ${labelsKey(told(labels, names))}`
        if (found.has(key)) continue
        const typed = typedSeries(labels, reader.sampleTypes(each))
        found.set(key, typed.filter(selector.matchesType))
      }
    }
    return { series: [...found.values()].flat(), warnings: opened.warnings }
  })
}

function told(labels: Labels, names: readonly string[] | undefined): Labels {
  if (names === undefined) return labels
  const own = names.includes(serviceLabel) ? withServiceName(labels) : labels
  return Object.fromEntries(names.map((name) => [name, own[name] ?? '']))
}

/** Rows in the range of series that match, within the limits of an answer. */
export async function selectRows(
  selector: GrafanaSelector,
  range: TimeRange & { readonly withoutBodies: boolean },
  { options, signal }: RouteRequest,
): Promise<LimitedSelection> {
  return firstFound(selector, async (matchers) => {
    const opened = await options.catalog.open({ ...range, matchers: widenAllocs(matchers), signal })
    const selection = await selectWithin(opened.sources, { ...range, matchers, signal }, options.limits)
    const series = selection.series.filter(({ labels }) => selector.matchesSeries(labels))
    return { ...selection, series, warnings: [...opened.warnings, ...selection.warnings] }
  })
}

async function firstFound<Found extends { readonly series: readonly unknown[] }>(
  { attempts }: GrafanaSelector,
  find: (matchers: readonly Matcher[]) => Promise<Found>,
): Promise<Found> {
  let found = await find(attempts[0] ?? [])
  for (const matchers of attempts.slice(1)) {
    if (found.series.length > 0) break
    found = await find(matchers)
  }
  return found
}
