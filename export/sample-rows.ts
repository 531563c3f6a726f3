import type { ProcessIdentity } from '../block/attempt.ts'
import { Int64Sums } from '../lib/int64-sums.ts'
import { sampleKind } from '../profile/kind.ts'
import { formatLabels, type Labels, labelsHash } from '../profile/labels.ts'
import type { SampleType, Symbols } from '../profile/symbols.ts'
import type { Value } from './parquet-file.ts'
import { labelColumns } from './parquet-tables.ts'
import type { PartitionWriter } from './partition-writer.ts'

/** What the rows to come are of: one profile, or those of a step. */
export interface SampledProfiles {
  readonly timeMs: number
  readonly profileCount: number
  readonly coveredMs: number
  /** Of the last of them; undefined where unknown. */
  readonly process: ProcessIdentity | undefined
}

/** The rows of one series: values are added up by stack, then written sample type by sample type. */
export class SampleRows {
  readonly #labels: Labels
  readonly #writer: PartitionWriter
  readonly #seriesId: string
  readonly #labelValues: readonly Value[]
  readonly #values = new StackSums()
  readonly #deltas = new StackSums()
  #before: readonly Value[] = []
  #after: readonly Value[] = []
  #profileCount = 0
  #coveredMs = 0
  #firstMs = 0
  #lastMs = 0

  constructor(labels: Labels, writer: PartitionWriter) {
    this.#labels = labels
    this.#writer = writer
    this.#seriesId = labelsHash(labels)
    this.#labelValues = labelColumns.map((name) => labels[name] ?? null)
  }

  get profileCount(): number {
    return this.#profileCount
  }

  begin({ timeMs, profileCount, coveredMs, process }: SampledProfiles): void {
    if (this.#profileCount === 0) this.#firstMs = timeMs
    this.#lastMs = timeMs
    this.#profileCount += profileCount
    this.#coveredMs += coveredMs
    this.#before = [timeMs, this.#seriesId, ...this.#labelValues]
    this.#after = [profileCount, BigInt(coveredMs), ...processValues(process)]
  }

  /** To be called by key of a dictionary: adds to the sum of the key's stack. */
  adder(symbols: Symbols, column: 'value' | 'delta'): (key: number, value: number | bigint) => void {
    const numberOf = this.#writer.stacks.numbersOf(symbols)
    const sums = column === 'value' ? this.#values : this.#deltas
    return (key, value) => sums.add(numberOf(symbols.keyNode[key]!), value)
  }

  /** Writes what was added as rows of this sample type. Throws where a sum does not fit 64 bits. */
  end(sampleType: SampleType, { hasDelta }: { readonly hasDelta: boolean }): void {
    const kind = sampleKind(sampleType, this.#labels['profile_type'] ?? '')
    for (const stack of this.#deltas.touched) this.#values.touch(stack)
    for (const stack of this.#values.touched) {
      const value = this.#values.take(stack)
      const delta = hasDelta ? this.#deltas.take(stack) : null
      if (value === 0n && (delta ?? 0n) === 0n) continue
      if (BigInt.asIntN(64, value) !== value) {
        throw new RangeError(
          `sum of ${sampleType.type} of ${formatLabels(this.#labels)}: ${value} is beyond 64 bits, want a shorter step`,
        )
      }
      const facts = [sampleType.type, sampleType.unit, kind, this.#writer.stacks.id(stack), value, delta]
      this.#writer.pushSample([...this.#before, ...facts, ...this.#after])
    }
    this.#values.clear()
    this.#deltas.clear()
  }

  /** The row that says what the series is. */
  finish(): void {
    if (this.#profileCount === 0) return
    this.#writer.pushSeries([
      this.#seriesId,
      this.#labels['service_name'] ?? null,
      this.#labels['profile_type'] ?? null,
      this.#labels,
      BigInt(this.#profileCount),
      BigInt(this.#coveredMs),
      this.#firstMs,
      this.#lastMs,
    ])
  }
}

/** Sums by the numbers of stacks, and which there are. */
class StackSums {
  touched: number[] = []
  readonly #sums = new Int64Sums(1024)
  #isTouched = new Uint8Array(1024)

  add(stack: number, value: number | bigint): void {
    this.touch(stack)
    if (typeof value === 'number') this.#sums.add(stack, value)
    else this.#sums.addBig(stack, value)
  }

  touch(stack: number): void {
    if (stack >= this.#isTouched.length) {
      const grown = new Uint8Array(Math.max(stack + 1, this.#isTouched.length * 2))
      grown.set(this.#isTouched)
      this.#isTouched = grown
      this.#sums.grow(grown.length)
    }
    if (this.#isTouched[stack] === 1) return
    this.#isTouched[stack] = 1
    this.touched.push(stack)
  }

  /** The sum, which is 0 from then on. */
  take(stack: number): bigint {
    if (stack >= this.#isTouched.length) return 0n
    const sum = this.#sums.getBig(stack)
    if (sum !== 0n) this.#sums.addBig(stack, -sum)
    return sum
  }

  clear(): void {
    for (const stack of this.touched) this.#isTouched[stack] = 0
    this.touched = []
  }
}

function processValues(process: ProcessIdentity | undefined): readonly Value[] {
  const isKnown = process !== undefined && (process.containerId !== '' || process.startTimeMs !== 0)
  if (!isKnown) return [null, null, null, null, null, null]
  return [
    process.containerId === '' ? null : process.containerId,
    process.restartCount,
    process.startTimeMs === 0 ? null : process.startTimeMs,
    process.image === '' ? null : process.image,
    process.memoryLimitBytes === 0 ? null : BigInt(process.memoryLimitBytes),
    process.cpuLimitMillicores === 0 ? null : BigInt(process.cpuLimitMillicores),
  ]
}
