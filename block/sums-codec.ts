import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { Int64Sums } from '../lib/int64-sums.ts'

/**
 * Per-stack sums of one group: what a merge over the whole group reads instead of its profiles. Columns of counters
 * are left out (their difference needs only first and last). `keys` ascend.
 */
export interface GroupSums {
  readonly keys: Uint32Array
  /** One per sample type, indexed as `keys`; undefined for counters. */
  readonly sums: readonly (Int64Sums | undefined)[]
}

/**
 * All groups of a series in one chunk: per group the count of keys, the keys as differences, then per summed column
 * a mode (0 difference from the group before, 1 wide, 2 the column before times `period`) and the sums.
 */
export function encodeSums(groups: readonly GroupSums[], period: number): Uint8Array {
  const out = new ByteWriter(1 << 12)
  const before: Map<number, number>[] = []
  for (const { keys, sums } of groups) {
    out.varint(keys.length)
    let last = -1
    for (const key of keys) {
      out.varint(key - last - 1)
      last = key
    }
    sums.forEach((column, type) => {
      if (column === undefined) return
      before[type] ??= new Map()
      const previous = before[type]
      const base = type > 0 ? sums[type - 1] : undefined
      const isMultiple = period > 0 && base !== undefined && isMultipleOf(column, base, period, keys.length)
      let isWide = false
      for (let i = 0; i < keys.length; i++) if (Math.abs(column.getNumber(i)) >= 2 ** 50) isWide = true
      out.byte(isMultiple ? 2 : isWide ? 1 : 0)
      if (isMultiple) return
      for (let i = 0; i < keys.length; i++) {
        if (isWide) out.zigzag64(column.getBig(i))
        else out.zigzag(column.getNumber(i) - (previous.get(keys[i]!) ?? 0))
        previous.set(keys[i]!, isWide ? 0 : column.getNumber(i))
      }
    })
  }
  return out.bytes()
}

/** `isSummed[t]` says which sample types have sums. */
export function decodeSums(
  bytes: Uint8Array,
  what: string,
  options: {
    readonly groupCount: number
    readonly isSummed: readonly boolean[]
    readonly period: number
    readonly keyCount: number
  },
): GroupSums[] {
  const reader = new ByteReader(bytes, what)
  const groups: GroupSums[] = []
  // A single group is told from nothing.
  const beforeLength = options.groupCount > 1 ? options.keyCount : 0
  const before = options.isSummed.map((isSummed) => (isSummed ? new Float64Array(beforeLength) : undefined))
  for (let group = 0; group < options.groupCount; group++) {
    const keys = new Uint32Array(reader.count())
    let key = -1
    for (let i = 0; i < keys.length; i++) {
      key += 1 + reader.varint()
      if (key >= options.keyCount) reader.fail(`sample key ${key} of ${options.keyCount}`)
      keys[i] = key
    }
    const sums: (Int64Sums | undefined)[] = []
    for (let type = 0; type < options.isSummed.length; type++) {
      const previous = before[type]
      if (previous === undefined) {
        sums.push(undefined)
        continue
      }
      const column = new Int64Sums(keys.length)
      const mode = reader.byte()
      const base = sums[type - 1]
      for (let i = 0; i < keys.length; i++) {
        if (mode === 2) {
          if (base === undefined) reader.fail('a multiple of no column')
          else if (Math.abs(base.getNumber(i)) < 2 ** 52 / options.period)
            column.add(i, base.getNumber(i) * options.period)
          else column.addBig(i, base.getBig(i) * BigInt(options.period))
        } else if (mode === 1) {
          column.addBig(i, reader.zigzag64())
          previous[keys[i]!] = 0
        } else {
          const sum = (previous[keys[i]!] ?? 0) + reader.zigzag()
          previous[keys[i]!] = sum
          column.add(i, sum)
        }
      }
      sums.push(column)
    }
    groups.push({ keys, sums })
  }
  return groups
}

function isMultipleOf(column: Int64Sums, base: Int64Sums, period: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (column.getBig(i) !== base.getBig(i) * BigInt(period)) return false
  return true
}
