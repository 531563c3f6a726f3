/**
 * A column of exact int64 totals. Sums stay doubles while they are safe integers, which is nearly always;
 * the moment one is not, it moves on to a bigint. Nothing is ever rounded.
 */
export class Int64Sums {
  #sums: Float64Array
  /** Undefined until there is one: most columns never have any, and there are many columns. */
  #wide: Map<number, bigint> | undefined

  constructor(length = 0) {
    this.#sums = new Float64Array(length)
  }

  get length(): number {
    return this.#sums.length
  }

  /** Makes room for indices below `length`; new ones are 0. */
  grow(length: number): void {
    if (length <= this.#sums.length) return
    const sums = new Float64Array(Math.max(length, this.#sums.length * 2))
    sums.set(this.#sums)
    this.#sums = sums
  }

  /** `value` is a safe integer; `index` is below `length`. */
  add(index: number, value: number): void {
    const sum = this.#sums[index]! + value
    if (sum <= Number.MAX_SAFE_INTEGER && sum >= Number.MIN_SAFE_INTEGER) this.#sums[index] = sum
    else this.addBig(index, BigInt(value))
  }

  addBig(index: number, value: bigint): void {
    const sum = this.getBig(index) + value
    this.#sums[index] = 0
    if (BigInt.asIntN(53, sum) === sum) {
      this.#wide?.delete(index)
      this.#sums[index] = Number(sum)
    } else {
      this.#wide ??= new Map()
      this.#wide.set(index, sum)
    }
  }

  getBig(index: number): bigint {
    const wide = this.#wide?.get(index)
    const sum = BigInt(this.#sums[index]!)
    return wide === undefined ? sum : wide + sum
  }

  /** The nearest double: for layout and sorting, never for answers that must be exact. */
  getNumber(index: number): number {
    return this.#wide === undefined ? this.#sums[index]! : Number(this.getBig(index))
  }

  /** Back to 0. */
  clear(index: number): void {
    this.#sums[index] = 0
    this.#wide?.delete(index)
  }

  isZero(index: number): boolean {
    return this.#sums[index] === 0 && this.#wide?.has(index) !== true
  }

  /** The exact decimal digits. */
  format(index: number): string {
    return this.#wide === undefined ? String(this.#sums[index]!) : this.getBig(index).toString()
  }

  total(): bigint {
    let total = 0n
    let part = 0
    for (const sum of this.#sums) {
      if (Math.abs(part + sum) > Number.MAX_SAFE_INTEGER) {
        total += BigInt(part)
        part = 0
      }
      part += sum
    }
    total += BigInt(part)
    for (const wide of this.#wide?.values() ?? []) total += wide
    return total
  }
}
