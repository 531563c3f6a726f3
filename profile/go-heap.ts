import type { Dictionary } from './dictionary.ts'

/**
 * Go's heap profiles show, for n sampled allocations of `size` bytes each, the unbiased estimates
 * ⌊n·scale⌋ objects and ⌊n·size·scale⌋ bytes, where scale = 1 / (1 − e^(−size / rate)).
 * (runtime/pprof, scaleHeapSample; `rate` is the profile's period, `size` the label "bytes" of the sample.)
 * So both columns are one small number n, and this finds it. Whoever changes a digit here changes what stored
 * blocks say: the exponential is our own, made of operations that IEEE 754 rounds the same everywhere.
 */
export class GoHeapModel {
  readonly #dictionary: Dictionary
  readonly #rate: number
  #scale = new Float64Array(64)
  #size = new Float64Array(64)
  #known = 0

  constructor(dictionary: Dictionary, rate: number) {
    this.#dictionary = dictionary
    this.#rate = rate
  }

  /** 0 where the label set has no size. */
  scale(labelSet: number): number {
    if (labelSet >= this.#known) this.#learn(labelSet)
    return this.#scale[labelSet]!
  }

  size(labelSet: number): number {
    if (labelSet >= this.#known) this.#learn(labelSet)
    return this.#size[labelSet]!
  }

  #learn(upTo: number): void {
    if (upTo >= this.#scale.length) {
      const scale = new Float64Array(upTo * 2)
      const size = new Float64Array(upTo * 2)
      scale.set(this.#scale)
      size.set(this.#size)
      this.#scale = scale
      this.#size = size
    }
    for (; this.#known <= upTo; this.#known++) {
      const fields = this.#dictionary.labelSets[this.#known]!
      const isSize =
        fields.length === 7 &&
        fields[1] === 1 &&
        fields[4] === 3 &&
        fields[6] === 0 &&
        this.#dictionary.string(fields[2]!) === 'bytes'
      const size = isSize ? fields[5]! : 0
      this.#size[this.#known] = size
      this.#scale[this.#known] = size === 0 ? 0 : 1 / (1 - expNegative(size / this.#rate))
    }
  }
}

/** The n whose ⌊n·scale⌋ is `value`, or one next to it. */
export function sampledCount(value: number, scale: number): number {
  return Math.ceil((value / scale) * (1 - 1e-13))
}

/** e^−x for x ≥ 0: x = k·ln 2 + r with |r| ≤ ln 2 / 2, Taylor's series of e^−r, then k halvings. */
export function expNegative(x: number): number {
  if (x > 700) return 0
  const k = Math.floor(x / Math.LN2 + 0.5)
  const r = x - k * ln2High - k * ln2Low
  let sum = 1
  for (let n = 15; n >= 1; n--) sum = 1 - (r * sum) / n
  for (let i = 0; i < k; i++) sum *= 0.5
  return sum
}

/** ln 2 in two parts; the first has its low 21 bits zero, so that k·ln2High is exact. */
const ln2High = 0.6931471803691238
const ln2Low = 1.9082149292705877e-10

/** The bytes that Go scales `objects` of `size` bytes to. */
export function goSpace(objects: number, scale: number, size: number): number {
  return objects === 0 || scale === 0 ? 0 : Math.trunc(sampledCount(objects, scale) * size * scale)
}
