import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { Symbols } from '../../profile/symbols.ts'
import type { TopAnswer } from '../api/types.ts'
import { accumulate } from './flame-tree.ts'
import { functionName, mappingName } from './frame-names.ts'
import { viewHead } from './view-head.ts'

/**
 * The numbers of `go tool pprof -top`: `flat` goes to the innermost function of a stack, `cum` to each function
 * of it once, however often it recurses. Functions are told apart by name alone, and frames without a function
 * by the file they are mapped from. Ordered by flat descending, then cum descending, then name.
 */
export function top(merged: MergedProfile, sampleType: number): TopAnswer {
  const { symbols } = merged
  const values = merged.values[sampleType]!
  const functions = new Functions(symbols)

  // Keys that differ only in their labels share a stack: it is walked once, with the sum.
  const perNode = new Int64Sums(symbols.nodeCount)
  const isUsed = new Uint8Array(symbols.nodeCount)
  for (let key = 0; key < values.length; key++) {
    if (values.isZero(key)) continue
    const node = symbols.keyNode[key]!
    accumulate(perNode, node, values, key)
    isUsed[node] = 1
  }
  for (let node = 1; node < symbols.nodeCount; node++) {
    if (isUsed[node] === 1) functions.addStack(node, perNode)
  }

  const { entries, flat, cum } = functions
  const order = entries.map((_, index) => index)
  order.sort(
    (a, b) =>
      compareBig(flat.getBig(b), flat.getBig(a)) ||
      compareBig(cum.getBig(b), cum.getBig(a)) ||
      (entries[a]!.name < entries[b]!.name ? -1 : 1),
  )
  return {
    ...viewHead(merged, sampleType),
    total: values.total().toString(),
    functions: order.map((index) => ({
      name: entries[index]!.name,
      file: entries[index]!.file,
      flat: flat.format(index),
      cum: cum.format(index),
    })),
  }
}

interface Entry {
  readonly name: string
  file: string
}

class Functions {
  readonly entries: Entry[] = []
  readonly flat = new Int64Sums()
  readonly cum = new Int64Sums()
  readonly #symbols: Symbols
  readonly #entryOfName = new Map<string, number>()
  /** Entry + 1; 0 is "not asked yet". */
  readonly #entryOfFunction: Uint32Array
  readonly #entryOfBareLocation = new Map<number, number>()
  /** The stack that saw an entry last, so that recursion counts once. */
  #seenBy = new Uint32Array(64)

  constructor(symbols: Symbols) {
    this.#symbols = symbols
    this.#entryOfFunction = new Uint32Array(symbols.functionCount)
  }

  addStack(leaf: number, perNode: Int64Sums): void {
    const { nodeParent, nodeLocation, locationLines, lineFunction } = this.#symbols
    let isLeaf = true
    for (let node = leaf; node !== 0; node = nodeParent[node]!) {
      const location = nodeLocation[node]!
      const end = locationLines[location + 1]!
      let line = locationLines[location]!
      do {
        // A location without lines is still a frame.
        const entry =
          line < end ? this.#ofFunction(lineFunction[line]!, location) : this.#ofBareLocation(location)
        if (isLeaf) accumulate(this.flat, entry, perNode, leaf)
        isLeaf = false
        if (this.#seenBy[entry] !== leaf) {
          this.#seenBy[entry] = leaf
          accumulate(this.cum, entry, perNode, leaf)
        }
      } while (++line < end)
    }
  }

  #ofFunction(index: number, location: number): number {
    if (index === 0 || index >= this.#symbols.functionCount) return this.#ofBareLocation(location)
    const known = this.#entryOfFunction[index]!
    if (known !== 0) return known - 1
    const entry = this.#entry(
      functionName(this.#symbols, index),
      this.#symbols.string(this.#symbols.functionFile[index]!),
    )
    this.#entryOfFunction[index] = entry + 1
    return entry
  }

  #ofBareLocation(location: number): number {
    let entry = this.#entryOfBareLocation.get(location)
    if (entry === undefined) {
      const mapped = mappingName(this.#symbols, location)
      entry = this.#entry(mapped === '' ? '<unknown>' : `[${mapped}]`, '')
      this.#entryOfBareLocation.set(location, entry)
    }
    return entry
  }

  #entry(name: string, file: string): number {
    const known = this.#entryOfName.get(name)
    if (known !== undefined) {
      const entry = this.entries[known]!
      if (file !== '' && (entry.file === '' || file < entry.file)) entry.file = file
      return known
    }
    const index = this.entries.push({ name, file }) - 1
    this.#entryOfName.set(name, index)
    this.flat.grow(index + 1)
    this.cum.grow(index + 1)
    if (index >= this.#seenBy.length) {
      const longer = new Uint32Array(this.#seenBy.length * 2)
      longer.set(this.#seenBy)
      this.#seenBy = longer
    }
    return index
  }
}

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
