import { applyRecord } from '../profile/apply-record.ts'
import { ColumnPlans } from '../profile/column-plan.ts'
import { PprofEncoder } from '../profile/encode-pprof.ts'
import { emptyState } from '../profile/series-state.ts'
import type { BlockReader, SeriesIndex } from './block-reader.ts'
import { BlockCorruptError } from './errors.ts'
import { corruptAs } from './open-block.ts'
import { type Rows, rowFlags } from './rows.ts'

export interface ReadBody {
  readonly row: number
  readonly bytes: Uint8Array
  /** Whether the body comes from columns; otherwise its bytes were kept. */
  readonly isColumns: boolean
}

/**
 * Every body of a series, in the order of its rows. Each record is decoded once, where `BlockReader.body`
 * begins at the start of the group for each.
 */
export async function* readBodies(
  reader: BlockReader,
  series: SeriesIndex,
  rows: Rows,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<ReadBody, void, undefined> {
  const { groups, service } = reader.entry(series)
  const dictionary = await reader.dictionary(service, options)
  const plans = new ColumnPlans(dictionary)
  const encoder = new PprofEncoder()
  let group = -1
  let left = 0
  let state = emptyState()
  let streams: Awaited<ReturnType<BlockReader['groupStreams']>> = []
  for (let row = 0; row < rows.length; row++) {
    const flags = rows.flags[row]!
    if ((flags & rowFlags.body) === 0) continue
    while (left === 0) {
      group++
      const place = groups[group]
      if (place === undefined)
        throw new BlockCorruptError(reader.name, 'bodies', `row ${row} is beyond the groups`)
      left = place.profileCount
      state = emptyState()
      streams = left === 0 ? [] : await reader.groupStreams(series, group, options)
    }
    left--
    const timeMs = rows.timeMs[row]!
    if (flags & rowFlags.columns) {
      corruptAs(reader.name, 'bodies', () => applyRecord(streams, state, { timeMs, plans, dictionary }))
    }
    if (flags & rowFlags.bytes)
      yield { row, bytes: await reader.body(series, row, options), isColumns: false }
    else {
      const bytes = corruptAs(reader.name, 'bodies', () => encoder.encode(state, dictionary).slice())
      yield { row, bytes, isColumns: true }
    }
  }
}
