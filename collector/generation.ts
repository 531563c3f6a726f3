import type { Attempt } from '../block/attempt.ts'
import type { BlockBuilder, EncodeOptions } from '../block/block-builder.ts'
import { labelsKey } from '../profile/labels.ts'

const dayMs = 86_400_000

/** Unix ms, as a profile's time, to the UTC day whose block it goes to. */
function utcDay(timeMs: number): number {
  return Math.floor(timeMs / dayMs)
}

/** A clock that jumps about all the time gets no further builders. */
const maxBuildersPerDay = 8

interface Part {
  readonly day: number
  readonly builder: BlockBuilder
  /** Per series, the time of its last attempt: a builder wants them in ascending order. */
  readonly lastMs: Map<string, number>
}

/**
 * What one stretch of the log holds, in memory: one builder per UTC day, since no block crosses midnight.
 * Usually one; a second one around midnight, or where a clock was set back.
 */
export class Generation {
  readonly #createBuilder: () => BlockBuilder
  #parts: Part[] = []
  /** Its attempts lie in segments from here on … */
  readonly firstSegment: number
  /** … and below this one. Infinity while it grows. */
  endSegment = Number.POSITIVE_INFINITY
  /** Everything that belongs here is here, so it may be cut. */
  isComplete = true
  /** Segments that hold something that is not in the builders; kept for people to look at. */
  readonly damagedSegments = new Set<number>()
  logBytes = 0

  constructor(firstSegment: number, createBuilder: () => BlockBuilder) {
    this.firstSegment = firstSegment
    this.#createBuilder = createBuilder
  }

  append(attempt: Attempt, origin: { readonly writer: string; readonly seq: number }): void {
    const day = utcDay(attempt.timeMs)
    const series = labelsKey(attempt.labels)
    const ofDay = this.#parts.filter((part) => part.day === day)
    let part = ofDay.find(({ lastMs }) => (lastMs.get(series) ?? 0) <= attempt.timeMs)
    if (part === undefined && ofDay.length >= maxBuildersPerDay) part = ofDay.at(-1)
    if (part === undefined) {
      part = { day, builder: this.#createBuilder(), lastMs: new Map() }
      this.#parts.push(part)
    }
    part.builder.append(attempt, origin)
    part.lastMs.set(series, attempt.timeMs)
  }

  /** One block per builder that has something selected. */
  encode(options: EncodeOptions): Uint8Array[] {
    const blocks: Uint8Array[] = []
    for (const { builder } of this.#parts) {
      const encoded = builder.encode(options)
      if (encoded !== undefined) blocks.push(encoded.bytes)
    }
    return blocks
  }

  /** In order of their days. */
  builders(): BlockBuilder[] {
    return this.#parts.toSorted((a, b) => a.day - b.day).map(({ builder }) => builder)
  }

  /** Its block has taken over. */
  drop(builder: BlockBuilder): void {
    this.#parts = this.#parts.filter((part) => part.builder !== builder)
  }

  get attemptCount(): number {
    return this.#sum((builder) => builder.attemptCount)
  }

  get heldBytes(): number {
    return this.#sum((builder) => builder.heldBytes)
  }

  /** Of the builder that has most: a block's symbols are bounded each. */
  get symbolBytes(): number {
    let most = 0
    for (const { builder } of this.#parts) most = Math.max(most, builder.symbolBytes)
    return most
  }

  #sum(value: (builder: BlockBuilder) => number): number {
    let sum = 0
    for (const { builder } of this.#parts) sum += value(builder)
    return sum
  }
}
