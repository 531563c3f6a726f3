import { type Labels, labelsKey } from '../profile/labels.ts'
import type { SelectedSeries } from './select.ts'

/**
 * The same for all series that one process writes of one profile type: what somebody took beside the scrapes is more of
 * the same, and would count the process twice if it stood for itself.
 */
export function processSeriesKey(labels: Labels): string {
  const { capture, ...own } = labels
  return labelsKey(capture === undefined ? labels : own)
}

/** Series of one process as one, under the labels of what is scraped. */
export function joinCaptures(series: readonly SelectedSeries[]): readonly SelectedSeries[] {
  if (!series.some(({ labels }) => labels['capture'] !== undefined)) return series
  return [...Map.groupBy(series, ({ labels }) => processSeriesKey(labels)).values()].map((group) => {
    const scraped = group.find(({ labels }) => labels['capture'] === undefined) ?? group[0]!
    return { labels: scraped.labels, parts: group.flatMap(({ parts }) => parts) }
  })
}
