import { type Rows, rowFlags } from '../block/rows.ts'
import type { GroupSums } from '../block/sums-codec.ts'
import type { GroupPlace } from '../block/tail.ts'
import type { ByteReader } from '../lib/bytes/byte-reader.ts'
import type { Int64Sums } from '../lib/int64-sums.ts'
import { applyRecord } from '../profile/apply-record.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { KeySpace } from './key-space.ts'
import type { SeriesColumn } from './merge-columns.ts'
import type { MergePart } from './merge-part.ts'
import type { PartSums } from './read-sums.ts'

export type Visit = (key: number, value: number | bigint) => void

/** What a merge wants of one part: types to sum over all its rows, and what to do with single rows. */
export interface Wanted {
  readonly summed: Set<number>
  readonly snapshots: Map<number, { readonly type: number; readonly visit: Visit }[]>
}

/** What of a part is added as sums, and of which groups the profiles are read one by one. */
export interface PartReading {
  readonly part: MergePart
  readonly wanted: Wanted
  /** By the merge's sample type, its place in the part's rows; -1 where it has none. */
  readonly typeOf: readonly number[]
  readonly summed: readonly number[]
  readonly sums: readonly GroupSums[]
  readonly groups: readonly GroupReading[]
}

export interface GroupReading {
  readonly group: number
  readonly bytes: number
  /** Of the group's rows with columns, those up to the last that is needed: each is told from the one before. */
  readonly rows: readonly number[]
  /** Which of them are added, or taken off where `sign` is -1. */
  readonly counted: ReadonlySet<number>
  readonly sign: 1 | -1
}

/** `sums` are what was read of the part before. */
export function planReading(
  part: MergePart,
  wanted: Wanted,
  options: { readonly sums: PartSums | undefined; readonly sampleTypes: readonly SampleType[] },
): PartReading {
  const { reader, rows, firstRow, lastRow } = part
  const typeOf = options.sampleTypes.map(({ type, unit }) =>
    rows.sampleTypes.findIndex((t) => t.type === type && t.unit === unit),
  )
  const summed = [...wanted.summed].filter((type) => typeOf[type]! >= 0)
  const { whole, groups: groupSums = [] } = options.sums ?? {}
  const sums = whole === undefined ? [] : [whole]
  const isUnread = whole === undefined && summed.length > 0
  const groups: GroupReading[] = []
  const places = reader.entry(part.series).groups
  for (const [group, span] of isUnread || wanted.snapshots.size > 0
    ? groupRows(rows, places).entries()
    : []) {
    const isPicked = (row: number) => row >= firstRow && row <= lastRow
    const columnRows = span.filter((row) => rows.flags[row]! & rowFlags.columns)
    const inside = columnRows.filter(isPicked)
    const outside = columnRows.filter((row) => !isPicked(row))
    const known = isUnread && inside.length > 0 ? groupSums[group] : undefined
    // Bodies are read from the first on. Where the range begins soon after it, the few before are taken off.
    const isLess = known !== undefined && (outside.at(-1) ?? -1) < inside.at(-1)!
    if (isLess) sums.push(known)
    const counted = isUnread ? (isLess ? outside : inside) : []
    const snapshots = columnRows.filter((row) => wanted.snapshots.has(row))
    const last = Math.max(counted.at(-1) ?? -1, snapshots.at(-1) ?? -1)
    if (last < 0 || (inside.length === 0 && snapshots.length === 0)) continue
    groups.push({
      group,
      bytes: places[group]!.body.length,
      rows: columnRows.filter((row) => row <= last),
      counted: new Set(counted),
      sign: isLess ? -1 : 1,
    })
  }
  return { part, wanted, typeOf, summed, sums, groups }
}

/** Adds to `columns`, one per sample type, what was planned. */
export async function addReading(
  { part, wanted, typeOf, summed, sums, groups }: PartReading,
  columns: readonly SeriesColumn[],
  options: {
    readonly space: KeySpace
    readonly dictionary: Dictionary
    readonly sampleTypes: readonly SampleType[]
    readonly streamsOf: (reading: GroupReading) => Promise<ByteReader[]>
    /** Called after every profile. */
    readonly breathe: () => Promise<void>
  },
): Promise<void> {
  const { space, dictionary, sampleTypes, streamsOf, breathe } = options
  for (const each of sums)
    for (const type of summed) addColumn(each.keys, each.sums[typeOf[type]!]!, space, columns[type]!)
  for (const reading of groups) {
    const { rows, counted, sign } = reading
    const streams = await streamsOf(reading)
    const state = emptyState()
    for (const row of rows) {
      applyRecord(streams, state, { timeMs: part.rows.timeMs[row]!, plans: space.plans, dictionary })
      if (counted.has(row))
        for (const type of summed)
          visitValues(state, space, sampleTypes[type]!, (key, value) => columns[type]!.add(key, value, sign))
      for (const { type, visit } of wanted.snapshots.get(row) ?? [])
        visitValues(state, space, sampleTypes[type]!, visit)
      await breathe()
    }
  }
  await breathe()
}

function addColumn(keys: Uint32Array, from: Int64Sums, space: KeySpace, to: SeriesColumn): void {
  for (let i = 0; i < keys.length; i++) {
    if (from.isZero(i)) continue
    const value = from.getNumber(i)
    to.add(space.key(keys[i]!), Number.isSafeInteger(value) ? value : from.getBig(i), 1)
  }
}

function visitValues(state: SeriesState, space: KeySpace, sampleType: SampleType, visit: Visit): void {
  const type = space.plans
    .plan(state.header)
    .sampleTypes.findIndex((t) => t.type === sampleType.type && t.unit === sampleType.unit)
  if (type < 0) return
  const count = state.keys.length
  for (let i = 0; i < count; i++) {
    const at = type * count + i
    const value = state.wideValues === undefined ? state.values[at]! : state.wideValues[at]!
    if (value !== 0 && value !== 0n) visit(space.key(state.keys[i]!), value)
  }
}

/** The rows with a body of each group: they fill the groups in order. */
function groupRows(rows: Rows, groups: readonly GroupPlace[]): number[][] {
  let row = 0
  return groups.map(({ profileCount }) => {
    const list: number[] = []
    for (; row < rows.length && list.length < profileCount; row++)
      if (rows.flags[row]! & rowFlags.body) list.push(row)
    return list
  })
}
