import { Int64Sums } from '../../lib/int64-sums.ts'

/** One column of exact sums per side of a comparison. What pprof shows of it is the profile less its base. */
export class NetSums {
  readonly profile: Int64Sums
  readonly base: Int64Sums | undefined

  constructor(profile: Int64Sums, base: Int64Sums | undefined) {
    this.profile = profile
    this.base = base
  }

  static zeros(length: number, isCompared: boolean): NetSums {
    return new NetSums(new Int64Sums(length), isCompared ? new Int64Sums(length) : undefined)
  }

  grow(length: number): void {
    this.profile.grow(length)
    this.base?.grow(length)
  }

  /** `this[index] += from[at]`, on both sides. */
  accumulate(index: number, from: NetSums, at: number): void {
    accumulate(this.profile, index, from.profile, at)
    if (this.base !== undefined && from.base !== undefined) accumulate(this.base, index, from.base, at)
  }

  /** Whether neither side has any; where they are equal that is not so. */
  isEmpty(index: number): boolean {
    return this.profile.isZero(index) && (this.base?.isZero(index) ?? true)
  }

  /** The nearest double of the difference. */
  number(index: number): number {
    const value = this.profile.getNumber(index)
    if (this.base === undefined) return value
    const base = this.base.getNumber(index)
    const difference = value - base
    return Number.isSafeInteger(value) && Number.isSafeInteger(base) ? difference : Number(this.big(index))
  }

  big(index: number): bigint {
    return this.profile.getBig(index) - (this.base?.getBig(index) ?? 0n)
  }

  /** The exact decimal digits of the difference. */
  format(index: number): string {
    return this.base === undefined ? this.profile.format(index) : this.big(index).toString()
  }
}

/** `sums[index] += from[at]`, exactly. */
export function accumulate(sums: Int64Sums, index: number, from: Int64Sums, at: number): void {
  const value = from.getNumber(at)
  if (Number.isSafeInteger(value)) sums.add(index, value)
  else sums.addBig(index, from.getBig(at))
}

/** Sum of absolute values. */
export function magnitude(sums: Int64Sums): bigint {
  let total = 0n
  let part = 0
  for (let index = 0; index < sums.length; index++) {
    if (sums.isZero(index)) continue
    const value = Math.abs(sums.getNumber(index))
    if (!Number.isSafeInteger(value)) {
      const wide = sums.getBig(index)
      total += wide < 0n ? -wide : wide
    } else if (part + value > Number.MAX_SAFE_INTEGER) {
      total += BigInt(part)
      part = value
    } else part += value
  }
  return total + BigInt(part)
}
