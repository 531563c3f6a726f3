import type { Matcher } from '../../profile/matcher.ts'
import type { RouteRequest } from '../api/create-api.ts'
import type { SelectedSeries } from '../select.ts'
import { widenAllocs } from '../select-profiles.ts'
import { type LimitedSelection, selectWithin } from '../select-within.ts'
import type { TimeRange } from '../time.ts'
import type { GrafanaSelector } from './grafana-selector.ts'
import { type TypedSeries, typedSeries } from './typed-series.ts'

/** Series and sample types in the range that match, by the tails of blocks alone. May tell one several times. */
export async function listTypedSeries(
  selector: GrafanaSelector,
  range: TimeRange,
  request: RouteRequest,
): Promise<{ readonly series: readonly TypedSeries[]; readonly warnings: readonly string[] }> {
  const { options, signal } = request
  return firstFound(selector, async (matchers) => {
    const opened = await options.catalog.open({ matchers, ...range, withoutBodies: true, signal })
    const series: TypedSeries[] = []
    for (const { source } of opened.sources) {
      const { reader } = source
      for (const each of reader.select(matchers)) {
        const labels = reader.labels(each)
        if (!selector.matchesSeries(labels)) continue
        for (const typed of typedSeries(labels, reader.sampleTypes(each)))
          if (selector.matchesType(typed)) series.push(typed)
      }
    }
    return { series, warnings: opened.warnings }
  })
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
    const series = selection.series.filter(({ labels }: SelectedSeries) => selector.matchesSeries(labels))
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
