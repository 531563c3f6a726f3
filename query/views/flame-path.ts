import type { FlameTree } from './flame-tree.ts'

/** 64 bits per node of the names from the root down to it: the same in every answer about the same stacks. */
export class FlamePaths {
  readonly #high: Uint32Array
  readonly #low: Uint32Array

  constructor({
    names,
    nodeCount,
    parent,
    name,
  }: Pick<FlameTree, 'names' | 'nodeCount' | 'parent' | 'name'>) {
    const ofName = names.map(hashText)
    this.#high = new Uint32Array(nodeCount)
    this.#low = new Uint32Array(nodeCount)
    for (let node = 1; node < nodeCount; node++) {
      const above = parent[node]!
      const [high, low] = ofName[name[node]!]!
      this.#high[node] = mix(Math.imul(this.#high[above]!, 31) ^ high, this.#low[above]! + node0)
      this.#low[node] = mix(Math.imul(this.#low[above]!, 37) ^ low, this.#high[above]!)
    }
  }

  /** 16 hex digits. */
  format(node: number): string {
    return hex(this.#high[node]!) + hex(this.#low[node]!)
  }

  find(path: string): number | undefined {
    const high = Number.parseInt(path.slice(0, 8), 16)
    const low = Number.parseInt(path.slice(8), 16)
    for (let node = 0; node < this.#high.length; node++) {
      if (this.#high[node] === high && this.#low[node] === low) return node
    }
    return undefined
  }
}

const node0 = 0x9e3779b9

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}

function hashText(text: string): readonly [high: number, low: number] {
  let high = 0x811c9dc5
  let low = 0x1000193
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 0x01000193)
    low = Math.imul(low ^ unit, 0x5bd1e995)
  }
  return [mix(high, text.length), mix(low, text.length)]
}

/** Every bit of both words reaches every bit of the result. */
function mix(word: number, other: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b) ^ Math.imul(other, 0xc2b2ae35)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0x27d4eb2f)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
