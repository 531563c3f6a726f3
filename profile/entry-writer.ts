import type { ByteReader } from '../lib/bytes/byte-reader.ts'
import type { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { Dictionary } from './dictionary.ts'
import { mappingId } from './field-triples.ts'
import { LocalIds } from './local-ids.ts'
import { shapeFields } from './shape.ts'
import { beginMessage, endMessage, writeLowHigh } from './write-message.ts'

/** Writes a dictionary's entries as messages of one file, with the ids that the file gives them. */
export class EntryWriter {
  readonly stringOf = new LocalIds()
  readonly functionOf = new LocalIds()
  readonly locationOf = new LocalIds()
  /** Functions first named by the locations written since the list was last emptied; the caller empties it. */
  readonly pendingFunctions: number[] = []
  #generation = 0
  #dictionary!: Dictionary
  readonly #shapes = new Map<number, number[]>()

  /** Begins a file. */
  reset(dictionary: Dictionary): void {
    this.#dictionary = dictionary
    this.#generation++
    const generation = this.#generation
    this.stringOf.reset(generation, dictionary.stringCount)
    this.functionOf.reset(generation, dictionary.functionCount)
    this.locationOf.reset(generation, dictionary.locationCount)
    this.stringOf.add(0, 0)
  }

  fields(shape: number): number[] {
    let fields = this.#shapes.get(shape)
    if (fields === undefined) {
      fields = shapeFields(shape)
      this.#shapes.set(shape, fields)
    }
    return fields
  }

  string(dictionaryIndex: number): number {
    // Counts from 1, as the empty string took the first id of all: LocalIds numbers by count.
    return this.stringOf.idFrom0(dictionaryIndex)
  }

  writeLabels(out: ByteWriter, fields: readonly number[]): void {
    for (let i = 0; i < fields.length; ) {
      const lengthAt = beginMessage(out, 3)
      for (let count = fields[i++]!; count > 0; count--, i += 3) {
        out.byte(fields[i]! * 8)
        if (fields[i] === 3) writeLowHigh(out, fields[i + 1]!, fields[i + 2]!)
        else out.varint(this.string(fields[i + 1]!))
      }
      endMessage(out, lengthAt)
    }
  }

  writeLocation(out: ByteWriter, location: number): void {
    const dictionary = this.#dictionary
    const lengthAt = beginMessage(out, 4)
    for (const token of this.fields(dictionary.locationShape[location]!)) {
      const field = token >> 1
      if (field === 4) {
        const end = dictionary.locationLines[location + 1]!
        for (let line = dictionary.locationLines[location]!; line < end; line++) this.#writeLine(out, line)
        continue
      }
      out.byte(field * 8)
      if (field === 1) out.varint(this.locationOf.id(location))
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
    for (const token of this.fields(dictionary.lineShape[line]!)) {
      out.byte((token >> 1) * 8)
      if (token === 2) {
        if (!this.functionOf.has(f)) this.pendingFunctions.push(f)
        out.varint(this.functionOf.id(f))
      } else out.varint(token === 4 ? dictionary.lineNumber[line]! : dictionary.lineColumn[line]!)
    }
    endMessage(out, lengthAt)
  }

  writeFunction(out: ByteWriter, f: number): void {
    const dictionary = this.#dictionary
    const lengthAt = beginMessage(out, 5)
    for (const token of this.fields(dictionary.functionShape[f]!)) {
      const field = token >> 1
      out.byte(field * 8)
      if (field === 1) out.varint(this.functionOf.id(f))
      else if (field === 2) out.varint(this.string(dictionary.functionName[f]!))
      else if (field === 3) out.varint(this.string(dictionary.functionSystemName[f]!))
      else if (field === 4) out.varint(this.string(dictionary.functionFile[f]!))
      else out.varint(dictionary.functionStartLine[f]!)
    }
    endMessage(out, lengthAt)
  }

  writeMapping(out: ByteWriter, mapping: number): void {
    const fields = this.#dictionary.mappings[mapping]!
    const lengthAt = beginMessage(out, 3)
    for (let i = 0; i < fields.length; i += 3) {
      const field = fields[i]!
      out.byte(field * 8)
      if (field === 5 || field === 6) out.varint(this.string(fields[i + 1]!))
      else writeLowHigh(out, fields[i + 1]!, fields[i + 2]!)
    }
    endMessage(out, lengthAt)
  }

  writeValueType(out: ByteWriter, field: number, header: ByteReader): void {
    const lengthAt = beginMessage(out, field)
    for (let count = header.varint(); count > 0; count--) {
      out.byte(header.varint() * 8)
      out.varint(this.string(header.varint()))
    }
    endMessage(out, lengthAt)
  }

  writeStrings(out: ByteWriter): void {
    const { stringBytes, stringEnd } = this.#dictionary
    const { order, count } = this.stringOf
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
