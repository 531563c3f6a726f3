import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { Dictionary } from './dictionary.ts'
import { mappingId } from './field-triples.ts'
import { hasBodyToken, headerToken } from './header.ts'
import { LocalIds } from './local-ids.ts'
import type { ProfileColumns } from './profile-columns.ts'
import { shapeFields } from './shape.ts'
import { beginMessage, endMessage, varintSize, writeField64, writeLowHigh } from './write-message.ts'

/** Writes pprof exactly as it was read. Reuse one encoder: its scratch arrays grow once. */
export class PprofEncoder {
  readonly #out = new ByteWriter(1 << 16)
  readonly #tail = new ByteWriter(1024)
  #generation = 0
  #stringOf = new LocalIds()
  #functionOf = new LocalIds()
  #locationOf = new LocalIds()
  #stack = new Uint32Array(256)
  #pendingFunctions: number[] = []
  #dictionary!: Dictionary
  readonly #shapes = new Map<number, number[]>()

  /** The result is a view that holds until the next call. */
  encode(columns: ProfileColumns, dictionary: Dictionary): Uint8Array {
    this.#dictionary = dictionary
    this.#generation++
    const generation = this.#generation
    this.#stringOf.reset(generation, dictionary.stringCount)
    this.#functionOf.reset(generation, dictionary.functionCount)
    this.#locationOf.reset(generation, dictionary.locationCount)
    this.#out.clear()
    this.#tail.clear()
    this.#stringOf.add(0, 0)
    if (columns.strings !== undefined)
      for (let i = 0; i < columns.strings.length; i++) this.#stringOf.add(columns.strings[i]!, i)

    const header = new ByteReader(dictionary.headers[columns.header]!, 'profile header')
    const hasBody = hasBodyToken(header.buffer)
    if (columns.functions !== undefined)
      for (let i = 0; i < columns.functions.entries.length; i++)
        this.#functionOf.add(columns.functions.entries[i]!, columns.functions.ids[i]!)
    if (columns.locations !== undefined)
      for (let i = 0; i < columns.locations.entries.length; i++)
        this.#locationOf.add(columns.locations.entries[i]!, columns.locations.ids[i]!)
    if (!hasBody) this.#predictOrder(columns)

    const next = { sample: 0, location: 0, function: 0 }
    let out = this.#out
    let stringsAt = -1
    while (header.remaining > 0) {
      const token = header.varint()
      switch (token) {
        case headerToken.body:
          this.#writeBody(out, columns)
          break
        case 1:
        case 11:
          this.#writeValueType(out, token, header)
          break
        case 2: {
          const count = header.varint() || columns.keys.length
          for (let i = 0; i < count; i++, next.sample++)
            this.#writeSample(
              out,
              columns,
              next.sample,
              this.#numberStack(columns.keys[next.sample]!, undefined),
            )
          break
        }
        case 3:
          for (let count = header.varint(); count > 0; count--) this.#writeMapping(out, header.varint())
          break
        case 4: {
          const count = header.varint() || this.#locationOf.count
          for (let i = 0; i < count; i++) this.#writeLocation(out, this.#locationOf.order[next.location++]!)
          break
        }
        case 5: {
          const count = header.varint() || this.#functionOf.count
          for (let i = 0; i < count; i++) this.#writeFunction(out, this.#functionOf.order[next.function++]!)
          break
        }
        case 6:
          // What follows may still name strings, so it is written first and put behind the table.
          header.varint()
          stringsAt = out.length
          out = this.#tail
          break
        case 9:
          writeField64(out, 9, columns.timeNanos)
          break
        case 10:
          writeField64(out, 10, columns.durationNanos)
          break
        case 12:
          writeField64(out, 12, header.varint64())
          break
        default:
          out.varint(token * 8)
          out.varint(this.#string(header.varint()))
      }
    }
    if (stringsAt >= 0) this.#writeStrings(this.#out)
    this.#out.raw(this.#tail.bytes())
    return this.#out.bytes()
  }

  /** Numbers locations by first use in samples and functions by first use in locations. */
  #predictOrder(columns: ProfileColumns): void {
    const { nodeParent, nodeLocation, keyNode, locationLines, lineFunction } = this.#dictionary
    if (columns.locations === undefined) {
      for (const key of columns.keys)
        for (let node = keyNode[key]!; node !== 0; node = nodeParent[node]!)
          this.#locationOf.id(nodeLocation[node]!)
    }
    if (columns.functions === undefined) {
      for (let i = 0; i < this.#locationOf.count; i++) {
        const location = this.#locationOf.order[i]!
        for (let line = locationLines[location]!; line < locationLines[location + 1]!; line++)
          this.#functionOf.id(lineFunction[line]!)
      }
    }
  }

  #writeBody(out: ByteWriter, columns: ProfileColumns): void {
    for (let i = 0; i < columns.keys.length; i++) {
      const depth = this.#numberStack(columns.keys[i]!, out)
      this.#writeSample(out, columns, i, depth)
    }
  }

  /**
   * Puts the file's location ids of a stack into `#stack`, leaf first; where `out` is given, writes the locations
   * that are used for the first time, and their functions. Returns the depth.
   */
  #numberStack(key: number, out: ByteWriter | undefined): number {
    const { nodeParent, nodeLocation, keyNode } = this.#dictionary
    const locations = this.#locationOf
    const { ids, stamps, generation } = locations
    let stack = this.#stack
    let depth = 0
    for (let node = keyNode[key]!; node !== 0; node = nodeParent[node]!) {
      if (depth === stack.length) {
        stack = new Uint32Array(depth * 2)
        stack.set(this.#stack)
        this.#stack = stack
      }
      const location = nodeLocation[node]!
      if (stamps[location] === generation) {
        stack[depth++] = ids[location]!
        continue
      }
      stack[depth++] = locations.id(location)
      if (out === undefined) continue
      this.#pendingFunctions.length = 0
      this.#writeLocation(out, location)
      for (const f of this.#pendingFunctions) this.#writeFunction(out, f)
    }
    return depth
  }

  #fields(shape: number): number[] {
    let fields = this.#shapes.get(shape)
    if (fields === undefined) {
      fields = shapeFields(shape)
      this.#shapes.set(shape, fields)
    }
    return fields
  }

  #string(dictionaryIndex: number): number {
    // Counts from 1, as the empty string took the first id of all: LocalIds numbers by count.
    return this.#stringOf.idFrom0(dictionaryIndex)
  }

  #writeSample(out: ByteWriter, columns: ProfileColumns, sample: number, depth: number): void {
    const dictionary = this.#dictionary
    const key = columns.keys[sample]!
    const count = columns.keys.length
    const types = columns.sampleTypeCount
    const stack = this.#stack
    const lengthAt = beginMessage(out, 2)
    out.reserve(depth * 11 + types * 11 + 32)
    for (const field of this.#fields(dictionary.keyShape[key]!)) {
      switch (field) {
        case 3: {
          // The ids are written where they would stand behind a length of one byte, and moved if it takes more.
          const { buffer } = out
          buffer[out.length] = 10
          const first = out.length + 2
          let at = first
          for (let i = 0; i < depth; i++) {
            let id = stack[i]!
            while (id > 0x7f) {
              buffer[at++] = (id & 0x7f) | 0x80
              id >>>= 7
            }
            buffer[at++] = id
          }
          const size = at - first
          if (size < 0x80) buffer[first - 1] = size
          else {
            const extra = varintSize(size) - 1
            buffer.copyWithin(first + extra, first, at)
            out.length++
            out.varint(size)
            at += extra
          }
          out.length = at
          break
        }
        case 2:
          for (let i = 0; i < depth; i++) {
            out.byte(8)
            out.varint(stack[i]!)
          }
          break
        case 5: {
          const valuesAt = beginMessage(out, 2)
          for (let type = 0; type < types; type++) writeValue(out, columns, type * count + sample)
          endMessage(out, valuesAt)
          break
        }
        case 4:
          for (let type = 0; type < types; type++) {
            out.byte(16)
            writeValue(out, columns, type * count + sample)
          }
          break
        case 6:
          this.#writeLabels(out, dictionary.labelSets[dictionary.keyLabelSet[key]!]!)
          break
      }
    }
    endMessage(out, lengthAt)
  }

  #writeLabels(out: ByteWriter, fields: readonly number[]): void {
    for (let i = 0; i < fields.length; ) {
      const lengthAt = beginMessage(out, 3)
      for (let count = fields[i++]!; count > 0; count--, i += 3) {
        out.byte(fields[i]! * 8)
        if (fields[i] === 3) writeLowHigh(out, fields[i + 1]!, fields[i + 2]!)
        else out.varint(this.#string(fields[i + 1]!))
      }
      endMessage(out, lengthAt)
    }
  }

  #writeLocation(out: ByteWriter, location: number): void {
    const dictionary = this.#dictionary
    const lengthAt = beginMessage(out, 4)
    for (const token of this.#fields(dictionary.locationShape[location]!)) {
      const field = token >> 1
      if (field === 4) {
        const end = dictionary.locationLines[location + 1]!
        for (let line = dictionary.locationLines[location]!; line < end; line++) this.#writeLine(out, line)
        continue
      }
      out.byte(field * 8)
      if (field === 1) out.varint(this.#locationOf.id(location))
      else if (field === 2) out.varint(mappingId(dictionary.mappings[dictionary.locationMapping[location]!]!))
      else if (field === 3)
        writeLowHigh(out, dictionary.locationAddressLow[location]!, dictionary.locationAddressHigh[location]!)
      else out.varint(dictionary.locationIsFolded[location]!)
    }
    endMessage(out, lengthAt)
  }

  #writeLine(out: ByteWriter, line: number): void {
    const dictionary = this.#dictionary
    const f = dictionary.lineFunction[line]!
    const lengthAt = beginMessage(out, 4)
    for (const token of this.#fields(dictionary.lineShape[line]!)) {
      out.byte((token >> 1) * 8)
      if (token === 2) {
        if (!this.#functionOf.has(f)) this.#pendingFunctions.push(f)
        out.varint(this.#functionOf.id(f))
      } else out.varint(token === 4 ? dictionary.lineNumber[line]! : dictionary.lineColumn[line]!)
    }
    endMessage(out, lengthAt)
  }

  #writeFunction(out: ByteWriter, f: number): void {
    const dictionary = this.#dictionary
    const lengthAt = beginMessage(out, 5)
    for (const token of this.#fields(dictionary.functionShape[f]!)) {
      const field = token >> 1
      out.byte(field * 8)
      if (field === 1) out.varint(this.#functionOf.id(f))
      else if (field === 2) out.varint(this.#string(dictionary.functionName[f]!))
      else if (field === 3) out.varint(this.#string(dictionary.functionSystemName[f]!))
      else if (field === 4) out.varint(this.#string(dictionary.functionFile[f]!))
      else out.varint(dictionary.functionStartLine[f]!)
    }
    endMessage(out, lengthAt)
  }

  #writeMapping(out: ByteWriter, mapping: number): void {
    const fields = this.#dictionary.mappings[mapping]!
    const lengthAt = beginMessage(out, 3)
    for (let i = 0; i < fields.length; i += 3) {
      const field = fields[i]!
      out.byte(field * 8)
      if (field === 5 || field === 6) out.varint(this.#string(fields[i + 1]!))
      else writeLowHigh(out, fields[i + 1]!, fields[i + 2]!)
    }
    endMessage(out, lengthAt)
  }

  #writeValueType(out: ByteWriter, field: number, header: ByteReader): void {
    const lengthAt = beginMessage(out, field)
    for (let count = header.varint(); count > 0; count--) {
      out.byte(header.varint() * 8)
      out.varint(this.#string(header.varint()))
    }
    endMessage(out, lengthAt)
  }

  #writeStrings(out: ByteWriter): void {
    const { stringBytes, stringEnd } = this.#dictionary
    const { order, count } = this.#stringOf
    for (let i = 0; i < count; i++) {
      const string = order[i]!
      const start = string === 0 ? 0 : stringEnd[string - 1]!
      const end = stringEnd[string]!
      const length = end - start
      out.reserve(length + 8)
      out.byte(50)
      out.varint(length)
      out.buffer.set(stringBytes.subarray(start, end), out.length)
      out.length += length
    }
  }
}

function writeValue(out: ByteWriter, columns: ProfileColumns, at: number): void {
  if (columns.wideValues !== undefined) out.varint64(columns.wideValues[at]!)
  else if (columns.values[at]! >= 0) out.varint(columns.values[at]!)
  else out.varint64(BigInt(columns.values[at]!))
}
