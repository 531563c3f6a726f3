import { HashIndex } from '../profile/hash-index.ts'
import type { Symbols } from '../profile/symbols.ts'
import { type StackFrames, StackIds } from './stack-ids.ts'

/**
 * The stacks of one partition, each once: dense numbers to add values up by, and what is written of them. Holds some
 * 24 bytes per stack; the frames are told once, where a stack is seen first.
 */
export class StackTable {
  readonly #onStack: (id: bigint, frames: StackFrames) => void
  readonly #index = new HashIndex()
  #ids = new BigInt64Array(1024)
  #count = 0
  readonly #spaces = new WeakMap<Symbols, { readonly ids: StackIds; readonly numbers: Int32Array }>()

  constructor(onStack: (id: bigint, frames: StackFrames) => void) {
    this.#onStack = onStack
  }

  get count(): number {
    return this.#count
  }

  id(number: number): bigint {
    return this.#ids[number]!
  }

  /** From nodes of one dictionary to the table's numbers. */
  numbersOf(symbols: Symbols): (node: number) => number {
    let space = this.#spaces.get(symbols)
    if (space === undefined) {
      space = { ids: new StackIds(symbols), numbers: new Int32Array(symbols.nodeCount).fill(-1) }
      this.#spaces.set(symbols, space)
    }
    const { ids, numbers } = space
    return (node) => {
      const known = numbers[node]!
      if (known >= 0) return known
      const number = this.#intern(ids.of(node), () => ids.frames(node))
      numbers[node] = number
      return number
    }
  }

  #intern(id: bigint, frames: () => StackFrames): number {
    const hash = Number(BigInt.asIntN(32, id))
    for (let slot = this.#index.first(hash); ; slot = this.#index.next(slot)) {
      const known = this.#index.at(slot)
      if (known < 0) break
      if (this.#ids[known] === id) return known
    }
    if (this.#count === this.#ids.length) {
      const grown = new BigInt64Array(this.#count * 2)
      grown.set(this.#ids)
      this.#ids = grown
    }
    this.#ids[this.#count] = id
    this.#index.insert(hash, this.#count)
    this.#onStack(id, frames())
    return this.#count++
  }
}
