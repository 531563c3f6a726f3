import { readBodies } from '../block/read-bodies.ts'
import { rowFlags } from '../block/rows.ts'
import { applyRecord } from '../profile/apply-record.ts'
import { ColumnPlans } from '../profile/column-plan.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { SeriesPart } from '../query/select.ts'

/** A stored profile as columns over its service's dictionary; `state` holds until the next one is asked for. */
export interface ReadProfile {
  readonly row: number
  readonly state: SeriesState
  readonly dictionary: Dictionary
  readonly sampleTypes: readonly SampleType[]
}

/**
 * The profiles of a part, in the order of its rows. Groups outside of it are not read, and each record is decoded once.
 * What is no pprof is left out.
 */
export async function* readProfiles(
  part: SeriesPart,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<ReadProfile, void, undefined> {
  const { reader, series, rows, firstRow, lastRow } = part
  const { groups, service } = reader.entry(series)
  const dictionary = await reader.dictionary(service, options)
  const plans = new ColumnPlans(dictionary)
  let row = 0
  for (const [group, { profileCount }] of groups.entries()) {
    const inGroup: number[] = []
    for (; row < rows.length && inGroup.length < profileCount; row++)
      if (rows.flags[row]! & rowFlags.body) inGroup.push(row)
    const columnRows = inGroup.filter((each) => rows.flags[each]! & rowFlags.columns)
    if (columnRows.length === 0 || columnRows.at(-1)! < firstRow || columnRows[0]! > lastRow) continue
    const streams = await reader.groupStreams(series, group, options)
    const state = emptyState()
    for (const each of columnRows) {
      if (each > lastRow) break
      applyRecord(streams, state, { timeMs: rows.timeMs[each]!, plans, dictionary })
      if (each < firstRow) continue
      yield { row: each, state, dictionary, sampleTypes: plans.plan(state.header).sampleTypes }
    }
  }
}

/** The bodies of a part, as they were scraped, in the order of its rows. */
export async function* readPartBodies(
  { reader, series, rows, firstRow, lastRow }: SeriesPart,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<
  { readonly row: number; readonly bytes: Uint8Array; readonly isPprof: boolean },
  void,
  undefined
> {
  for await (const { row, bytes } of readBodies(reader, series, rows, options)) {
    if (row > lastRow) return
    if (row >= firstRow) yield { row, bytes, isPprof: (rows.flags[row]! & rowFlags.columns) !== 0 }
  }
}
