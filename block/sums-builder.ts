import { Int64Sums } from '../lib/int64-sums.ts'
import type { GroupSums } from './sums-codec.ts'

/** Adds up values per sample key and type; reuse one, since its columns are as long as the highest key. */
export class SumsBuilder {
  readonly #columns: Int64Sums[] = []
  #isTouched = new Uint8Array(1024)
  #touched: number[] = []

  add(key: number, type: number, value: number | bigint): void {
    if (this.#isTouched[key] !== 1) this.#touch(key)
    let column = this.#columns[type]
    if (column === undefined) {
      column = new Int64Sums(1024)
      this.#columns[type] = column
    }
    column.grow(key + 1)
    if (typeof value === 'bigint') column.addBig(key, value)
    else column.add(key, value)
  }

  /** Other sums, with `keyOf` by the names that their keys have here. */
  addAll({ keys, sums }: GroupSums, keyOf?: (key: number) => number): void {
    for (let i = 0; i < keys.length; i++) {
      const key = keyOf === undefined ? keys[i]! : keyOf(keys[i]!)
      for (let type = 0; type < sums.length; type++) {
        const from = sums[type]
        if (from === undefined || from.isZero(i)) continue
        const value = from.getNumber(i)
        this.add(key, type, Number.isSafeInteger(value) ? value : from.getBig(i))
      }
    }
  }

  /** What came together since the last time, of those types that `isSummed`; starts anew. */
  take(isSummed: readonly boolean[]): GroupSums {
    const columns = isSummed.map((is, type) => (is ? this.#columns[type] : undefined))
    const keys = Uint32Array.from(
      this.#touched.filter((key) => columns.some((column) => column !== undefined && !isZeroAt(column, key))),
    ).sort()
    const sums = isSummed.map((is, type) => {
      if (!is) return undefined
      const narrow = new Int64Sums(keys.length)
      const column = columns[type]
      if (column !== undefined)
        keys.forEach((key, i) => {
          if (!isZeroAt(column, key)) narrow.addBig(i, column.getBig(key))
        })
      return narrow
    })
    for (const key of this.#touched) {
      this.#isTouched[key] = 0
      for (const column of this.#columns) if (column !== undefined && key < column.length) column.clear(key)
    }
    this.#touched = []
    return { keys, sums }
  }

  #touch(key: number): void {
    if (key >= this.#isTouched.length) {
      const grown = new Uint8Array(Math.max(key + 1, this.#isTouched.length * 2))
      grown.set(this.#isTouched)
      this.#isTouched = grown
    }
    this.#isTouched[key] = 1
    this.#touched.push(key)
  }
}

function isZeroAt(column: Int64Sums, key: number): boolean {
  return key >= column.length || column.isZero(key)
}
