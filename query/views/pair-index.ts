/** Dense numbers for pairs of uint32, in an open-addressed table. */
export class PairIndex {
  count = 0
  first: Uint32Array
  second: Uint32Array
  /** Number + 1; 0 is free. */
  #slots: Uint32Array

  constructor(expected = 16) {
    const capacity = Math.max(16, expected)
    this.first = new Uint32Array(capacity)
    this.second = new Uint32Array(capacity)
    this.#slots = new Uint32Array(slotsFor(capacity))
  }

  /** The pair's number; a new pair has what `count` was. */
  of(first: number, second: number): number {
    const mask = this.#slots.length - 1
    let slot = hash(first, second) & mask
    for (let at = this.#slots[slot]!; at !== 0; at = this.#slots[slot]!) {
      if (this.first[at - 1] === first && this.second[at - 1] === second) return at - 1
      slot = (slot + 1) & mask
    }
    const index = this.count
    if (index === this.first.length) {
      this.#grow()
      return this.of(first, second)
    }
    this.count++
    this.first[index] = first
    this.second[index] = second
    this.#slots[slot] = index + 1
    return index
  }

  #grow(): void {
    this.first = grown(this.first)
    this.second = grown(this.second)
    this.#slots = new Uint32Array(slotsFor(this.first.length))
    const mask = this.#slots.length - 1
    for (let index = 0; index < this.count; index++) {
      let slot = hash(this.first[index]!, this.second[index]!) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = index + 1
    }
  }
}

function hash(first: number, second: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
  mixed ^= mixed >>> 15
  return Math.imul(mixed, 0x2c1b3c6d) >>> 0
}

/** A power of two, at most half full. */
function slotsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * 2))
}

function grown(column: Uint32Array): Uint32Array {
  const longer = new Uint32Array(column.length * 2)
  longer.set(column)
  return longer
}
