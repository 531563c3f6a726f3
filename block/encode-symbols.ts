import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { ChainEnds } from './chain-ends.ts'
import { encodeChunk, encodeChunkAside } from './chunk.ts'
import { Followers } from './followers.ts'

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
  return join(symbolParts(dictionary).map((part) => encodeChunk(part, level)))
}

/** The same bytes, made beside other work. */
export async function encodeSymbolsAside(dictionary: Dictionary, level: number): Promise<Uint8Array> {
  return join(await Promise.all(symbolParts(dictionary).map((part) => encodeChunkAside(part, level))))
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new ByteWriter(1 << 16)
  for (const chunk of chunks) out.block(chunk)
  return out.copy()
}

function symbolParts(dictionary: Dictionary): Uint8Array[] {
  const shapes = new Shapes()
  const parts = [
    encodeStrings(dictionary),
    ...encodeLocations(dictionary, shapes),
    ...encodeNodes(dictionary),
    encodeKeys(dictionary, shapes),
  ]
  return [encodeEntries(dictionary, shapes), ...parts]
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
