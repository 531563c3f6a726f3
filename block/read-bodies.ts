import { ColumnPlans } from '../profile/column-plan.ts'
import { PprofEncoder } from '../profile/encode-pprof.ts'
import type { BlockReader, SeriesIndex } from './block-reader.ts'
import { BlockCorruptError } from './errors.ts'
import { corruptAs } from './open-block.ts'
import { type Rows, rowFlags } from './rows.ts'
import { SourceProfiles } from './source-profiles.ts'

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
  const dictionary = await reader.dictionary(reader.entry(series).service, options)
  const plans = new ColumnPlans(dictionary)
  const profiles = new SourceProfiles(reader, series, { rows, dictionary, plans })
  const encoder = new PprofEncoder()
  for (let row = 0; row < rows.length; row++) {
    if ((rows.flags[row]! & rowFlags.body) === 0) continue
    const { state, kept } = await profiles.at(row, options)
    if (kept !== undefined) yield { row, bytes: kept.slice(), isColumns: false }
    else if (state !== undefined) {
      const bytes = corruptAs(reader.name, 'bodies', () => encoder.encode(state, dictionary).slice())
      yield { row, bytes, isColumns: true }
    } else throw new BlockCorruptError(reader.name, 'bodies', `row ${row} has neither columns nor bytes`)
  }
}
