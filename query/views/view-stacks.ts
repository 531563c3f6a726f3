import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { Symbols } from '../../profile/symbols.ts'
import type { ViewAnswer } from '../api/types.ts'
import type { BaseAnswer } from '../api/view-types.ts'
import { filterStacks } from './filter-stacks.ts'
import { magnitude, NetSums } from './net-sums.ts'
import { columnLike, normalize } from './normalize.ts'
import { tagUnits } from './sample-tags.ts'
import type { ComparedOptions } from './view-options.ts'

/** One sample type of a profile and of its base, normalized and filtered: what every view is made of. */
export interface ViewStacks {
  readonly symbols: Symbols
  /** By sample key. */
  readonly values: NetSums
  /** Before any filter: of absolute values, as pprof's "total". */
  readonly total: bigint
  readonly baseTotal: bigint | undefined
  /** What percentages are of: of the base where there is one that is not empty. */
  readonly wholeTotal: bigint
  /** Units of numeric labels. */
  readonly tagUnits: ReadonlyMap<string, string>
  readonly unit: string
  readonly profile: MergedProfile
  readonly head: ViewAnswer & { readonly base?: BaseAnswer }
}

export function viewStacks(merged: MergedProfile, sampleType: number, options: ComparedOptions): ViewStacks {
  const { base } = options
  if (base !== undefined && base.symbols !== merged.symbols)
    throw new TypeError('compare profiles: they have different dictionaries, want one')
  const profile = base !== undefined && options.normalize === true ? normalize(merged, base) : merged
  const { keyCount } = merged.symbols
  const one = (side: MergedProfile, column: Int64Sums | undefined): MergedProfile => ({
    ...side,
    values: [column === undefined ? new Int64Sums(keyCount) : padded(column, keyCount)],
  })
  const sides = [one(profile, profile.values[sampleType]!)]
  if (base !== undefined) sides.push(one(base, columnLike(base, merged, sampleType)))
  const totals = sides.map(({ values }) => magnitude(values[0]!))
  const [total, baseTotal] = totals as [bigint, bigint | undefined]
  const filtered = filterStacks(sides, options).sides
  const [values, baseValues] = filtered.map((side) => side.values[0]!) as [Int64Sums, Int64Sums | undefined]
  const { type, unit } = merged.sampleTypes[sampleType]!
  const head = {
    type,
    unit,
    sampleTypes: merged.sampleTypes,
    ...merged.coverage,
    sum: values.total().toString(),
    time: unixMs(merged),
  }
  return {
    symbols: filtered[0]!.symbols,
    values: new NetSums(values, baseValues),
    total,
    baseTotal,
    wholeTotal: baseTotal !== undefined && baseTotal > 0n ? baseTotal : total,
    // Few views tell them, and they take a walk over all samples.
    get tagUnits() {
      return tagUnits(base === undefined ? [merged] : [merged, base])
    },
    unit,
    profile: merged,
    head:
      base === undefined || baseValues === undefined
        ? head
        : { ...head, base: { ...base.coverage, sum: baseValues.total().toString(), time: unixMs(base) } },
  }
}

function padded(column: Int64Sums, length: number): Int64Sums {
  if (column.length >= length) return column
  const longer = new Int64Sums(length)
  for (let key = 0; key < column.length; key++)
    if (!column.isZero(key)) longer.addBig(key, column.getBig(key))
  return longer
}

function unixMs({ timeNanos }: MergedProfile): number {
  return Number(timeNanos / 1_000_000n)
}

/** What ends at each stack node, and which nodes any sample goes through. */
export interface NodeSums {
  readonly self: NetSums
  readonly isUsed: Uint8Array
}

export function nodeSums({ symbols, values }: ViewStacks): NodeSums {
  const { keyCount, keyNode, nodeCount, nodeParent } = symbols
  const self = NetSums.zeros(nodeCount, values.base !== undefined)
  const isUsed = new Uint8Array(nodeCount)
  for (let key = 0; key < keyCount; key++) {
    if (values.isEmpty(key)) continue
    const leaf = keyNode[key]!
    self.accumulate(leaf, values, key)
    // Ancestors of a used node are used already.
    for (let node = leaf; isUsed[node] === 0; node = nodeParent[node]!) {
      isUsed[node] = 1
      if (node === 0) break
    }
  }
  return { self, isUsed }
}
