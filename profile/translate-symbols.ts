import { Dictionary } from './dictionary.ts'
import { appendShape } from './shape.ts'
import type { Symbols } from './symbols.ts'

/**
 * Copies what is asked for from one dictionary into another, each entry once, so that profiles of different
 * dictionaries add up. Shapes become those google/pprof writes: the copy is for merging, not for giving bytes back.
 */
export class SymbolTranslator {
  readonly #from: Symbols
  readonly #to: MergeDictionary
  readonly #strings: Int32Array
  readonly #functions: Int32Array
  readonly #mappings: Int32Array
  readonly #locations: Int32Array
  readonly #nodes: Int32Array
  readonly #labelSets: Int32Array
  readonly #keys: Int32Array
  #lines = new Float64Array(64)

  constructor(from: Symbols, to: MergeDictionary) {
    this.#from = from
    this.#to = to
    this.#strings = unknown(from.stringCount)
    this.#functions = unknown(from.functionCount)
    this.#mappings = unknown(from.mappingCount)
    this.#locations = unknown(from.locationCount)
    this.#nodes = unknown(from.nodeCount)
    this.#labelSets = unknown(from.labelSetCount)
    this.#keys = unknown(from.keyCount)
    this.#nodes[0] = 0
  }

  key(index: number): number {
    const known = this.#keys[index]!
    if (known >= 0) return known
    const labelSet = this.#labelSet(this.#from.keyLabelSet[index]!)
    const node = this.#node(this.#from.keyNode[index]!)
    const key = this.#to.dictionary.internKey(node, labelSet, labelSet === 0 ? plainSample : labelledSample)
    this.#keys[index] = key
    return key
  }

  #node(index: number): number {
    // Towards the root until a known one, then back: stacks are too deep for recursion.
    const path: number[] = []
    let at = index
    for (; this.#nodes[at]! < 0; at = this.#from.nodeParent[at]!) path.push(at)
    let node = this.#nodes[at]!
    for (let i = path.length - 1; i >= 0; i--) {
      const from = path[i]!
      node = this.#to.dictionary.internNode(node, this.#location(this.#from.nodeLocation[from]!))
      this.#nodes[from] = node
    }
    return node
  }

  #location(index: number): number {
    const known = this.#locations[index]!
    if (known >= 0) return known
    const from = this.#from
    const first = from.locationLines[index]!
    const count = from.locationLines[index + 1]! - first
    if (count * 4 > this.#lines.length) this.#lines = new Float64Array(count * 8)
    for (let i = 0; i < count; i++) {
      this.#lines[i * 4] = this.#function(from.lineFunction[first + i]!)
      this.#lines[i * 4 + 1] = from.lineNumber[first + i]!
      this.#lines[i * 4 + 2] = 0
      this.#lines[i * 4 + 3] = shapeOf([1, from.lineNumber[first + i] === 0 ? 0 : 2])
    }
    const mapping = this.#mapping(from.locationMapping[index]!)
    const low = from.locationAddressLow[index]!
    const high = from.locationAddressHigh[index]!
    const isFolded = from.locationIsFolded[index]!
    const shape = shapeOf([
      1,
      mapping === 0 ? 0 : 2,
      low === 0 && high === 0 ? 0 : 3,
      count === 0 ? 0 : 4,
      isFolded === 0 ? 0 : 5,
    ])
    const location = this.#to.dictionary.internLocation(
      mapping,
      low,
      high,
      isFolded,
      shape,
      this.#lines,
      count,
    )
    this.#locations[index] = location
    return location
  }

  #function(index: number): number {
    const known = this.#functions[index]!
    if (known >= 0) return known
    const from = this.#from
    const name = this.#string(from.functionName[index]!)
    const systemName = this.#string(from.functionSystemName[index]!)
    const file = this.#string(from.functionFile[index]!)
    const line = from.functionStartLine[index]!
    const shape = shapeOf([1, name && 2, systemName && 3, file && 4, line && 5])
    const f = this.#to.dictionary.internFunction(name, systemName, file, line, shape)
    this.#functions[index] = f
    return f
  }

  #mapping(index: number): number {
    if (index === 0) return 0
    const known = this.#mappings[index]!
    if (known >= 0) return known
    const m = this.#from.mapping(index)
    const mapping = this.#to.internMapping([
      [2, m.start],
      [3, m.limit],
      [4, m.offset],
      [5, BigInt(this.#string(m.file))],
      [6, BigInt(this.#string(m.buildId))],
      [7, m.hasFunctions ? 1n : 0n],
      [8, m.hasFileNames ? 1n : 0n],
      [9, m.hasLineNumbers ? 1n : 0n],
      [10, m.hasInlineFrames ? 1n : 0n],
    ] as const)
    this.#mappings[index] = mapping
    return mapping
  }

  #labelSet(index: number): number {
    if (index === 0) return 0
    const known = this.#labelSets[index]!
    if (known >= 0) return known
    const fields: number[] = []
    for (const { name, text, number, unit } of this.#from.labelSet(index)) {
      const pairs: [number, bigint][] = [[1, BigInt(this.#string(name))]]
      if (text !== 0) pairs.push([2, BigInt(this.#string(text))])
      if (number !== 0n) pairs.push([3, BigInt.asUintN(64, number)])
      if (unit !== 0) pairs.push([4, BigInt(this.#string(unit))])
      fields.push(pairs.length)
      for (const [field, value] of pairs)
        fields.push(field, Number(value & 0xffffffffn), Number(value >> 32n))
    }
    const labelSet = this.#to.dictionary.internLabelSet(fields)
    this.#labelSets[index] = labelSet
    return labelSet
  }

  #string(index: number): number {
    const known = this.#strings[index]!
    if (known >= 0) return known
    const from = this.#from
    const { dictionary } = this.#to
    const string =
      from instanceof Dictionary
        ? dictionary.internString(
            from.stringBytes,
            index === 0 ? 0 : from.stringEnd[index - 1]!,
            from.stringEnd[index]!,
          )
        : dictionary.internText(from.string(index))
    this.#strings[index] = string
    return string
  }
}

/** Where translators meet: mappings are one by content, and number themselves. */
export class MergeDictionary {
  readonly dictionary = new Dictionary()
  readonly #mappings = new Map<string, number>()

  internMapping(fields: readonly (readonly [number, bigint])[]): number {
    const present = fields.filter(([, value]) => value !== 0n)
    const key = present.join()
    let mapping = this.#mappings.get(key)
    if (mapping === undefined) {
      const list = [1, this.#mappings.size + 1, 0]
      for (const [field, value] of present)
        list.push(field, Number(value & 0xffffffffn), Number(value >> 32n))
      mapping = this.dictionary.internMapping(list)
      this.#mappings.set(key, mapping)
    }
    return mapping
  }
}

/** Of the fields that are there; 0 stands for one that is not. */
function shapeOf(fields: readonly number[]): number {
  return fields.reduce((shape, field) => (field === 0 ? shape : appendShape(shape, field, 0)), 0)
}

const plainSample = appendShape(appendShape(0, 1, 1), 2, 1)
const labelledSample = appendShape(plainSample, 3, 0)

function unknown(length: number): Int32Array {
  return new Int32Array(length).fill(-1)
}
