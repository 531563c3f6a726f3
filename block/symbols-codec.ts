import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { Dictionary } from '../profile/dictionary.ts'
import { decodeChunk, encodeChunk } from './chunk.ts'

/**
 * A service's dictionary as chunks, each behind its length:
 *
 *     strings   mode <1>, count, then every string ended by a zero byte (mode 0) or lengths before bytes (mode 1)
 *     entries   shapes, mappings, functions, label sets, headers
 *     addresses of locations, each from the last location in the same function
 *     locations their other columns
 *     nodes     chains of the stack tree: where each hangs, how long it is
 *     steps     the location of each node, as its rank among what followed the same caller before
 *     keys
 *
 * Entries stand in the order of their first appearance, so most references say "the next new one", which is 0.
 */
export function encodeSymbols(dictionary: Dictionary, level: number): Uint8Array {
  const out = new ByteWriter(1 << 16)
  const shapes = new Shapes()
  const parts = [
    encodeStrings(dictionary),
    ...encodeLocations(dictionary, shapes),
    ...encodeNodes(dictionary),
    encodeKeys(dictionary, shapes),
  ]
  for (const part of [encodeEntries(dictionary, shapes), ...parts]) out.block(encodeChunk(part, level))
  return out.copy()
}

/** Checks every reference, so that what reads the dictionary need not. */
export function decodeSymbols(bytes: Uint8Array, what: string): Dictionary {
  const reader = new ByteReader(bytes, what)
  const dictionary = new Dictionary()
  const next = (part: string) =>
    new ByteReader(decodeChunk(reader.block(), `${what}, ${part}`), `${what}, ${part}`)
  const entries = next('entries')
  decodeStrings(next('strings'), dictionary)
  const shapes = decodeEntries(entries, dictionary)
  decodeLocations(next('addresses'), next('locations'), dictionary, shapes)
  decodeNodes(next('nodes'), next('steps'), dictionary)
  decodeKeys(next('keys'), dictionary, shapes)
  return dictionary
}

/** Shapes by small numbers, in the order of their first appearance. */
class Shapes {
  readonly list: number[] = []
  readonly #index = new Map<number, number>()

  index(shape: number): number {
    let index = this.#index.get(shape)
    if (index === undefined) {
      index = this.list.push(shape) - 1
      this.#index.set(shape, index)
    }
    return index
  }
}

function encodeStrings(dictionary: Dictionary): Uint8Array {
  const { stringBytes, stringEnd, stringCount } = dictionary
  const held = stringBytes.subarray(0, stringEnd[stringCount - 1]!)
  const isPlain = !held.includes(0)
  const out = new ByteWriter(held.length + stringCount + 16)
  out.byte(isPlain ? 0 : 1)
  out.varint(stringCount)
  if (!isPlain) for (let i = 1; i < stringCount; i++) out.varint(stringEnd[i]! - stringEnd[i - 1]!)
  for (let i = 1; i < stringCount; i++) {
    out.raw(stringBytes.subarray(stringEnd[i - 1]!, stringEnd[i]!))
    if (isPlain) out.byte(0)
  }
  return out.bytes()
}

function decodeStrings(reader: ByteReader, dictionary: Dictionary): void {
  const mode = reader.byte()
  if (mode > 1) reader.fail(`mode ${mode}`)
  const count = reader.varint()
  if (count === 0 || count - 1 > reader.remaining)
    reader.fail(`${count} strings, ${reader.remaining} bytes are left`)
  const ends = new Uint32Array(count)
  if (mode === 1) {
    for (let i = 1; i < count; i++) ends[i] = ends[i - 1]! + reader.varint()
    if (ends[count - 1]! > reader.remaining) reader.fail(`strings of ${ends[count - 1]} bytes`)
    dictionary.stringBytes = reader.raw(reader.remaining).slice()
  } else {
    const source = reader.raw(reader.remaining)
    const bytes = new Uint8Array(source.length)
    let from = 0
    let to = 0
    for (let i = 1; i < count; i++) {
      const end = source.indexOf(0, from)
      if (end < 0) reader.fail(`the end inside string ${i}`)
      bytes.set(source.subarray(from, end), to)
      to += end - from
      ends[i] = to
      from = end + 1
    }
    dictionary.stringBytes = bytes
  }
  dictionary.stringEnd = ends
  dictionary.stringCount = count
}

function encodeEntries(dictionary: Dictionary, shapes: Shapes): Uint8Array {
  const body = new ByteWriter(1 << 14)
  const lists = (entries: readonly (readonly number[])[]) => {
    body.varint(entries.length)
    for (const fields of entries) {
      body.varint(fields.length)
      for (const field of fields) body.varint(field)
    }
  }
  lists(dictionary.mappings)
  lists(dictionary.labelSets)
  body.varint(dictionary.headers.length)
  for (const header of dictionary.headers) body.block(header)
  body.varint(dictionary.functionCount)
  let next = 0
  for (let f = 1; f < dictionary.functionCount; f++) {
    const name = dictionary.functionName[f]!
    const file = dictionary.functionFile[f]!
    body.zigzag(name - next)
    next = Math.max(next, name + 1)
    body.zigzag(dictionary.functionSystemName[f]! - name)
    body.zigzag(file - next)
    next = Math.max(next, file + 1)
  }
  for (let f = 1; f < dictionary.functionCount; f++) body.varint(dictionary.functionStartLine[f]!)
  for (let f = 1; f < dictionary.functionCount; f++) body.varint(shapes.index(dictionary.functionShape[f]!))
  // The other parts add shapes too, so the table comes last in making and first in the bytes.
  for (let l = 0; l < dictionary.locationCount; l++) shapes.index(dictionary.locationShape[l]!)
  for (let l = 0; l < dictionary.lineCount; l++) shapes.index(dictionary.lineShape[l]!)
  for (let k = 0; k < dictionary.keyCount; k++) shapes.index(dictionary.keyShape[k]!)
  const out = new ByteWriter(body.length + 256)
  out.varint(shapes.list.length)
  for (const shape of shapes.list) out.varint(shape)
  out.raw(body.bytes())
  return out.bytes()
}

function decodeEntries(reader: ByteReader, dictionary: Dictionary): Float64Array {
  const shapes = new Float64Array(reader.count())
  for (let i = 0; i < shapes.length; i++) shapes[i] = reader.varint()
  const strings = dictionary.stringCount
  const lists = (entries: (readonly number[])[]) => {
    entries.length = 0
    for (let count = reader.count(); count > 0; count--) {
      const fields = new Array<number>(reader.count())
      for (let i = 0; i < fields.length; i++) fields[i] = reader.varint()
      entries.push(fields)
    }
    if (entries.length === 0) entries.push([])
  }
  lists(dictionary.mappings as (readonly number[])[])
  for (const fields of dictionary.mappings)
    for (let i = 0; i < fields.length; i += 3)
      if ((fields[i] === 5 || fields[i] === 6) && fields[i + 1]! >= strings)
        reader.fail(`string ${fields[i + 1]} of a mapping`)
  lists(dictionary.labelSets as (readonly number[])[])
  for (const fields of dictionary.labelSets)
    for (let i = 0; i < fields.length; )
      for (let count = fields[i++]!; count > 0; count--, i += 3)
        if (i + 2 >= fields.length || (fields[i] !== 3 && fields[i + 1]! >= strings))
          reader.fail('a label beyond the strings')
  for (let count = reader.count(); count > 0; count--) dictionary.headers.push(reader.block().slice())
  const functions = reader.varint()
  if ((functions - 1) * 5 > reader.remaining || functions === 0) reader.fail(`${functions} functions`)
  dictionary.functionCount = functions
  dictionary.functionName = new Uint32Array(functions)
  dictionary.functionSystemName = new Uint32Array(functions)
  dictionary.functionFile = new Uint32Array(functions)
  dictionary.functionStartLine = new Float64Array(functions)
  dictionary.functionShape = new Float64Array(functions)
  let next = 0
  for (let f = 1; f < functions; f++) {
    const name = next + reader.zigzag()
    next = Math.max(next, name + 1)
    const systemName = name + reader.zigzag()
    const file = next + reader.zigzag()
    next = Math.max(next, file + 1)
    checkBelow(reader, name, strings, 'string')
    checkBelow(reader, systemName, strings, 'string')
    checkBelow(reader, file, strings, 'string')
    dictionary.functionName[f] = name
    dictionary.functionSystemName[f] = systemName
    dictionary.functionFile[f] = file
  }
  for (let f = 1; f < functions; f++) dictionary.functionStartLine[f] = reader.varint()
  for (let f = 1; f < functions; f++) dictionary.functionShape[f] = shapeAt(reader, shapes)
  return shapes
}

function encodeLocations(dictionary: Dictionary, shapes: Shapes): Uint8Array[] {
  const addresses = new ByteWriter(1 << 14)
  const count = dictionary.locationCount
  const rest = Array.from({ length: 5 }, () => new ByteWriter(1 << 12))
  const [mappings, functions, numbers, kinds, columns] = rest as [
    ByteWriter,
    ByteWriter,
    ByteWriter,
    ByteWriter,
    ByteWriter,
  ]
  addresses.varint(count)
  const lastAddress = new Map<number, bigint>()
  const lastLine = new Map<number, number>()
  let nextFunction = 1
  for (let l = 0; l < count; l++) {
    const first = dictionary.locationLines[l]!
    const end = dictionary.locationLines[l + 1]!
    const outer = end > first ? dictionary.lineFunction[end - 1]! : 0
    const address =
      (BigInt(dictionary.locationAddressHigh[l]!) << 32n) | BigInt(dictionary.locationAddressLow[l]!)
    addresses.zigzag64(BigInt.asIntN(64, address - (lastAddress.get(outer) ?? 0n)))
    lastAddress.set(outer, address)
    mappings.varint(dictionary.locationMapping[l]!)
    kinds.varint(end - first)
    kinds.varint(shapes.index(dictionary.locationShape[l]!) * 2 + dictionary.locationIsFolded[l]!)
    for (let line = first; line < end; line++) {
      const f = dictionary.lineFunction[line]!
      functions.zigzag(f - nextFunction)
      nextFunction = Math.max(nextFunction, f + 1)
      const number = dictionary.lineNumber[line]!
      numbers.zigzag(number - (lastLine.get(f) ?? dictionary.functionStartLine[f]!))
      lastLine.set(f, number)
      kinds.varint(shapes.index(dictionary.lineShape[line]!))
      columns.varint(dictionary.lineColumn[line]!)
    }
  }
  const others = new ByteWriter(1 << 14)
  others.varint(count)
  others.varint(dictionary.lineCount)
  for (const part of rest) others.block(part.bytes())
  return [addresses.bytes(), others.bytes()]
}

function decodeLocations(
  addresses: ByteReader,
  others: ByteReader,
  dictionary: Dictionary,
  shapes: Float64Array,
): void {
  const count = others.count()
  const lineCount = others.count()
  const part = () => new ByteReader(others.block(), others.what)
  const [mappings, functions, numbers, kinds, columns] = [part(), part(), part(), part(), part()] as const
  if (addresses.varint() !== count) addresses.fail(`another count than the ${count} locations`)
  dictionary.locationCount = count
  dictionary.lineCount = lineCount
  dictionary.locationMapping = new Uint32Array(count)
  dictionary.locationAddressLow = new Uint32Array(count)
  dictionary.locationAddressHigh = new Uint32Array(count)
  dictionary.locationIsFolded = new Uint8Array(count)
  dictionary.locationShape = new Float64Array(count)
  dictionary.locationLines = new Uint32Array(count + 1)
  dictionary.lineFunction = new Uint32Array(lineCount)
  dictionary.lineNumber = new Float64Array(lineCount)
  dictionary.lineColumn = new Float64Array(lineCount)
  dictionary.lineShape = new Float64Array(lineCount)
  const functionCount = dictionary.functionCount
  const lastLine = new Float64Array(functionCount).fill(-1)
  const lastLow = new Float64Array(functionCount)
  const lastHigh = new Float64Array(functionCount)
  let nextFunction = 1
  let line = 0
  for (let l = 0; l < count; l++) {
    const mapping = mappings.varint()
    checkBelow(mappings, mapping, dictionary.mappingCount, 'mapping')
    dictionary.locationMapping[l] = mapping
    const end = line + kinds.varint()
    if (end > lineCount) kinds.fail(`line ${end} of ${lineCount}`)
    const kind = kinds.varint()
    dictionary.locationIsFolded[l] = kind % 2
    checkBelow(kinds, Math.floor(kind / 2), shapes.length, 'shape')
    dictionary.locationShape[l] = shapes[Math.floor(kind / 2)]!
    for (; line < end; line++) {
      const f = nextFunction + functions.zigzag()
      checkBelow(functions, f, functionCount, 'function')
      nextFunction = Math.max(nextFunction, f + 1)
      dictionary.lineFunction[line] = f
      const base = lastLine[f]! < 0 ? dictionary.functionStartLine[f]! : lastLine[f]!
      const number = base + numbers.zigzag()
      if (number < 0) numbers.fail(`line number ${number}`)
      dictionary.lineNumber[line] = number
      lastLine[f] = number
      dictionary.lineShape[line] = shapeAt(kinds, shapes)
      dictionary.lineColumn[line] = columns.varint()
    }
    dictionary.locationLines[l + 1] = end
    const outer = end > dictionary.locationLines[l]! ? dictionary.lineFunction[end - 1]! : 0
    readAddress(addresses, dictionary, l, outer, lastLow, lastHigh)
  }
  if (line !== lineCount) others.fail(`${line} lines, want ${lineCount}`)
}

/** Adds the difference in two halves; a bigint for each of 10,000 locations would cost milliseconds. */
function readAddress(
  reader: ByteReader,
  dictionary: Dictionary,
  location: number,
  outer: number,
  lastLow: Float64Array,
  lastHigh: Float64Array,
): void {
  const start = reader.offset
  let length = 1
  while (start + length <= reader.end && reader.buffer[start + length - 1]! >= 0x80) length++
  if (length <= 6) {
    const low = lastLow[outer]! + reader.zigzag()
    const carry = Math.floor(low / 4294967296)
    lastLow[outer] = low - carry * 4294967296
    lastHigh[outer] = (lastHigh[outer]! + carry) >>> 0
  } else {
    const last = (BigInt(lastHigh[outer]!) << 32n) | BigInt(lastLow[outer]!)
    const address = BigInt.asUintN(64, last + reader.zigzag64())
    lastLow[outer] = Number(address & 0xffffffffn)
    lastHigh[outer] = Number(address >> 32n)
  }
  dictionary.locationAddressLow[location] = lastLow[outer]!
  dictionary.locationAddressHigh[location] = lastHigh[outer]!
}

function encodeNodes(dictionary: Dictionary): Uint8Array[] {
  const { nodeParent, nodeLocation, nodeCount } = dictionary
  const [hangs, lengths, ranks, news] = [
    new ByteWriter(4096),
    new ByteWriter(4096),
    new ByteWriter(4096),
    new ByteWriter(4096),
  ]
  const followers = new Followers()
  let nextLocation = 0
  let length = 0
  for (let node = 1; node < nodeCount; node++) {
    const parent = nodeParent[node]!
    if (node === 1 || parent !== node - 1) {
      if (length > 0) lengths.varint(length)
      hangs.varint(node - 1 - parent)
      length = 0
    }
    length++
    const location = nodeLocation[node]!
    const caller = parent === 0 ? -1 : nodeLocation[parent]!
    if (location === nextLocation) {
      ranks.varint(0)
      nextLocation++
      followers.add(caller, location)
      continue
    }
    const rank = followers.rank(caller, location)
    if (rank >= 0) ranks.varint(rank + 2)
    else {
      ranks.varint(1)
      news.varint(
        nextLocation > location ? (nextLocation - 1 - location) * 2 : (location - nextLocation) * 2 + 1,
      )
      nextLocation = Math.max(nextLocation, location + 1)
    }
    followers.toFront(caller, location, rank)
  }
  if (length > 0) lengths.varint(length)
  const chains = new ByteWriter(8192)
  chains.varint(nodeCount)
  chains.block(hangs.bytes())
  chains.block(lengths.bytes())
  const steps = new ByteWriter(8192)
  steps.block(ranks.bytes())
  steps.block(news.bytes())
  return [chains.bytes(), steps.bytes()]
}

function decodeNodes(chains: ByteReader, steps: ByteReader, dictionary: Dictionary): void {
  const nodeCount = chains.varint()
  const hangs = new ByteReader(chains.block(), chains.what)
  const lengths = new ByteReader(chains.block(), chains.what)
  const ranks = new ByteReader(steps.block(), steps.what)
  const news = new ByteReader(steps.block(), steps.what)
  if (nodeCount === 0 || nodeCount - 1 > ranks.remaining)
    chains.fail(`${nodeCount} nodes, ${ranks.remaining} bytes of steps`)
  const nodeParent = new Uint32Array(nodeCount)
  const nodeLocation = new Uint32Array(nodeCount)
  const followers = new Followers()
  const locationCount = dictionary.locationCount
  let nextLocation = 0
  for (let node = 1; node < nodeCount; ) {
    const hang = hangs.varint()
    const length = lengths.varint()
    if (hang > node - 1 || length === 0 || length > nodeCount - node)
      hangs.fail(`a chain of ${length} from node ${node - 1 - hang}`)
    for (let step = 0; step < length; step++, node++) {
      const parent = step === 0 ? node - 1 - hang : node - 1
      const caller = parent === 0 ? -1 : nodeLocation[parent]!
      const rank = ranks.varint()
      let location: number
      if (rank === 0) {
        location = nextLocation++
        followers.add(caller, location)
      } else if (rank >= 2) {
        location = followers.at(caller, rank - 2)
        if (location < 0) ranks.fail(`rank ${rank - 2} of fewer followers`)
        followers.toFront(caller, location, rank - 2)
      } else {
        const word = news.varint()
        location = word % 2 === 0 ? nextLocation - 1 - word / 2 : nextLocation + (word - 1) / 2
        nextLocation = Math.max(nextLocation, location + 1)
        followers.add(caller, location)
      }
      if (location < 0 || location >= locationCount) ranks.fail(`location ${location} of ${locationCount}`)
      nodeParent[node] = parent
      nodeLocation[node] = location
    }
  }
  dictionary.nodeCount = nodeCount
  dictionary.nodeParent = nodeParent
  dictionary.nodeLocation = nodeLocation
}

/** Which locations followed a caller before, the latest first; at most 255 are remembered. */
class Followers {
  readonly #lists = new Map<number, number[]>()

  rank(caller: number, location: number): number {
    return this.#lists.get(caller)?.indexOf(location) ?? -1
  }

  at(caller: number, rank: number): number {
    return this.#lists.get(caller)?.[rank] ?? -1
  }

  add(caller: number, location: number): void {
    const list = this.#lists.get(caller)
    if (list === undefined) this.#lists.set(caller, [location])
    else {
      list.unshift(location)
      if (list.length > 255) list.pop()
    }
  }

  toFront(caller: number, location: number, rank: number): void {
    if (rank === 0) return
    if (rank > 0) this.#lists.get(caller)!.splice(rank, 1)
    this.add(caller, location)
  }
}

function encodeKeys(dictionary: Dictionary, shapes: Shapes): Uint8Array {
  const parts = [new ByteWriter(4096), new ByteWriter(4096), new ByteWriter(4096)] as const
  const [nodes, labelSets, kinds] = parts
  const ends = new ChainEnds(dictionary)
  let nextLabelSet = 1
  for (let key = 0; key < dictionary.keyCount; key++) {
    const node = dictionary.keyNode[key]!
    const expected = ends.peek()
    nodes.varint(node === expected ? 0 : node < expected ? (expected - node) * 2 - 1 : (node - expected) * 2)
    if (node === expected) ends.take()
    const labelSet = dictionary.keyLabelSet[key]!
    labelSets.zigzag(labelSet - nextLabelSet)
    nextLabelSet = Math.max(nextLabelSet, labelSet + 1)
    kinds.varint(shapes.index(dictionary.keyShape[key]!))
  }
  const out = new ByteWriter(8192)
  out.varint(dictionary.keyCount)
  for (const part of parts) out.block(part.bytes())
  return out.bytes()
}

function decodeKeys(reader: ByteReader, dictionary: Dictionary, shapes: Float64Array): void {
  const count = reader.count()
  const [nodes, labelSets, kinds] = [0, 1, 2].map(() => new ByteReader(reader.block(), reader.what)) as [
    ByteReader,
    ByteReader,
    ByteReader,
  ]
  dictionary.keyCount = count
  dictionary.keyNode = new Uint32Array(count)
  dictionary.keyLabelSet = new Uint32Array(count)
  dictionary.keyShape = new Float64Array(count)
  const ends = new ChainEnds(dictionary)
  let nextLabelSet = 1
  for (let key = 0; key < count; key++) {
    const word = nodes.varint()
    const expected = ends.peek()
    const node = word === 0 ? expected : word % 2 === 1 ? expected - (word + 1) / 2 : expected + word / 2
    if (word === 0) ends.take()
    checkBelow(nodes, node, dictionary.nodeCount, 'node')
    dictionary.keyNode[key] = node
    const labelSet = nextLabelSet + labelSets.zigzag()
    checkBelow(labelSets, labelSet, dictionary.labelSetCount, 'label set')
    nextLabelSet = Math.max(nextLabelSet, labelSet + 1)
    dictionary.keyLabelSet[key] = labelSet
    dictionary.keyShape[key] = shapeAt(kinds, shapes)
  }
}

/** The last node of each chain, in order: a new stack's key nearly always stands at the next one. */
class ChainEnds {
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

function shapeAt(reader: ByteReader, shapes: Float64Array): number {
  const index = reader.varint()
  checkBelow(reader, index, shapes.length, 'shape')
  return shapes[index]!
}

function checkBelow(reader: ByteReader, index: number, count: number, what: string): void {
  if (!(index >= 0 && index < count)) reader.fail(`${what} ${index} of ${count}`)
}
