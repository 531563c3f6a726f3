import { rowFlags } from '../../block/rows.ts'
import { profileId } from '../../profile/labels.ts'
import { createMatcher } from '../../profile/matcher.ts'
import type { LabelSet } from '../api/types.ts'
import type { Catalog } from '../catalog.ts'
import { selectSeries } from '../select.ts'
import { captureLimits, startOfCapture } from './capture-order.ts'

export interface StoredCapture {
  readonly labels: LabelSet
  readonly profileIds: readonly string[]
}

/** What is stored of a capture, whoever took it; nothing for what is no id. */
export async function storedCaptures(
  catalog: Catalog,
  id: string,
  options: { readonly signal: AbortSignal },
): Promise<{ readonly series: readonly StoredCapture[]; readonly warnings: readonly string[] }> {
  const startedMs = startOfCapture(id)
  if (startedMs === undefined) return { series: [], warnings: [] }
  const range = {
    startMs: startedMs - spareMs,
    endMs: startedMs + 2 * captureLimits.totalSeconds * 1000 + spareMs,
    matchers: [createMatcher('capture', '=', id)],
    ...options,
  }
  const opened = await catalog.open({ ...range, withoutBodies: true })
  const selection = await selectSeries(opened.sources, range)
  const series = selection.series.flatMap(({ labels, parts }): StoredCapture[] => {
    const profileIds: string[] = []
    for (const { rows, firstRow, lastRow } of parts) {
      for (let row = firstRow; row <= lastRow; row++) {
        if ((rows.flags[row]! & (rowFlags.body | rowFlags.thinned)) !== 0)
          profileIds.push(profileId(rows.timeMs[row]!, labels))
      }
    }
    return profileIds.length === 0 ? [] : [{ labels, profileIds }]
  })
  return { series, warnings: [...opened.warnings, ...selection.warnings] }
}

/** Clocks of machines differ, and captures of one target wait for each other. */
const spareMs = 60_000
