import { labelsOf, mappingOf } from './field-triples.ts'
import { HashIndex } from './hash-index.ts'
import type { Mapping, SampleLabel, Symbols } from './symbols.ts'

/** A node of the stack tree; 0 is the empty stack. */
export type NodeIndex = number & { readonly __node: never }
export type KeyIndex = number & { readonly __key: never }

/**
 * What the profiles of one service share, growing as they come: strings, functions, mappings, locations, the
 * tree of stacks, label sets and sample keys, each once, with the index of its first appearance.
 *
 * To give profiles back byte for byte, an entry also holds its *shape*: the fields its message has, in order,
 * and which repeated ones are packed, as one number (shape.ts).
 */
export class Dictionary implements Symbols {
  stringCount = 0
  stringEnd: Uint32Array = new Uint32Array(64)
  stringBytes: Uint8Array = new Uint8Array(4096)
  readonly #stringIndex = new HashIndex()
  #stringAfter: Uint32Array = new Uint32Array(64)

  functionCount = 0
  functionName: Uint32Array = new Uint32Array(64)
  functionSystemName: Uint32Array = new Uint32Array(64)
  functionFile: Uint32Array = new Uint32Array(64)
  functionStartLine: Float64Array = new Float64Array(64)
  functionShape: Float64Array = new Float64Array(64)
  readonly #functionIndex = new HashIndex()

  /** As `field, low, high` triples in their order in the message, so that shape and content are one. */
  readonly mappings: (readonly number[])[] = [[]]
  readonly #mappingIndex = new Map<string, number>([['', 0]])

  locationCount = 0
  locationMapping: Uint32Array = new Uint32Array(64)
  locationAddressLow: Uint32Array = new Uint32Array(64)
  locationAddressHigh: Uint32Array = new Uint32Array(64)
  locationIsFolded: Uint8Array = new Uint8Array(64)
  locationShape: Float64Array = new Float64Array(64)
  locationLines: Uint32Array = new Uint32Array(65)
  lineCount = 0
  lineFunction: Uint32Array = new Uint32Array(64)
  lineNumber: Float64Array = new Float64Array(64)
  lineColumn: Float64Array = new Float64Array(64)
  lineShape: Float64Array = new Float64Array(64)
  readonly #locationIndex = new HashIndex()

  nodeCount = 1
  nodeParent: Uint32Array = new Uint32Array(256)
  nodeLocation: Uint32Array = new Uint32Array(256)
  readonly #nodeIndex = new HashIndex()
  readonly #stackIndex = new HashIndex()

  keyCount = 0
  keyNode: Uint32Array = new Uint32Array(128)
  keyLabelSet: Uint32Array = new Uint32Array(128)
  keyShape: Float64Array = new Float64Array(128)
  readonly #keyIndex = new HashIndex()

  /** Per label: its field count, then `field, low, high` of each; text fields hold string indices. */
  readonly labelSets: (readonly number[])[] = [[]]
  readonly #smallLabelIndex = new Map<number, number>()
  readonly #labelSetIndex = new Map<string, number>([['', 0]])

  /** What encode-header.ts makes: everything of a profile but samples, locations, functions, strings. */
  readonly headers: Uint8Array[] = []
  readonly #headerIndex = new Map<string, number>()

  #decodedStrings: (string | undefined)[] = []

  constructor() {
    this.internString(new Uint8Array(0), 0, 0)
    this.internFunction(0, 0, 0, 0, 0)
  }

  /** Rough bytes held, hash tables included. */
  get heldBytes(): number {
    return (
      this.stringBytes.length +
      this.stringCount * 12 +
      this.functionCount * 36 +
      this.locationCount * 33 +
      this.lineCount * 28 +
      this.nodeCount * 24 +
      this.keyCount * 24 +
      this.labelSets.length * 100
    )
  }

  string(index: number): string {
    const known = this.#decodedStrings[index]
    if (known !== undefined) return known
    const start = index === 0 ? 0 : this.stringEnd[index - 1]!
    const text = utf8.decode(this.stringBytes.subarray(start, this.stringEnd[index]!))
    this.#decodedStrings[index] = text
    return text
  }

  internText(text: string): number {
    const bytes = encoder.encode(text)
    return this.internString(bytes, 0, bytes.length)
  }

  /** As `internString`, trying first what followed `previous` the last time: files list strings in like order. */
  internStringAfter(previous: number, bytes: Uint8Array, start: number, end: number): number {
    if (previous < this.#stringAfter.length) {
      const guess = this.#stringAfter[previous]!
      if (guess > 0) {
        const from = this.stringEnd[guess - 1]!
        if (this.stringEnd[guess]! - from === end - start) {
          const held = this.stringBytes
          let at = start
          for (let i = from; at < end && held[i] === bytes[at]; i++) at++
          if (at === end) return guess
        }
      }
    } else {
      const grown = new Uint32Array(Math.max(previous + 1, this.#stringAfter.length * 2))
      grown.set(this.#stringAfter)
      this.#stringAfter = grown
    }
    const string = this.internString(bytes, start, end)
    this.#stringAfter[previous] = string
    return string
  }

  internString(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    let hash = length
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0
    hash = mix(hash)
    const index = this.#stringIndex
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const candidate = index.at(slot)
      if (candidate < 0) break
      if (index.hashAt(slot) !== hash) continue
      const from = candidate === 0 ? 0 : this.stringEnd[candidate - 1]!
      if (this.stringEnd[candidate]! - from !== length) continue
      const held = this.stringBytes
      let i = 0
      while (i < length && held[from + i] === bytes[start + i]) i++
      if (i === length) return candidate
    }
    const at = this.stringCount === 0 ? 0 : this.stringEnd[this.stringCount - 1]!
    if (at + length > this.stringBytes.length) {
      const grown = new Uint8Array(Math.max(at + length, this.stringBytes.length * 2))
      grown.set(this.stringBytes)
      this.stringBytes = grown
    }
    this.stringBytes.set(bytes.subarray(start, end), at)
    this.stringEnd = room(this.stringEnd, this.stringCount + 1)
    this.stringEnd[this.stringCount] = at + length
    index.insert(hash, this.stringCount)
    return this.stringCount++
  }

  internFunction(name: number, systemName: number, file: number, startLine: number, shape: number): number {
    const hash = mix(Math.imul(name, 0x9e3779b1) ^ Math.imul(file, 0x85ebca6b) ^ startLine)
    const index = this.#functionIndex
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const f = index.at(slot)
      if (f < 0) break
      if (
        this.functionName[f] === name &&
        this.functionFile[f] === file &&
        this.functionStartLine[f] === startLine &&
        this.functionSystemName[f] === systemName &&
        this.functionShape[f] === shape
      )
        return f
    }
    const f = this.functionCount
    this.functionName = room(this.functionName, f + 1)
    this.functionSystemName = room(this.functionSystemName, f + 1)
    this.functionFile = room(this.functionFile, f + 1)
    this.functionStartLine = room(this.functionStartLine, f + 1)
    this.functionShape = room(this.functionShape, f + 1)
    this.functionName[f] = name
    this.functionSystemName[f] = systemName
    this.functionFile[f] = file
    this.functionStartLine[f] = startLine
    this.functionShape[f] = shape
    index.insert(hash, f)
    this.functionCount++
    return f
  }

  internMapping(fields: readonly number[]): number {
    return internList(this.#mappingIndex, this.mappings, fields)
  }

  internLabelSet(fields: readonly number[]): number {
    // One small number under one name, as Go's heap profiles have in every sample.
    const isSmall = fields.length === 7 && fields[1] === 1 && fields[4] === 3 && fields[6] === 0
    if (!isSmall || fields[2]! > 0xfffff) return internList(this.#labelSetIndex, this.labelSets, fields)
    const small = fields[2]! * 2 ** 32 + fields[5]!
    let index = this.#smallLabelIndex.get(small)
    if (index === undefined) {
      index = internList(this.#labelSetIndex, this.labelSets, fields)
      this.#smallLabelIndex.set(small, index)
    }
    return index
  }

  internHeader(header: Uint8Array): number {
    const key = Buffer.from(header.buffer, header.byteOffset, header.length).toString('latin1')
    const known = this.#headerIndex.get(key)
    if (known !== undefined) return known
    this.#headerIndex.set(key, this.headers.length)
    return this.headers.push(header.slice()) - 1
  }

  /** `lines` holds `function, line, column, shape` per line. */
  internLocation(
    mapping: number,
    addressLow: number,
    addressHigh: number,
    isFolded: number,
    shape: number,
    lines: Float64Array,
    lineCount: number,
  ): number {
    let hash = Math.imul(addressLow, 0x9e3779b1) ^ Math.imul(addressHigh, 0x85ebca6b) ^ mapping
    if (lineCount > 0) hash = Math.imul(hash ^ lines[0]!, 0xc2b2ae35) ^ lines[1]!
    hash = mix(hash)
    const index = this.#locationIndex
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const l = index.at(slot)
      if (l < 0) break
      if (
        index.hashAt(slot) === hash &&
        this.locationAddressLow[l] === addressLow &&
        this.locationAddressHigh[l] === addressHigh &&
        this.locationMapping[l] === mapping &&
        this.locationIsFolded[l] === isFolded &&
        this.locationShape[l] === shape &&
        this.#hasLines(l, lines, lineCount)
      )
        return l
    }
    const l = this.locationCount
    this.locationMapping = room(this.locationMapping, l + 1)
    this.locationAddressLow = room(this.locationAddressLow, l + 1)
    this.locationAddressHigh = room(this.locationAddressHigh, l + 1)
    this.locationIsFolded = room(this.locationIsFolded, l + 1)
    this.locationShape = room(this.locationShape, l + 1)
    this.locationLines = room(this.locationLines, l + 2)
    this.locationMapping[l] = mapping
    this.locationAddressLow[l] = addressLow
    this.locationAddressHigh[l] = addressHigh
    this.locationIsFolded[l] = isFolded
    this.locationShape[l] = shape
    const end = this.lineCount + lineCount
    this.lineFunction = room(this.lineFunction, end)
    this.lineNumber = room(this.lineNumber, end)
    this.lineColumn = room(this.lineColumn, end)
    this.lineShape = room(this.lineShape, end)
    for (let i = 0; i < lineCount; i++) {
      const line = this.lineCount + i
      this.lineFunction[line] = lines[i * 4]!
      this.lineNumber[line] = lines[i * 4 + 1]!
      this.lineColumn[line] = lines[i * 4 + 2]!
      this.lineShape[line] = lines[i * 4 + 3]!
    }
    this.lineCount = end
    this.locationLines[l + 1] = end
    index.insert(hash, l)
    this.locationCount++
    return l
  }

  #hasLines(location: number, lines: Float64Array, lineCount: number): boolean {
    const first = this.locationLines[location]!
    if (this.locationLines[location + 1]! - first !== lineCount) return false
    for (let i = 0; i < lineCount; i++) {
      const line = first + i
      if (
        this.lineFunction[line] !== lines[i * 4] ||
        this.lineNumber[line] !== lines[i * 4 + 1] ||
        this.lineColumn[line] !== lines[i * 4 + 2] ||
        this.lineShape[line] !== lines[i * 4 + 3]
      )
        return false
    }
    return true
  }

  /** Whether the stack at `node` is exactly `locations[0 … depth)`, leaf first. */
  isStack(node: number, locations: Uint32Array, depth: number): boolean {
    const { nodeLocation, nodeParent } = this
    let at = node
    for (let i = 0; i < depth; i++) {
      if (at === 0 || nodeLocation[at] !== locations[i]) return false
      at = nodeParent[at]!
    }
    return at === 0
  }

  /** Locations leaf first, as pprof lists them. */
  internStack(locations: Uint32Array, depth: number): NodeIndex {
    if (depth === 0) return 0 as NodeIndex
    let hash = depth
    for (let i = 0; i < depth; i++) hash = (Math.imul(hash, 0x01000193) ^ locations[i]!) | 0
    hash = mix(hash)
    const index = this.#stackIndex
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const node = index.at(slot)
      if (node < 0) break
      if (index.hashAt(slot) === hash && this.isStack(node, locations, depth)) return node as NodeIndex
    }
    let node = 0
    for (let i = depth - 1; i >= 0; i--) node = this.internNode(node, locations[i]!)
    index.insert(hash, node)
    return node as NodeIndex
  }

  internNode(parent: number, location: number): number {
    const hash = mix(Math.imul(parent, 0x9e3779b1) ^ Math.imul(location, 0x85ebca6b))
    const index = this.#nodeIndex
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const node = index.at(slot)
      if (node < 0) break
      if (this.nodeParent[node] === parent && this.nodeLocation[node] === location) return node
    }
    const node = this.nodeCount
    this.nodeParent = room(this.nodeParent, node + 1)
    this.nodeLocation = room(this.nodeLocation, node + 1)
    this.nodeParent[node] = parent
    this.nodeLocation[node] = location
    index.insert(hash, node)
    this.nodeCount++
    return node
  }

  internKey(node: number, labelSet: number, shape: number): KeyIndex {
    const hash = mix(Math.imul(node, 0x9e3779b1) ^ Math.imul(labelSet, 0x85ebca6b) ^ shape)
    const index = this.#keyIndex
    for (let slot = index.first(hash); ; slot = index.next(slot)) {
      const key = index.at(slot)
      if (key < 0) break
      if (this.keyNode[key] === node && this.keyLabelSet[key] === labelSet && this.keyShape[key] === shape)
        return key as KeyIndex
    }
    const key = this.keyCount
    this.keyNode = room(this.keyNode, key + 1)
    this.keyLabelSet = room(this.keyLabelSet, key + 1)
    this.keyShape = room(this.keyShape, key + 1)
    this.keyNode[key] = node
    this.keyLabelSet[key] = labelSet
    this.keyShape[key] = shape
    index.insert(hash, key)
    this.keyCount++
    return key as KeyIndex
  }

  get mappingCount(): number {
    return this.mappings.length
  }

  mapping(index: number): Mapping {
    return mappingOf(this.mappings[index] ?? [])
  }

  get labelSetCount(): number {
    return this.labelSets.length
  }

  labelSet(index: number): readonly SampleLabel[] {
    return labelsOf(this.labelSets[index] ?? [])
  }
}

/** murmur3's finaliser: every input bit reaches every output bit. */
function mix(hash: number): number {
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0
}

function internList(index: Map<string, number>, lists: (readonly number[])[], fields: readonly number[]) {
  const key = fields.join()
  const known = index.get(key)
  if (known !== undefined) return known
  index.set(key, lists.length)
  return lists.push(fields.slice()) - 1
}

function room<T extends Uint32Array | Float64Array | Uint8Array>(column: T, length: number): T {
  if (length <= column.length) return column
  const grown = new (column.constructor as new (n: number) => T)(Math.max(length, column.length * 2))
  grown.set(column as never)
  return grown
}

const utf8 = new TextDecoder('utf-8')
const encoder = new TextEncoder()
