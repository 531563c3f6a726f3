import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { Dictionary } from './dictionary.ts'
import { headerToken } from './header.ts'
import type { EntryOrder, ProfileColumns } from './profile-columns.ts'

/**
 * Carries profiles from one dictionary to another that many share, with everything that makes them come back byte for
 * byte; `translate-symbols.ts` is for merges, where that does not matter. Only what is used is carried, in the order of
 * its first use, since that is the order in which symbols are written in few bytes.
 */
export class DictionaryTranslator {
  readonly #from: Dictionary
  readonly #to: Dictionary
  readonly #strings: Int32Array
  readonly #functions: Int32Array
  readonly #mappings: Int32Array
  readonly #locations: Int32Array
  readonly #nodes: Int32Array
  readonly #labelSets: Int32Array
  readonly #keys: Int32Array
  readonly #headers: Int32Array
  readonly #header = new ByteWriter(64)
  #lines = new Float64Array(64)
  readonly #path: number[] = []

  constructor(from: Dictionary, to: Dictionary) {
    this.#from = from
    this.#to = to
    this.#strings = unknown(from.stringCount)
    this.#functions = unknown(from.functionCount)
    this.#mappings = unknown(from.mappingCount)
    this.#locations = unknown(from.locationCount)
    this.#nodes = unknown(from.nodeCount)
    this.#labelSets = unknown(from.labelSetCount)
    this.#keys = unknown(from.keyCount)
    this.#headers = unknown(from.headers.length)
  }

  /** The same profile in the other dictionary. What it holds is its own but for the values, which are not copied. */
  profile(profile: ProfileColumns): ProfileColumns {
    const header = this.header(profile.header)
    const keys = new Uint32Array(profile.keys.length)
    const known = this.#keys
    for (let i = 0; i < keys.length; i++) {
      const key = profile.keys[i]!
      keys[i] = known[key]! >= 0 ? known[key]! : this.key(key)
    }
    const { sampleTypeCount, values, wideValues, timeNanos, durationNanos, locations, functions, strings } =
      profile
    return {
      header,
      sampleTypeCount,
      keys,
      values,
      wideValues,
      timeNanos,
      durationNanos,
      locations: locations && this.#order(locations, (l) => this.#location(l)),
      functions: functions && this.#order(functions, (f) => this.#function(f)),
      strings: strings?.map((string) => this.#string(string)),
    }
  }

  key(key: number): number {
    const known = this.#keys[key]!
    if (known >= 0) return known
    const from = this.#from
    const node = this.#node(from.keyNode[key]!)
    const labelSet = this.#labelSet(from.keyLabelSet[key]!)
    const translated = this.#to.internKey(node, labelSet, from.keyShape[key]!)
    this.#keys[key] = translated
    return translated
  }

  header(header: number): number {
    const known = this.#headers[header]!
    if (known >= 0) return known
    const reader = new ByteReader(this.#from.headers[header]!, 'profile header')
    const out = this.#header
    out.clear()
    while (reader.remaining > 0) {
      const token = reader.varint()
      out.varint(token)
      switch (token) {
        case 1:
        case 11: {
          const count = reader.count(2)
          out.varint(count)
          for (let i = 0; i < count; i++) {
            out.varint(reader.varint())
            out.varint(this.#string(this.#bounded(reader, this.#from.stringCount)))
          }
          break
        }
        case 2:
        case 4:
        case 5:
        case 6:
          out.varint(reader.varint())
          break
        case 3: {
          const count = reader.count()
          out.varint(count)
          for (let i = 0; i < count; i++)
            out.varint(this.#mapping(this.#bounded(reader, this.#from.mappingCount)))
          break
        }
        case 9:
        case 10:
        case headerToken.body:
          break
        case 12:
          out.varint64(reader.varint64())
          break
        case 7:
        case 8:
        case 13:
        case 14:
        case 15:
          out.varint(this.#string(this.#bounded(reader, this.#from.stringCount)))
          break
        default:
          reader.fail(`token ${token}`)
      }
    }
    const translated = this.#to.internHeader(out.bytes())
    this.#headers[header] = translated
    return translated
  }

  #bounded(reader: ByteReader, count: number): number {
    const index = reader.varint()
    if (index >= count) reader.fail(`entry ${index} of ${count}`)
    return index
  }

  #order({ entries, ids }: EntryOrder, translate: (entry: number) => number): EntryOrder {
    return { entries: entries.map(translate), ids }
  }

  #node(node: number): number {
    const { nodeParent, nodeLocation } = this.#from
    const path = this.#path
    path.length = 0
    let at = node
    while (at !== 0 && this.#nodes[at]! < 0) {
      path.push(at)
      at = nodeParent[at]!
    }
    let translated = at === 0 ? 0 : this.#nodes[at]!
    for (let i = path.length - 1; i >= 0; i--) {
      const each = path[i]!
      translated = this.#to.internNode(translated, this.#location(nodeLocation[each]!))
      this.#nodes[each] = translated
    }
    return translated
  }

  #location(location: number): number {
    const known = this.#locations[location]!
    if (known >= 0) return known
    const from = this.#from
    const first = from.locationLines[location]!
    const count = from.locationLines[location + 1]! - first
    if (count * 4 > this.#lines.length) this.#lines = new Float64Array(count * 8)
    for (let i = 0; i < count; i++) {
      const line = first + i
      this.#lines[i * 4] = this.#function(from.lineFunction[line]!)
      this.#lines[i * 4 + 1] = from.lineNumber[line]!
      this.#lines[i * 4 + 2] = from.lineColumn[line]!
      this.#lines[i * 4 + 3] = from.lineShape[line]!
    }
    const translated = this.#to.internLocation(
      this.#mapping(from.locationMapping[location]!),
      from.locationAddressLow[location]!,
      from.locationAddressHigh[location]!,
      from.locationIsFolded[location]!,
      from.locationShape[location]!,
      this.#lines,
      count,
    )
    this.#locations[location] = translated
    return translated
  }

  #function(index: number): number {
    const known = this.#functions[index]!
    if (known >= 0) return known
    const from = this.#from
    const translated = this.#to.internFunction(
      this.#string(from.functionName[index]!),
      this.#string(from.functionSystemName[index]!),
      this.#string(from.functionFile[index]!),
      from.functionStartLine[index]!,
      from.functionShape[index]!,
    )
    this.#functions[index] = translated
    return translated
  }

  #mapping(index: number): number {
    const known = this.#mappings[index]!
    if (known >= 0) return known
    const fields = this.#from.mappings[index]!.slice()
    for (let i = 0; i < fields.length; i += 3)
      if (fields[i] === 5 || fields[i] === 6) fields[i + 1] = this.#string(fields[i + 1]!)
    const translated = this.#to.internMapping(fields)
    this.#mappings[index] = translated
    return translated
  }

  #labelSet(index: number): number {
    const known = this.#labelSets[index]!
    if (known >= 0) return known
    const fields = this.#from.labelSets[index]!.slice()
    for (let i = 0; i < fields.length; )
      for (let count = fields[i++]!; count > 0; count--, i += 3)
        if (fields[i] !== 3) fields[i + 1] = this.#string(fields[i + 1]!)
    const translated = this.#to.internLabelSet(fields)
    this.#labelSets[index] = translated
    return translated
  }

  #string(index: number): number {
    const known = this.#strings[index]!
    if (known >= 0) return known
    const { stringBytes, stringEnd } = this.#from
    const start = index === 0 ? 0 : stringEnd[index - 1]!
    const translated = this.#to.internString(stringBytes, start, stringEnd[index]!)
    this.#strings[index] = translated
    return translated
  }
}

function unknown(length: number): Int32Array {
  return new Int32Array(length).fill(-1)
}
