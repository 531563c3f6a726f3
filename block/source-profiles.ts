import type { ByteReader } from '../lib/bytes/byte-reader.ts'
import { applyRecord } from '../profile/apply-record.ts'
import type { ColumnPlans } from '../profile/column-plan.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { BlockReader, SeriesIndex } from './block-reader.ts'
import { BlockCorruptError } from './errors.ts'
import { corruptAs } from './open-block.ts'
import { type Rows, rowFlags } from './rows.ts'

/** The profiles of one series of one block, one after the other, each decoded once. */
export class SourceProfiles {
  readonly #reader: BlockReader
  readonly #series: SeriesIndex
  readonly #rows: Rows
  readonly #dictionary: Dictionary
  readonly #plans: ColumnPlans
  #row = 0
  #group = -1
  #left = 0
  #state: SeriesState = emptyState()
  #streams: ByteReader[] = []
  #kept: readonly Uint8Array[] = []
  #nextKept = 0

  constructor(
    reader: BlockReader,
    series: SeriesIndex,
    about: { readonly rows: Rows; readonly dictionary: Dictionary; readonly plans: ColumnPlans },
  ) {
    this.#reader = reader
    this.#series = series
    this.#rows = about.rows
    this.#dictionary = about.dictionary
    this.#plans = about.plans
  }

  /**
   * What a row's body is: its columns, its bytes, or both. Rows are asked for in ascending order. The state changes
   * with the next call, but for its arrays.
   */
  async at(
    row: number,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly state: SeriesState | undefined; readonly kept: Uint8Array | undefined }> {
    let kept: Uint8Array | undefined
    for (; this.#row <= row; this.#row++) {
      const flags = this.#rows.flags[this.#row]!
      if ((flags & rowFlags.body) === 0) continue
      while (this.#left === 0) await this.#nextGroup(options)
      this.#left--
      if (flags & rowFlags.columns) this.#apply(this.#rows.timeMs[this.#row]!)
      if (flags & rowFlags.bytes) kept = this.#kept[this.#nextKept++]
    }
    const flags = this.#rows.flags[row]!
    if ((flags & rowFlags.bytes) !== 0 && kept === undefined)
      throw new BlockCorruptError(this.#reader.name, 'kept bodies', `row ${row} is beyond them`)
    return {
      state: flags & rowFlags.columns ? this.#state : undefined,
      kept: flags & rowFlags.bytes ? kept : undefined,
    }
  }

  #apply(timeMs: number): void {
    corruptAs(this.#reader.name, 'bodies', () =>
      applyRecord(this.#streams, this.#state, { timeMs, plans: this.#plans, dictionary: this.#dictionary }),
    )
  }

  async #nextGroup(options: { readonly signal?: AbortSignal }): Promise<void> {
    this.#group++
    const place = this.#reader.entry(this.#series).groups[this.#group]
    if (place === undefined)
      throw new BlockCorruptError(this.#reader.name, 'bodies', `row ${this.#row} is beyond the groups`)
    this.#left = place.profileCount
    this.#state = emptyState()
    this.#streams = await this.#reader.groupStreams(this.#series, this.#group, options)
    this.#kept = await this.#reader.keptBodies(this.#series, this.#group, options)
    this.#nextKept = 0
  }
}
