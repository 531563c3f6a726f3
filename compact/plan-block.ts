import type { BlockReader, SeriesIndex } from '../block/block-reader.ts'
import type { Policy, RowFate } from '../block/compact-blocks.ts'
import { rowFlags } from '../block/rows.ts'
import { type Labels, labelsKey } from '../profile/labels.ts'
import {
  type BlockAge,
  type DeletionReason,
  planRows,
  planSeries,
  type Rules,
  rowFates,
  type SeriesPlan,
} from './policy.ts'

/** What the rules ask for of one block. */
export interface BlockPlan {
  /** `rewrite` where something of it stays. */
  readonly action: 'delete' | 'rewrite'
  readonly reason: DeletionReason
  /** Profiles that go. */
  readonly goneProfiles: number
  /** Estimate of the bytes that go: as profiles go, so do bytes. */
  readonly goneBytes: number
  /** For how long a rule about age has been asking for it. */
  readonly overdueMs: number
  /** What becomes of rows when the block is rewritten. */
  readonly policy: Policy
}

interface Planned {
  readonly series: SeriesIndex
  readonly labels: Labels
  readonly plan: SeriesPlan
}

/** Fates of a series' rows by their times; undefined drops them all. */
interface Fates {
  readonly timeMs: Float64Array
  readonly fates: Uint8Array
}

interface PlanOptions {
  readonly signal?: AbortSignal
}

/**
 * Whether something of a block is to go, and what. Undefined where all stays. The answer is about the block's content
 * and the rules alone: what was rewritten as it says comes out with nothing left to do.
 */
export async function planBlock(
  reader: BlockReader,
  rules: Rules,
  { block, signal }: PlanOptions & { readonly block: BlockAge },
): Promise<BlockPlan | undefined> {
  const all = reader.select([])
  const planned = all.flatMap((series): Planned[] => {
    const labels = reader.labels(series)
    const plan = planSeries(labels, rules, block)
    return plan === undefined ? [] : [{ series, labels, plan }]
  })
  const options = signal === undefined ? {} : { signal }
  const touched = await withoutThinned(reader, planned, options)
  if (touched.length === 0) return undefined

  const fates = new Map<string, Fates | undefined>()
  const reasons = new Set<DeletionReason>()
  let goneBodies = 0
  let isAnyLeft = touched.length < all.length
  const whole = touched.filter(isWhole)
  for (const { series, labels, plan } of whole) {
    fates.set(labelsKey(labels), undefined)
    reasons.add(plan.dropped!)
    goneBodies += bodyCount(reader, series)
  }
  for await (const { labels, plan, rows } of readRows(reader, touched, options)) {
    const itsFates = planRows(rows, plan, labels)
    let gone = 0
    for (let row = 0; row < rows.length; row++) {
      const fate = itsFates[row]!
      if (fate === rowFates.keep || fate === rowFates.thin) isAnyLeft = true
      const isBody = (rows.flags[row]! & rowFlags.body) !== 0
      if (fate === rowFates.keep || (fate === rowFates.thin && !isBody)) continue
      gone++
      if (isBody) goneBodies++
      reasons.add(fate === rowFates.thin ? 'thinned' : fate === rowFates.erase ? 'erased' : plan.dropped!)
    }
    if (gone > 0) fates.set(labelsKey(labels), { timeMs: rows.timeMs, fates: itsFates })
  }
  const reason = reasonOrder.find((each) => reasons.has(each))
  if (reason === undefined) return undefined
  const { profileCount, sizeBytes } = reader.meta
  return {
    action: isAnyLeft ? 'rewrite' : 'delete',
    reason,
    goneProfiles: goneBodies,
    goneBytes:
      isAnyLeft && profileCount > 0 ? Math.round((sizeBytes * goneBodies) / profileCount) : sizeBytes,
    overdueMs: Math.max(0, ...touched.map(({ plan }) => plan.overdueMs)),
    policy: (labels) => {
      const key = labelsKey(labels)
      if (!fates.has(key)) return undefined
      const found = fates.get(key)
      return found === undefined ? () => 'drop' : (timeMs, flags) => fateAt(found, timeMs, flags)
    },
  }
}

/** What to call it where several are true. */
const reasonOrder: readonly DeletionReason[] = ['erased', 'selector', 'time', 'size', 'thinned']

/** All of it goes, whatever is in its rows. */
function isWhole({ plan }: Planned): boolean {
  return plan.dropped !== undefined && plan.pins.length === 0 && plan.erasures.length === 0
}

function bodyCount(reader: BlockReader, series: SeriesIndex): number {
  return reader.entry(series).groups.reduce((sum, { profileCount }) => sum + profileCount, 0)
}

/**
 * Drops series that are only to be thinned where that was done already. A block is thinned as a whole, so the largest
 * few of each profile type tell of all, whichever types can be thinned: reading every row of months of blocks, at each
 * start, would be too much for so little.
 */
async function withoutThinned(
  reader: BlockReader,
  planned: readonly Planned[],
  options: PlanOptions,
): Promise<readonly Planned[]> {
  const isOnlyThin = ({ plan }: Planned) => plan.dropped === undefined && plan.erasures.length === 0
  const thin = planned.filter(isOnlyThin)
  if (thin.length === 0) return planned
  const counted = thin.map((each) => ({ each, bodies: bodyCount(reader, each.series) }))
  const types = Map.groupBy(counted, ({ each }) => each.labels['profile_type'])
  const largest = [...types.values()].flatMap((ofType) =>
    ofType
      .sort((a, b) => b.bodies - a.bodies)
      .slice(0, sampledSeries)
      .map(({ each }) => each),
  )
  for await (const { labels, plan, rows } of readRows(reader, largest, options)) {
    if (planRows(rows, plan, labels).includes(rowFates.thin)) return planned
  }
  return planned.filter((each) => !isOnlyThin(each))
}

async function* readRows(reader: BlockReader, planned: readonly Planned[], options: PlanOptions) {
  const some = planned.filter((each) => !isWhole(each))
  for (let i = 0; i < some.length; i += seriesAtOnce) {
    const chunk = some.slice(i, i + seriesAtOnce)
    const rows = await reader.rows(
      chunk.map(({ series }) => series),
      options,
    )
    for (const [j, { labels, plan }] of chunk.entries()) yield { labels, plan, rows: rows[j]! }
  }
}

function fateAt({ timeMs, fates }: Fates, time: number, flags: number): RowFate {
  let low = 0
  let high = timeMs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timeMs[middle]! < time) low = middle + 1
    else high = middle
  }
  const fate = timeMs[low] === time ? fates[low] : rowFates.keep
  if (fate === rowFates.thin) return (flags & rowFlags.body) !== 0 ? 'thin' : 'keep'
  return fate === rowFates.keep ? 'keep' : 'drop'
}

const sampledSeries = 4
const seriesAtOnce = 64
