import { crc32c } from '../lib/bytes/crc32c.ts'
import type { ColumnPlans } from '../profile/column-plan.ts'
import { counterFell } from '../profile/counter-fell.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { PprofEncoder } from '../profile/encode-pprof.ts'
import { RecordEncoder } from '../profile/encode-record.ts'
import type { ProfileColumns } from '../profile/profile-columns.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { BlockFile } from './block-file.ts'
import { joinKept, joinRecords } from './join-records.ts'
import { type BuiltGroup, maxGroupBytes, maxGroupProfiles } from './series-builder.ts'
import type { SumsBuilder } from './sums-builder.ts'
import { encodeSums, type GroupSums } from './sums-codec.ts'
import type { GroupPlace } from './tail.ts'

/** Profiles of one series becoming groups. */
export class GroupChain {
  readonly #dictionary: Dictionary
  readonly #plans: ColumnPlans
  readonly #sampleTypes: readonly SampleType[]
  readonly #isSummed: readonly boolean[]
  readonly #file: BlockFile
  readonly #level: number
  readonly #places: GroupPlace[] = []
  readonly #sums: GroupSums[] = []
  /** Of the group that is open. */
  readonly #groupSums: SumsBuilder
  #group: BuiltGroup | undefined
  #last: SeriesState = emptyState()
  #lastScraped: ScrapedProfile | undefined
  readonly #digests: number[] = []

  constructor(
    dictionary: Dictionary,
    plans: ColumnPlans,
    about: {
      readonly sampleTypes: readonly SampleType[]
      readonly isSummed: readonly boolean[]
      readonly file: BlockFile
      /** zstd's. */
      readonly level: number
      /** Empty; one for all, since its columns grow with the keys. */
      readonly groupSums: SumsBuilder
    },
  ) {
    this.#dictionary = dictionary
    this.#plans = plans
    this.#sampleTypes = about.sampleTypes
    this.#isSummed = about.isSummed
    this.#file = about.file
    this.#level = about.level
    this.#groupSums = about.groupSums
  }

  /** Resolves to whether a counter is lower than in the profile before, where that is asked. */
  async add(
    profile: ProfileColumns | undefined,
    kept: Uint8Array | undefined,
    about: {
      readonly timeMs: number
      readonly isSeam: boolean
      readonly scraped: ScrapedProfile | undefined
    },
  ): Promise<boolean> {
    const { timeMs, isSeam, scraped } = about
    const group = await this.#openGroup()
    group.profileCount++
    let fell = false
    if (profile !== undefined) {
      const start = group.recordCount === 0 ? emptyState() : this.#last
      const plan = this.#plans.plan(profile.header)
      const { keyLabelSet } = this.#dictionary
      const { record } = records.encode(profile, start, {
        timeMs,
        plan,
        labelSetOf: keyLabelSet,
        strings: profile.strings,
      })
      const next = { ...profile, nextKey: Math.max(start.nextKey, highest(profile.keys) + 1) }
      fell = isSeam && this.#last.header === next.header && counterFell(this.#last, next, plan)
      this.#last = next
      this.#lastScraped = scraped
      group.records.push(record)
      group.recordTimesMs.push(timeMs)
      group.recordCount++
      group.heldBytes += record.length
      this.#addSums(next)
    }
    if (kept !== undefined) {
      group.kept.push(kept)
      group.heldBytes += kept.length
    }
    return fell
  }

  async finish(): Promise<readonly GroupPlace[]> {
    await this.#closeGroup()
    return this.#places
  }

  /** Per group, of the pprof bytes of its last profile as the source has it; 0 where it has none with columns. */
  get digests(): readonly number[] {
    return this.#digests
  }

  encodeSums(period: number): { readonly sums: Uint8Array; readonly totals: Uint8Array } {
    if (!this.#isSummed.includes(true) || this.#places.length === 0)
      return { sums: new Uint8Array(0), totals: new Uint8Array(0) }
    const sums = encodeSums(this.#sums, period).slice()
    if (this.#sums.length < 2) return { sums, totals: new Uint8Array(0) }
    for (const group of this.#sums) this.#groupSums.addAll(group)
    return { sums, totals: encodeSums([this.#groupSums.take(this.#isSummed)], period).slice() }
  }

  #addSums({ header, keys, values, wideValues }: SeriesState): void {
    const count = keys.length
    const column = wideValues ?? values
    for (const [type, sampleType] of this.#plans.plan(header).sampleTypes.entries()) {
      const place = typeIndex(this.#sampleTypes, sampleType)
      if (!this.#isSummed[place]) continue
      for (let i = 0; i < count; i++) {
        const value = column[type * count + i]!
        if (value !== 0 && value !== 0n) this.#groupSums.add(keys[i]!, place, value)
      }
    }
  }

  async #openGroup(): Promise<BuiltGroup> {
    const open = this.#group
    if (open !== undefined && open.profileCount < maxGroupProfiles && open.heldBytes < maxGroupBytes)
      return open
    await this.#closeGroup()
    this.#group = {
      profileCount: 0,
      recordCount: 0,
      heldBytes: 0,
      records: [],
      recordTimesMs: [],
      kept: [],
    }
    return this.#group
  }

  async #closeGroup(): Promise<void> {
    const group = this.#group
    if (group === undefined) return
    this.#group = undefined
    const body = group.recordCount === 0 ? new Uint8Array(0) : joinRecords(group)
    this.#places.push({
      profileCount: group.profileCount,
      body: await this.#file.put(body, this.#level),
      kept: await this.#file.put(group.kept.length === 0 ? new Uint8Array(0) : joinKept(group), this.#level),
    })
    this.#sums.push(this.#groupSums.take(this.#isSummed))
    this.#digests.push(this.#lastScraped === undefined ? 0 : digestOf(this.#lastScraped))
    this.#lastScraped = undefined
  }
}

/** A profile in the dictionary that it was read with. */
export interface ScrapedProfile {
  readonly profile: ProfileColumns
  readonly dictionary: Dictionary
}

/** Of its pprof bytes. */
export function digestOf({ profile, dictionary }: ScrapedProfile): number {
  return crc32c(pprof.encode(profile, dictionary))
}

/** Scratch memory only. */
const records = new RecordEncoder()
const pprof = new PprofEncoder()

/** Below 0 where it is not among them. */
export function typeIndex(sampleTypes: readonly SampleType[], { type, unit }: SampleType): number {
  return sampleTypes.findIndex((t) => t.type === type && t.unit === unit)
}

function highest(keys: Uint32Array): number {
  let most = -1
  for (const key of keys) if (key > most) most = key
  return most
}
