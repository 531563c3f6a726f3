import { type Rows, rowFlags } from '../block/rows.ts'
import type { GroupSums } from '../block/sums-codec.ts'
import type { GroupPlace } from '../block/tail.ts'
import type { Int64Sums } from '../lib/int64-sums.ts'
import { applyRecord } from '../profile/apply-record.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { KeySpace } from './key-space.ts'
import type { SeriesColumn } from './merge-columns.ts'
import type { MergePart } from './merge-part.ts'
import type { ReadBudget } from './read-budget.ts'
import type { PartSums } from './read-sums.ts'

export type Visit = (key: number, value: number | bigint) => void

/** What a merge wants of one part: types to sum over all its rows, and what to do with single rows. */
export interface Wanted {
  readonly summed: Set<number>
  readonly snapshots: Map<number, { readonly type: number; readonly visit: Visit }[]>
}

/** Adds to `series`, a column per sample type, what is wanted of a part. `sums` are what was read of it before. */
export async function readPart(
  part: MergePart,
  wanted: Wanted,
  series: readonly SeriesColumn[],
  options: {
    readonly sums: PartSums | undefined
    readonly spaces: ReadonlyMap<Dictionary, KeySpace>
    readonly sampleTypes: readonly SampleType[]
    readonly budget: ReadBudget
    readonly signal: AbortSignal | undefined
    /** Called after every profile. */
    readonly breathe: () => Promise<void>
  },
): Promise<void> {
  const { reader, rows } = part
  const { sampleTypes, signal, breathe } = options
  const read = signal === undefined ? {} : { signal }
  const entry = reader.entry(part.series)
  const dictionary = await reader.dictionary(entry.service, read)
  const space = options.spaces.get(dictionary)!
  const typeOf = sampleTypes.map(({ type, unit }) =>
    rows.sampleTypes.findIndex((t) => t.type === type && t.unit === unit),
  )
  const summed = [...wanted.summed].filter((type) => typeOf[type]! >= 0)
  const addSums = (sums: GroupSums) => {
    for (const type of summed) addColumn(sums.keys, sums.sums[typeOf[type]!]!, space, series[type]!)
  }
  const { whole, groups = [] } = options.sums ?? {}
  if (whole !== undefined) addSums(whole)
  const unread = whole === undefined ? summed : []
  const isDone = unread.length === 0 && wanted.snapshots.size === 0
  for (const [group, span] of isDone ? [] : groupRows(rows, entry.groups).entries()) {
    const isPicked = (row: number) => row >= part.firstRow && row <= part.lastRow
    const columnRows = span.filter((row) => rows.flags[row]! & rowFlags.columns)
    const inside = columnRows.filter(isPicked)
    const snapshots = columnRows.filter((row) => wanted.snapshots.has(row))
    if (inside.length === 0 && snapshots.length === 0) continue
    const outside = columnRows.filter((row) => !isPicked(row))
    const sums = inside.length > 0 && unread.length > 0 ? groups[group] : undefined
    // Bodies are read from the first on. Where the range begins soon after it, the few before are taken off.
    const isLess = sums !== undefined && (outside.at(-1) ?? -1) < inside.at(-1)!
    if (isLess) addSums(sums)
    const bodyRows = unread.length === 0 ? [] : isLess ? outside : inside
    const sign = isLess ? -1 : 1
    const lastNeeded = Math.max(bodyRows.at(-1) ?? -1, snapshots.at(-1) ?? -1)
    if (lastNeeded < 0) continue
    options.budget.take(entry.groups[group]!.body.length)
    const streams = await reader.groupStreams(part.series, group, read)
    const state = emptyState()
    const counted = new Set(bodyRows)
    for (const row of columnRows) {
      if (row > lastNeeded) break
      applyRecord(streams, state, { timeMs: rows.timeMs[row]!, plans: space.plans, dictionary })
      if (counted.has(row))
        for (const type of unread)
          visitValues(state, space, sampleTypes[type]!, (key, value) => series[type]!.add(key, value, sign))
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
