import type { Covered } from '../block/block-reader.ts'

/** Which attempts of which writers, as intervals. */
export class SeqSet {
  readonly #firsts = new Map<string, number[]>()
  readonly #lasts = new Map<string, number[]>()

  add(covered: readonly Covered[]): void {
    for (const { writer, intervals } of covered) {
      for (const { first, last } of intervals) this.#insert(writer, first, last)
    }
  }

  has(writer: string, seq: number): boolean {
    const firsts = this.#firsts.get(writer)
    const lasts = this.#lasts.get(writer)
    if (firsts === undefined || lasts === undefined) return false
    const index = lowerBound(lasts, seq)
    return index < lasts.length && firsts[index]! <= seq
  }

  #insert(writer: string, first: number, last: number): void {
    const firsts = this.#firsts.get(writer) ?? []
    const lasts = this.#lasts.get(writer) ?? []
    this.#firsts.set(writer, firsts)
    this.#lasts.set(writer, lasts)
    // Every interval that touches [first, last] becomes one with it.
    const from = lowerBound(lasts, first - 1)
    let to = from
    while (to < firsts.length && firsts[to]! <= last + 1) to++
    const start = to > from ? Math.min(first, firsts[from]!) : first
    const end = to > from ? Math.max(last, lasts[to - 1]!) : last
    firsts.splice(from, to - from, start)
    lasts.splice(from, to - from, end)
  }
}

/** The first index whose value is at least `value`. */
function lowerBound(values: readonly number[], value: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
