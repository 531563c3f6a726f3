import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { Dictionary } from '../profile/dictionary.ts'
import { ChainEnds } from './chain-ends.ts'
import { decodeChunk } from './chunk.ts'
import { Followers } from './followers.ts'

/** Reads what `encodeSymbols` wrote. Checks every reference, so that what reads the dictionary need not. */
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

function shapeAt(reader: ByteReader, shapes: Float64Array): number {
  const index = reader.varint()
  checkBelow(reader, index, shapes.length, 'shape')
  return shapes[index]!
}

function checkBelow(reader: ByteReader, index: number, count: number, what: string): void {
  if (!(index >= 0 && index < count)) reader.fail(`${what} ${index} of ${count}`)
}
