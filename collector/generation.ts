import type { Attempt } from '../block/attempt.ts'
import type { BlockBuilder, EncodeOptions } from '../block/block-builder.ts'

const dayMs = 86_400_000

/** Unix ms, as a profile's time, to the UTC day whose block it goes to. */
function utcDay(timeMs: number): number {
  return Math.floor(timeMs / dayMs)
}

/**
 * What one stretch of the log holds, in memory: one builder per UTC day, since no block crosses midnight.
 * Usually one; a second one around midnight, or where a clock jumped.
 */
export class Generation {
  readonly #createBuilder: () => BlockBuilder
  readonly #days = new Map<number, BlockBuilder>()
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
    let builder = this.#days.get(day)
    if (builder === undefined) {
      builder = this.#createBuilder()
      this.#days.set(day, builder)
    }
    builder.append(attempt, origin)
  }

  /** One block per day that has something selected. */
  encode(options: EncodeOptions): Uint8Array[] {
    const blocks: Uint8Array[] = []
    for (const builder of this.#days.values()) {
      const encoded = builder.encode(options)
      if (encoded !== undefined) blocks.push(encoded.bytes)
    }
    return blocks
  }

  /** In order of time. */
  days(): { readonly day: number; readonly builder: BlockBuilder }[] {
    return [...this.#days].sort(([a], [b]) => a - b).map(([day, builder]) => ({ day, builder }))
  }

  /** Its block has taken over. */
  dropDay(day: number): void {
    this.#days.delete(day)
  }

  get attemptCount(): number {
    return this.#sum((builder) => builder.attemptCount)
  }

  get heldBytes(): number {
    return this.#sum((builder) => builder.heldBytes)
  }

  /** Of the day that has most: a block's symbols are bounded each. */
  get symbolBytes(): number {
    let most = 0
    for (const builder of this.#days.values()) most = Math.max(most, builder.symbolBytes)
    return most
  }

  #sum(value: (builder: BlockBuilder) => number): number {
    let sum = 0
    for (const builder of this.#days.values()) sum += value(builder)
    return sum
  }
}
