import { Int64Sums } from '../lib/int64-sums.ts'

/** The sums of one series in one column; `clear()` makes it ready for the next series. */
export class SeriesColumn {
  readonly #sums = new Int64Sums(1024)
  // Which keys have been added to: a series has few of those that a service has.
  #isTouched = new Uint8Array(1024)
  #touched = new Uint32Array(1024)
  #touchedCount = 0

  add(key: number, value: number | bigint, sign: 1 | -1): void {
    if (key >= this.#isTouched.length) this.#grow(key + 1)
    if (this.#isTouched[key] === 0) {
      this.#isTouched[key] = 1
      this.#touched[this.#touchedCount++] = key
    }
    if (typeof value === 'bigint') this.#sums.addBig(key, sign === 1 ? value : -value)
    else this.#sums.add(key, sign * value)
  }

  /** Calls `visit` for each key whose sum is not 0. */
  forEach(visit: (key: number, sums: Int64Sums) => void): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const key = this.#touched[i]!
      if (!this.#sums.isZero(key)) visit(key, this.#sums)
    }
  }

  clear(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const key = this.#touched[i]!
      this.#isTouched[key] = 0
      this.#sums.clear(key)
    }
    this.#touchedCount = 0
  }

  #grow(length: number): void {
    this.#sums.grow(length)
    const capacity = this.#sums.length
    const isTouched = new Uint8Array(capacity)
    isTouched.set(this.#isTouched)
    this.#isTouched = isTouched
    const touched = new Uint32Array(capacity)
    touched.set(this.#touched)
    this.#touched = touched
  }
}

/** The sums of all series: exact where they add, one rounding at the end where they average. */
export class Total {
  readonly #sums = new Int64Sums(1024)
  #averages: Float64Array | undefined

  addSeries(series: SeriesColumn, profiles: number): void {
    series.forEach((key, sums) => {
      if (key >= this.#sums.length) this.#sums.grow(key + 1)
      const sum = sums.getNumber(key)
      if (profiles === 1) {
        if (Number.isSafeInteger(sum)) this.#sums.add(key, sum)
        else this.#sums.addBig(key, sums.getBig(key))
      } else if (Number.isSafeInteger(sum)) {
        if (this.#averages === undefined || this.#averages.length <= key) this.#growAverages(key + 1)
        this.#averages![key]! += sum / profiles
      } else this.#sums.addBig(key, sums.getBig(key) / BigInt(profiles))
    })
  }

  #growAverages(length: number): void {
    const grown = new Float64Array(Math.max(length, this.#sums.length))
    if (this.#averages !== undefined) grown.set(this.#averages)
    this.#averages = grown
  }

  column(length: number): Int64Sums {
    this.#sums.grow(length)
    this.#averages?.forEach((average, key) => {
      if (average !== 0) this.#sums.add(key, Math.round(average))
    })
    this.#averages = undefined
    return this.#sums
  }
}
