import type { Dictionary } from './dictionary.ts'

/**
 * Stacks as one file writes them: location ids as varints, leaf first. Stacks of a profile share most of their
 * callers, so the bytes from a node on to the root are made once and copied after that: from 50,000 ids of a large
 * heap to 5,000.
 */
export class StackIds {
  /** The stack that `write` made is `bytes[start … end)`, until the next one. */
  bytes = new Uint8Array(1 << 14)
  start = 0
  end = 0
  #generation = 0
  #stamps = new Uint32Array(256)
  #nodeStart = new Uint32Array(256)
  /** Which stack's bytes a node's are the end of. */
  #nodeStack = new Uint32Array(256)
  #stackEnd = new Uint32Array(256)
  #stackCount = 0

  reset(generation: number, nodeCount: number): void {
    this.#generation = generation
    this.#stackCount = 0
    this.end = 0
    if (nodeCount <= this.#stamps.length) return
    this.#stamps = new Uint32Array(nodeCount * 2)
    this.#nodeStart = new Uint32Array(nodeCount * 2)
    this.#nodeStack = new Uint32Array(nodeCount * 2)
  }

  /** `idOf` is asked once per node of the tree, leaf first; it may write the location. */
  write(leaf: number, dictionary: Dictionary, idOf: (location: number) => number): void {
    const { nodeParent, nodeLocation } = dictionary
    const stack = this.#stackCount++
    let at = this.end
    this.start = at
    let node = leaf
    for (; node !== 0 && this.#stamps[node] !== this.#generation; node = nodeParent[node]!) {
      this.#stamps[node] = this.#generation
      this.#nodeStart[node] = at
      this.#nodeStack[node] = stack
      let id = idOf(nodeLocation[node]!)
      if (at + 5 > this.bytes.length) this.#grow(at + 5)
      const { bytes } = this
      while (id > 0x7f) {
        bytes[at++] = (id & 0x7f) | 0x80
        id >>>= 7
      }
      bytes[at++] = id
    }
    if (node !== 0) {
      const from = this.#nodeStart[node]!
      const to = this.#stackEnd[this.#nodeStack[node]!]!
      if (at + to - from > this.bytes.length) this.#grow(at + to - from)
      this.bytes.copyWithin(at, from, to)
      at += to - from
    }
    if (stack === this.#stackEnd.length) {
      const grown = new Uint32Array(stack * 2)
      grown.set(this.#stackEnd)
      this.#stackEnd = grown
    }
    this.#stackEnd[stack] = at
    this.end = at
  }

  #grow(length: number): void {
    const grown = new Uint8Array(Math.max(length, this.bytes.length * 2))
    grown.set(this.bytes)
    this.bytes = grown
  }
}
