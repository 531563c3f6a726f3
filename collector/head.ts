import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Attempt } from '../block/attempt.ts'
import type { EncodeOptions } from '../block/block-builder.ts'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { Generation } from './generation.ts'

/** Where in the log an attempt is. */
interface Place {
  readonly writer: string
  readonly seq: number
  readonly segment: number
}

export interface HeadOptions {
  /** Segments up to this one are replayed; what is appended from now on lies in later ones. */
  readonly lastReplayed: number
  /** Of those segments. */
  readonly replayedBytes: number
  /** An attempt could not be taken, which is a defect: its segment is kept for people to look at. */
  readonly onFailure: (place: Place, error: unknown) => void
}

/**
 * What is acknowledged and in no block yet: a generation for each stretch of the log. The last one grows, those before
 * it wait to be cut, oldest first.
 */
export class Head {
  readonly #options: HeadOptions
  #generations: Generation[]
  #inserting: Promise<void> = Promise.resolve()
  #sliceEndMs = 0

  constructor(options: HeadOptions) {
    this.#options = options
    const replaying = new Generation(0, createBlockBuilder)
    replaying.endSegment = options.lastReplayed + 1
    replaying.isComplete = false
    replaying.logBytes = options.replayedBytes
    this.#generations = [replaying, new Generation(replaying.endSegment, createBlockBuilder)]
  }

  /** In the order of the log, a few at a time. */
  insert(attempt: Attempt, place: Place): Promise<void> {
    const insert = async () => {
      if (performance.now() > this.#sliceEndMs) {
        await nextTurn()
        this.#sliceEndMs = performance.now() + 8
      }
      const generation = this.#generations.findLast(({ firstSegment }) => firstSegment <= place.segment)
      this.#appendTo(generation ?? this.#current, attempt, place)
    }
    this.#inserting = this.#inserting.then(insert)
    return this.#inserting
  }

  /** Resolves once all that were inserted so far are in. */
  inserted(): Promise<void> {
    return this.#inserting
  }

  /** From the log as it was at the start; before `endReplay`. */
  replay(attempt: Attempt, place: Place): void {
    this.#appendTo(this.#generations[0]!, attempt, place)
  }

  /** A segment of before the start holds something that did not read. */
  noteDamage(segment: number): void {
    this.#generations[0]!.damagedSegments.add(segment)
  }

  endReplay(): void {
    this.#generations[0]!.isComplete = true
  }

  /** The log has grown. */
  addLogBytes(bytes: number): void {
    this.#current.logBytes += bytes
  }

  /** Blocks of what is selected, one generation after the other. */
  *encode(options: EncodeOptions): Generator<Uint8Array> {
    for (const generation of [...this.#generations]) yield* generation.encode(options)
  }

  /** Nothing waits to be cut, and nothing has come since. */
  get isEmpty(): boolean {
    return this.#generations.length === 1 && this.#current.attemptCount === 0
  }

  get hasFrozen(): boolean {
    return this.#generations.length > 1
  }

  get attemptCount(): number {
    return this.#sum(({ attemptCount }) => attemptCount)
  }

  get heldBytes(): number {
    return this.#sum(({ heldBytes }) => heldBytes)
  }

  get logBytes(): number {
    return this.#sum(({ logBytes }) => logBytes)
  }

  /** Of the block that would have most. */
  get symbolBytes(): number {
    return Math.max(...this.#generations.map(({ symbolBytes }) => symbolBytes))
  }

  /** What came so far waits to be cut; what comes from `segment` on is a generation of its own. */
  freeze(segment: number): void {
    this.#current.endSegment = segment
    this.#generations.push(new Generation(segment, createBlockBuilder))
  }

  /** Cuts what waits, oldest first, until one rejects, or is still being replayed: segments go in their order. */
  async cutFrozen(cut: (generation: Generation) => Promise<void>): Promise<void> {
    while (this.hasFrozen) {
      const generation = this.#generations[0]!
      if (!generation.isComplete) return
      await cut(generation)
      this.#generations.shift()
    }
  }

  get #current(): Generation {
    return this.#generations.at(-1)!
  }

  #appendTo(generation: Generation, attempt: Attempt, place: Place): void {
    try {
      generation.append(attempt, place)
    } catch (error) {
      // The bytes stay on disk for whoever mends it.
      generation.damagedSegments.add(place.segment)
      this.#options.onFailure(place, error)
    }
  }

  #sum(value: (generation: Generation) => number): number {
    return this.#generations.reduce((sum, generation) => sum + value(generation), 0)
  }
}
