import { type Rows, rowFlags } from '../block/rows.ts'
import { applyRecord } from '../profile/apply-record.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { emptyState, type SeriesState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { KeySpace } from './key-space.ts'
import type { SeriesColumn } from './merge-columns.ts'
import type { MergePart } from './merge-part.ts'

export type Visit = (key: number, value: number | bigint) => void

/** What a merge wants of one part: types to sum over all its rows, and what to do with single rows. */
export interface Wanted {
  readonly summed: Set<number>
  readonly snapshots: Map<number, { readonly type: number; readonly visit: Visit }[]>
}

/** Adds to `series`, a column per sample type, what is wanted of a part. */
export async function readPart(
  part: MergePart,
  wanted: Wanted,
  series: readonly SeriesColumn[],
  options: {
    readonly spaces: ReadonlyMap<Dictionary, KeySpace>
    readonly sampleTypes: readonly SampleType[]
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
  const hasSums = entry.sums.length > 0 && summed.every((type) => entry.isSummed[typeOf[type]!])
  const groupSums = hasSums && summed.length > 0 ? await reader.sums(part.series, read) : []
  for (const [group, span] of groupRows(
    rows,
    entry.groups.map((g) => g.profileCount),
  ).entries()) {
    const isPicked = (row: number) => row >= part.firstRow && row <= part.lastRow
    const columnRows = span.filter((row) => rows.flags[row]! & rowFlags.columns)
    const inside = columnRows.filter(isPicked)
    const snapshots = columnRows.filter((row) => wanted.snapshots.has(row))
    if (inside.length === 0 && snapshots.length === 0) continue
    const isWhole = inside.length === columnRows.length
    const sums = isWhole ? groupSums[group] : undefined
    if (sums !== undefined)
      for (const type of summed) {
        const from = sums.sums[typeOf[type]!]!
        sums.keys.forEach((key, i) => {
          const value = from.getNumber(i)
          series[type]!.add(space.key(key), Number.isSafeInteger(value) ? value : from.getBig(i), 1)
        })
      }
    const bodyTypes = sums === undefined ? summed : []
    if (bodyTypes.length === 0 && snapshots.length === 0) continue
    const lastNeeded = bodyTypes.length > 0 ? inside.at(-1)! : snapshots.at(-1)!
    const streams = await reader.groupStreams(part.series, group, read)
    const state = emptyState()
    const picked = new Set(inside)
    for (const row of columnRows) {
      if (row > Math.max(lastNeeded, snapshots.at(-1) ?? 0)) break
      applyRecord(streams, state, { timeMs: rows.timeMs[row]!, plans: space.plans, dictionary })
      if (picked.has(row))
        for (const type of bodyTypes) visitValues(state, space, sampleTypes[type]!, addTo(series[type]!))
      for (const { type, visit } of wanted.snapshots.get(row) ?? [])
        visitValues(state, space, sampleTypes[type]!, visit)
      await breathe()
    }
  }
  await breathe()
}

function addTo(column: SeriesColumn): Visit {
  return (key, value) => column.add(key, value, 1)
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
function groupRows(rows: Rows, profileCounts: readonly number[]): number[][] {
  const groups: number[][] = []
  let row = 0
  for (const count of profileCounts) {
    const list: number[] = []
    for (; row < rows.length && list.length < count; row++)
      if (rows.flags[row]! & rowFlags.body) list.push(row)
    groups.push(list)
  }
  return groups
}
