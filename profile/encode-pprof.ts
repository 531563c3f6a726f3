import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { Dictionary } from './dictionary.ts'
import { EntryWriter } from './entry-writer.ts'
import { hasBodyToken, headerToken } from './header.ts'
import type { ProfileColumns } from './profile-columns.ts'
import { StackIds } from './stack-ids.ts'
import { beginMessage, endMessage, writeField64 } from './write-message.ts'

/** Writes pprof exactly as it was read. Reuse one encoder: its scratch arrays grow once. */
export class PprofEncoder {
  readonly #out = new ByteWriter(1 << 16)
  readonly #tail = new ByteWriter(1024)
  readonly #entries = new EntryWriter()
  readonly #stacks = new StackIds()
  #dictionary!: Dictionary

  /** The result is a view that holds until the next call. */
  encode(columns: ProfileColumns, dictionary: Dictionary): Uint8Array {
    this.#dictionary = dictionary
    const entries = this.#entries
    entries.reset(dictionary)
    this.#stacks.reset(entries.locationOf.generation, dictionary.nodeCount)
    this.#out.clear()
    this.#tail.clear()
    if (columns.strings !== undefined)
      for (let i = 0; i < columns.strings.length; i++) entries.stringOf.add(columns.strings[i]!, i)

    const header = new ByteReader(dictionary.headers[columns.header]!, 'profile header')
    const hasBody = hasBodyToken(header.buffer)
    if (columns.functions !== undefined)
      for (let i = 0; i < columns.functions.entries.length; i++)
        entries.functionOf.add(columns.functions.entries[i]!, columns.functions.ids[i]!)
    if (columns.locations !== undefined)
      for (let i = 0; i < columns.locations.entries.length; i++)
        entries.locationOf.add(columns.locations.entries[i]!, columns.locations.ids[i]!)
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
          entries.writeValueType(out, token, header)
          break
        case 2: {
          const count = header.varint() || columns.keys.length
          for (let i = 0; i < count; i++, next.sample++) {
            this.#numberStack(columns.keys[next.sample]!, undefined)
            this.#writeSample(out, columns, next.sample)
          }
          break
        }
        case 3:
          for (let count = header.varint(); count > 0; count--) entries.writeMapping(out, header.varint())
          break
        case 4: {
          const count = header.varint() || entries.locationOf.count
          for (let i = 0; i < count; i++)
            entries.writeLocation(out, entries.locationOf.order[next.location++]!)
          break
        }
        case 5: {
          const count = header.varint() || entries.functionOf.count
          for (let i = 0; i < count; i++)
            entries.writeFunction(out, entries.functionOf.order[next.function++]!)
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
          out.varint(entries.string(header.varint()))
      }
    }
    if (stringsAt >= 0) entries.writeStrings(this.#out)
    this.#out.raw(this.#tail.bytes())
    return this.#out.bytes()
  }

  /** Numbers locations by first use in samples and functions by first use in locations. */
  #predictOrder(columns: ProfileColumns): void {
    const { nodeParent, nodeLocation, keyNode, locationLines, lineFunction } = this.#dictionary
    const { locationOf, functionOf } = this.#entries
    if (columns.locations === undefined) {
      for (const key of columns.keys)
        for (let node = keyNode[key]!; node !== 0; node = nodeParent[node]!)
          locationOf.id(nodeLocation[node]!)
    }
    if (columns.functions === undefined) {
      for (let i = 0; i < locationOf.count; i++) {
        const location = locationOf.order[i]!
        for (let line = locationLines[location]!; line < locationLines[location + 1]!; line++)
          functionOf.id(lineFunction[line]!)
      }
    }
  }

  #writeBody(out: ByteWriter, columns: ProfileColumns): void {
    for (let i = 0; i < columns.keys.length; i++) {
      this.#numberStack(columns.keys[i]!, out)
      this.#writeSample(out, columns, i)
    }
  }

  /** Where `out` is given, writes the locations that are used for the first time, and their functions. */
  #numberStack(key: number, out: ByteWriter | undefined): void {
    const entries = this.#entries
    const { locationOf } = entries
    const { ids, stamps, generation } = locationOf
    this.#stacks.write(this.#dictionary.keyNode[key]!, this.#dictionary, (location) => {
      if (stamps[location] === generation) return ids[location]!
      const id = locationOf.id(location)
      if (out !== undefined) {
        entries.pendingFunctions.length = 0
        entries.writeLocation(out, location)
        for (const f of entries.pendingFunctions) entries.writeFunction(out, f)
      }
      return id
    })
  }

  #writeSample(out: ByteWriter, columns: ProfileColumns, sample: number): void {
    const dictionary = this.#dictionary
    const key = columns.keys[sample]!
    const count = columns.keys.length
    const types = columns.sampleTypeCount
    const { bytes, start, end } = this.#stacks
    const lengthAt = beginMessage(out, 2)
    out.reserve((end - start) * 2 + types * 11 + 32)
    for (const field of this.#entries.fields(dictionary.keyShape[key]!)) {
      switch (field) {
        case 3:
          out.byte(10)
          out.varint(end - start)
          out.raw(bytes.subarray(start, end))
          break
        case 2:
          for (let at = start; at < end; at++) {
            if (at === start || bytes[at - 1]! < 0x80) out.byte(8)
            out.byte(bytes[at]!)
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
          this.#entries.writeLabels(out, dictionary.labelSets[dictionary.keyLabelSet[key]!]!)
          break
      }
    }
    endMessage(out, lengthAt)
  }
}

function writeValue(out: ByteWriter, columns: ProfileColumns, at: number): void {
  if (columns.wideValues !== undefined) out.varint64(columns.wideValues[at]!)
  else if (columns.values[at]! >= 0) out.varint(columns.values[at]!)
  else out.varint64(BigInt(columns.values[at]!))
}
