import { Int64Sums } from '../lib/int64-sums.ts'

/** The sums of one series in one column. */
export class SeriesColumn {
  readonly sums = new Int64Sums(1024)

  add(key: number, value: number | bigint, sign: 1 | -1): void {
    this.sums.grow(key + 1)
    if (typeof value === 'bigint') this.sums.addBig(key, sign === 1 ? value : -value)
    else this.sums.add(key, sign * value)
  }
}

/** The sums of all series: exact where they add, one rounding at the end where they average. */
export class Total {
  readonly #sums = new Int64Sums(1024)
  #averages: Float64Array | undefined

  addSeries({ sums }: SeriesColumn, profiles: number): void {
    this.#sums.grow(sums.length)
    for (let key = 0; key < sums.length; key++) {
      if (sums.isZero(key)) continue
      const sum = sums.getNumber(key)
      if (profiles === 1) {
        if (Number.isSafeInteger(sum)) this.#sums.add(key, sum)
        else this.#sums.addBig(key, sums.getBig(key))
      } else if (Number.isSafeInteger(sum)) {
        if (this.#averages === undefined || this.#averages.length <= key) this.#growAverages(key + 1)
        this.#averages![key]! += sum / profiles
      } else this.#sums.addBig(key, sums.getBig(key) / BigInt(profiles))
    }
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
