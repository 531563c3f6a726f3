import type { BlockReader } from '../block/block-reader.ts'
import { rowFlags } from '../block/rows.ts'
import type { GroupSums } from '../block/sums-codec.ts'
import type { MergePart } from './merge-part.ts'
import type { ReadBudget } from './read-budget.ts'

/** What was read of a part before its bodies are. */
export interface PartSums {
  /** Of all its profiles. */
  readonly whole?: GroupSums
  /** Of each group; empty where the block has none. */
  readonly groups?: readonly GroupSums[]
}

export interface PartPlan {
  readonly part: MergePart
  /** Every profile that its block has of the series takes part. */
  readonly isWhole: boolean
  /** How many bytes its sums are. */
  readonly bytes: number
}

/** Undefined where no sums help: the part's types `isSummed`, by their index in its rows, are not all there. */
export function planSums(part: MergePart, isSummed: readonly boolean[]): PartPlan | undefined {
  const entry = part.reader.entry(part.series)
  if (entry.sums.length === 0 || !isSummed.includes(true)) return undefined
  if (isSummed.some((is, type) => is && !entry.isSummed[type])) return undefined
  const isWhole = isWholeSeries(part)
  const place = isWhole && entry.totals.length > 0 ? entry.totals : entry.sums
  return { part, isWhole, bytes: place.length }
}

/** Reads the sums of many series; those of one block that lie together come in one range. */
export async function readSums(
  plans: readonly PartPlan[],
  options: { readonly budget: ReadBudget; readonly signal: AbortSignal | undefined },
): Promise<Map<MergePart, PartSums>> {
  const { budget, signal } = options
  const read = signal === undefined ? {} : { signal }
  for (const { bytes } of plans) budget.take(bytes)
  const found = new Map<MergePart, PartSums>()
  const ofBlock = async (reader: BlockReader, own: readonly PartPlan[]) => {
    const whole = own.filter(({ isWhole }) => isWhole).map(({ part }) => part)
    const totals =
      whole.length === 0
        ? []
        : await reader.totals(
            whole.map(({ series }) => series),
            read,
          )
    whole.forEach((part, i) => {
      if (totals[i] !== undefined) found.set(part, { whole: totals[i] })
    })
    await Promise.all(
      own.map(async ({ part }) => {
        if (!found.has(part)) found.set(part, { groups: await reader.sums(part.series, read) })
      }),
    )
  }
  await Promise.all(
    [...Map.groupBy(plans, ({ part }) => part.reader)].map(([reader, own]) => ofBlock(reader, own)),
  )
  return found
}

function isWholeSeries({ rows, firstRow, lastRow }: MergePart): boolean {
  for (let row = 0; row < firstRow; row++) if (isMerged(rows.flags[row]!)) return false
  for (let row = lastRow + 1; row < rows.length; row++) if (isMerged(rows.flags[row]!)) return false
  return true
}

/** Whether a row has a profile that can be merged. */
export function isMerged(flags: number): boolean {
  return (flags & (rowFlags.body | rowFlags.columns)) === (rowFlags.body | rowFlags.columns)
}
