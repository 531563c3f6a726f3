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
  /** Retention took its body and left its totals. */
  readonly isThinned: boolean
  readonly warnings: readonly string[]
}> {
  const range = { startMs: id.timeMs, endMs: id.timeMs, matchers: [], signal: options.signal }
  const opened = await catalog.open(range)
  const selection = await selectSeries(opened.sources, range)
  const warnings = [...opened.warnings, ...selection.warnings]
  let health: string | undefined
  let isThinned = false
  for (const series of selection.series) {
    if (labelsHash(series.labels) !== id.hash) continue
    for (const part of series.parts) {
      for (let row = part.firstRow; row <= part.lastRow; row++) {
        health = healthOfCode(part.rows.health[row]!)
        const flags = part.rows.flags[row]!
        if (flags & rowFlags.thinned) isThinned = true
        if ((flags & rowFlags.body) === 0) continue
        const found = { series, part: { ...part, firstRow: row, lastRow: row } }
        return { found, health, isThinned: false, warnings }
      }
    }
  }
  return { found: undefined, health, isThinned, warnings }
}
