import type { Dictionary } from '../profile/dictionary.ts'

/** The last node of each chain, in order: a new stack's key nearly always stands at the next one. */
export class ChainEnds {
  readonly #dictionary: Dictionary
  #next = 0

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    this.take()
  }

  peek(): number {
    return this.#next
  }

  take(): void {
    const { nodeParent, nodeCount } = this.#dictionary
    let node = Math.min(this.#next + 1, nodeCount - 1)
    while (node + 1 < nodeCount && nodeParent[node + 1] === node) node++
    this.#next = Math.max(node, 0)
  }
}
