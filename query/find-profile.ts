import { healthOfCode } from '../block/health.ts'
import { rowFlags } from '../block/rows.ts'
import { labelsHash } from '../profile/labels.ts'
import type { Catalog } from './catalog.ts'
import { type SelectedSeries, type SeriesPart, selectSeries } from './select.ts'

/** The one stored profile with this time and hash of labels; `part` is a run of one row. */
export async function findProfile(
  catalog: Catalog,
  id: { readonly timeMs: number; readonly hash: string },
  options: { readonly signal: AbortSignal },
): Promise<{
  readonly found: { readonly series: SelectedSeries; readonly part: SeriesPart } | undefined
  /** How the attempt with that id ended, where it brought no profile. */
  readonly health: string | undefined
  readonly warnings: readonly string[]
}> {
  const range = { startMs: id.timeMs, endMs: id.timeMs, matchers: [], signal: options.signal }
  const opened = await catalog.open(range)
  const selection = await selectSeries(opened.sources, range)
  const warnings = [...opened.warnings, ...selection.warnings]
  let health: string | undefined
  for (const series of selection.series) {
    if (labelsHash(series.labels) !== id.hash) continue
    for (const part of series.parts) {
      for (let row = part.firstRow; row <= part.lastRow; row++) {
        health = healthOfCode(part.rows.health[row]!)
        if ((part.rows.flags[row]! & rowFlags.body) === 0) continue
        return { found: { series, part: { ...part, firstRow: row, lastRow: row } }, health, warnings }
      }
    }
  }
  return { found: undefined, health, warnings }
}
