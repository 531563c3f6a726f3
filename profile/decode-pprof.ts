import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { Dictionary } from './dictionary.ts'
import { NotPprofError } from './errors.ts'
import { headerToken } from './header.ts'
import type { EntryOrder } from './profile-columns.ts'
import { ProtobufCursor } from './protobuf-cursor.ts'
import { appendShape } from './shape.ts'

/**
 * One profile as indices into a dictionary. The arrays are the decoder's own and hold until its next call.
 */
export interface DecodedPprof {
  /** Into `dictionary.headers`. */
  readonly header: number
  readonly sampleCount: number
  readonly sampleTypeCount: number
  /** One sample key per sample, in file order. */
  readonly keys: Uint32Array
  /** Column by column: `values[type * sampleCount + sample]`. Meaningless where `wideValues` is there. */
  readonly values: Float64Array
  /** The same, where some value is beyond ±2^50. */
  readonly wideValues: BigInt64Array | undefined
  readonly timeNanos: bigint
  readonly durationNanos: bigint
  /** What the file does not do as nearly all do; absent means as predicted. */
  readonly locations: EntryOrder | undefined
  readonly functions: EntryOrder | undefined
  /** False where the columns cannot hold everything, such as unknown fields. */
  readonly isComplete: boolean
  /** Dictionary strings in file order. */
  readonly strings: Uint32Array
}

/** Decodes pprof straight into a dictionary. Reuse one decoder: its scratch arrays grow once. */
export class PprofDecoder {
  readonly #runs: number[] = []
  readonly #others: number[] = []
  readonly #header = new ByteWriter()
  #samples = new Ranges()
  #mappings = new Ranges()
  #locations = new Ranges()
  #functions = new Ranges()
  #strings = new Ranges()
  #localString = new Uint32Array(1024)
  #localFunction = new Uint32Array(1024)
  #localLocation = new Uint32Array(1024)
  #functionIds = new Float64Array(1024)
  #locationIds = new Float64Array(1024)
  #stack = new Uint32Array(256)
  #lines = new Float64Array(64)
  #keys = new Uint32Array(1024)
  #values = new Float64Array(1024)
  #position = new Int32Array(1024)
  readonly #walk = { depth: 0, locationsSeen: 0, isOutOfOrder: false }
  #isComplete = true

  /**
   * `previousKeys` are those of the profile before it in the series: most profiles repeat them in order.
   * Throws NotPprofError with the byte offset or the entry that is wrong.
   */
  decode(bytes: Uint8Array, dictionary: Dictionary, previousKeys: Uint32Array): DecodedPprof {
    this.#isComplete = true
    const cursor = new ProtobufCursor(bytes)
    this.#scan(cursor)
    this.#decodeStrings(bytes, dictionary)
    const functionsInOrder = this.#decodeFunctions(cursor, dictionary)
    const mappings = this.#decodeMappings(cursor, dictionary)
    const locations = this.#decodeLocations(cursor, dictionary, mappings.byId, functionsInOrder)
    const sampleTypeCount = this.#countOf(1)
    if (sampleTypeCount === 0) throw new NotPprofError('no sample types')
    const samples = this.#decodeSamples(cursor, dictionary, previousKeys, sampleTypeCount, locations.byId)
    const times = this.#buildHeader(cursor, mappings.entries)
    const sampleCount = this.#samples.count
    return {
      header: dictionary.internHeader(this.#header.bytes()),
      sampleCount,
      sampleTypeCount,
      keys: this.#keys.subarray(0, sampleCount),
      values: this.#values.subarray(0, sampleCount * sampleTypeCount),
      wideValues: samples.wideValues,
      timeNanos: times.timeNanos,
      durationNanos: times.durationNanos,
      locations:
        samples.locationsPredicted && locations.byId === undefined
          ? undefined
          : {
              entries: this.#localLocation.slice(0, this.#locations.count),
              ids: this.#locationIds.slice(0, this.#locations.count),
            },
      functions:
        locations.functionsPredicted && functionsInOrder === undefined
          ? undefined
          : {
              entries: this.#localFunction.slice(0, this.#functions.count),
              ids: this.#functionIds.slice(0, this.#functions.count),
            },
      isComplete: this.#isComplete,
      strings: this.#localString.subarray(0, this.#strings.count),
    }
  }

  /** The top level: where each message lies, and the order of all as runs of `field, count`. */
  #scan(cursor: ProtobufCursor): void {
    const lists = [this.#samples, this.#mappings, this.#locations, this.#functions, this.#strings]
    for (const list of lists) list.count = 0
    this.#runs.length = 0
    this.#others.length = 0
    let last = 0
    while (cursor.field()) {
      const number = cursor.number
      let list: Ranges | undefined
      switch (number) {
        case 2:
          list = this.#samples
          break
        case 3:
          list = this.#mappings
          break
        case 4:
          list = this.#locations
          break
        case 5:
          list = this.#functions
          break
        case 6:
          list = this.#strings
          break
      }
      if (list !== undefined) {
        if (cursor.wireType !== 2) cursor.fail(`wire type ${cursor.wireType} of field ${number}`)
        list.push(cursor.start, cursor.stop)
      } else if (number <= 15) {
        const isMessage = number === 1 || number === 11
        if (isMessage !== (cursor.wireType === 2) && number !== 13)
          cursor.fail(`wire type ${cursor.wireType} of field ${number}`)
        if (cursor.wireType === 2) this.#others.push(number, cursor.start, cursor.stop)
        else this.#others.push(number, cursor.low, cursor.high)
        if (number === 13 && cursor.wireType === 2) this.#isComplete = false
      } else {
        this.#isComplete = false
        continue
      }
      if (number === last) this.#runs[this.#runs.length - 1]!++
      else this.#runs.push(number, 1)
      last = number
    }
    if (this.#strings.count === 0) throw new NotPprofError('no string table')
  }

  #countOf(field: number): number {
    let count = 0
    for (let i = 0; i < this.#runs.length; i += 2) if (this.#runs[i] === field) count += this.#runs[i + 1]!
    return count
  }

  #decodeStrings(bytes: Uint8Array, dictionary: Dictionary): void {
    const { count, start, stop } = this.#strings
    if (stop[0] !== start[0]) throw new NotPprofError('the first string is not empty')
    if (count > this.#localString.length) this.#localString = new Uint32Array(count * 2)
    let last = 0
    for (let i = 0; i < count; i++) {
      last = dictionary.internStringAfter(last, bytes, start[i]!, stop[i]!)
      this.#localString[i] = last
    }
  }

  /** The dictionary's string for the index just read. */
  #stringOf(cursor: ProtobufCursor): number {
    if (cursor.high !== 0 || cursor.low >= this.#strings.count)
      cursor.fail(`string ${cursor.signed()}, the table has ${this.#strings.count}`)
    return this.#localString[cursor.low]!
  }

  /** Undefined where ids count up from 1, else places by id. */
  #decodeFunctions(cursor: ProtobufCursor, dictionary: Dictionary): Map<number, number> | undefined {
    const { count, start, stop } = this.#functions
    if (count > this.#localFunction.length) {
      this.#localFunction = new Uint32Array(count * 2)
      this.#functionIds = new Float64Array(count * 2)
    }
    let isSequential = true
    for (let i = 0; i < count; i++) {
      let id = 0
      let name = 0
      let systemName = 0
      let file = 0
      let startLine = 0
      let shape = 0
      cursor.enter(start[i]!, stop[i]!)
      while (cursor.field()) {
        const number = cursor.number
        if (cursor.wireType !== 0 || number > 5) {
          this.#isComplete = false
          continue
        }
        shape = appendShape(shape, number, 0)
        if (number === 1) id = this.#id(cursor, 'function')
        else if (number === 2) name = this.#stringOf(cursor)
        else if (number === 3) systemName = this.#stringOf(cursor)
        else if (number === 4) file = this.#stringOf(cursor)
        else startLine = this.#number(cursor)
      }
      if (shape > maxShape) this.#isComplete = false
      if (id !== i + 1) isSequential = false
      this.#functionIds[i] = id
      this.#localFunction[i] = dictionary.internFunction(name, systemName, file, startLine, shape)
    }
    return isSequential ? undefined : placesById(this.#functionIds, count, 'function')
  }

  #id(cursor: ProtobufCursor, what: string): number {
    if (cursor.high > 0x1fffff)
      cursor.fail(`${what} id ${cursor.high}·2^32 + ${cursor.low}, want one below 2^53`)
    // Encoding numbers entries with 32 bits; whoever numbers otherwise keeps its bytes.
    if (cursor.high !== 0) this.#isComplete = false
    return cursor.high * 4294967296 + cursor.low
  }

  /** Lines and columns: never negative or large in earnest. */
  #number(cursor: ProtobufCursor): number {
    if (cursor.high <= 0x1fffff) return cursor.high * 4294967296 + cursor.low
    this.#isComplete = false
    return 0
  }

  #decodeMappings(cursor: ProtobufCursor, dictionary: Dictionary) {
    const { count, start, stop } = this.#mappings
    const byId = new Map<number, number>()
    const entries: number[] = []
    for (let i = 0; i < count; i++) {
      const fields: number[] = []
      let id = 0
      cursor.enter(start[i]!, stop[i]!)
      while (cursor.field()) {
        const number = cursor.number
        if (cursor.wireType !== 0 || number > 10) {
          this.#isComplete = false
          continue
        }
        if (number === 1) id = this.#id(cursor, 'mapping')
        if (number === 5 || number === 6) fields.push(number, this.#stringOf(cursor), 0)
        else fields.push(number, cursor.low, cursor.high)
      }
      if (id === 0 || byId.has(id)) throw new NotPprofError(`mapping ${i}: id ${id}, want one of its own`)
      const entry = dictionary.internMapping(fields)
      byId.set(id, entry)
      entries.push(entry)
    }
    return { byId, entries }
  }

  #decodeLocations(
    cursor: ProtobufCursor,
    dictionary: Dictionary,
    mappings: Map<number, number>,
    functionPlaces: Map<number, number> | undefined,
  ) {
    const { count, start, stop } = this.#locations
    if (count > this.#localLocation.length) {
      this.#localLocation = new Uint32Array(count * 2)
      this.#locationIds = new Float64Array(count * 2)
    }
    const functionCount = this.#functions.count
    const localFunction = this.#localFunction
    let isSequential = true
    let functionsSeen = 0
    let functionsPredicted = true
    for (let i = 0; i < count; i++) {
      let id = 0
      let mapping = 0
      let low = 0
      let high = 0
      let isFolded = 0
      let shape = 0
      let lastField = 0
      let lineCount = 0
      cursor.enter(start[i]!, stop[i]!)
      while (cursor.field()) {
        const number = cursor.number
        if (number === 4 && cursor.wireType === 2) {
          if (lastField !== 4) shape = appendShape(shape, 4, 0)
          if (lineCount * 4 + 4 > this.#lines.length) {
            const grown = new Float64Array(this.#lines.length * 2)
            grown.set(this.#lines)
            this.#lines = grown
          }
          const end = cursor.end
          const resume = cursor.offset
          cursor.enter(cursor.start, cursor.stop)
          const place = this.#decodeLine(cursor, lineCount, functionPlaces, functionCount)
          cursor.enter(resume, end)
          this.#lines[lineCount * 4] = localFunction[place]!
          if (place >= functionsSeen) {
            if (place > functionsSeen) functionsPredicted = false
            functionsSeen = place + 1
          }
          lineCount++
        } else if (cursor.wireType === 0 && number <= 5) {
          shape = appendShape(shape, number, 0)
          if (number === 1) id = this.#id(cursor, 'location')
          else if (number === 2) {
            const wanted = this.#id(cursor, 'mapping')
            mapping = mappings.get(wanted) ?? 0
            if (mapping === 0) this.#isComplete = false
          } else if (number === 3) {
            low = cursor.low
            high = cursor.high
          } else if (cursor.low === 1 && cursor.high === 0) isFolded = 1
          else this.#isComplete = false
        } else this.#isComplete = false
        lastField = number
      }
      if (shape > maxShape) this.#isComplete = false
      if (id === 0) throw new NotPprofError(`location ${i}: no id`)
      if (id !== i + 1) isSequential = false
      this.#locationIds[i] = id
      this.#localLocation[i] = dictionary.internLocation(
        mapping,
        low,
        high,
        isFolded,
        shape,
        this.#lines,
        lineCount,
      )
    }
    return {
      byId: isSequential ? undefined : placesById(this.#locationIds, count, 'location'),
      functionsPredicted: functionsPredicted && functionsSeen === functionCount,
    }
  }

  /** Returns the place of the line's function in the file. */
  #decodeLine(
    cursor: ProtobufCursor,
    line: number,
    functionPlaces: Map<number, number> | undefined,
    functionCount: number,
  ): number {
    let id = 0
    let lineNumber = 0
    let column = 0
    let shape = 0
    while (cursor.field()) {
      const number = cursor.number
      if (cursor.wireType !== 0 || number > 3) {
        this.#isComplete = false
        continue
      }
      shape = appendShape(shape, number, 0)
      if (number === 1) id = this.#id(cursor, 'function')
      else if (number === 2) lineNumber = this.#number(cursor)
      else column = this.#number(cursor)
    }
    const place = functionPlaces === undefined ? id - 1 : (functionPlaces.get(id) ?? -1)
    if (place < 0 || place >= functionCount)
      cursor.fail(`function ${id} of a line, there is none with that id`)
    this.#lines[line * 4 + 1] = lineNumber
    this.#lines[line * 4 + 2] = column
    this.#lines[line * 4 + 3] = shape
    return place
  }

  #decodeSamples(
    cursor: ProtobufCursor,
    dictionary: Dictionary,
    previousKeys: Uint32Array,
    sampleTypeCount: number,
    locationPlaces: Map<number, number> | undefined,
  ) {
    const { count, start, stop } = this.#samples
    const locationCount = this.#locations.count
    const localLocation = this.#localLocation
    if (count > this.#keys.length) this.#keys = new Uint32Array(count * 2)
    if (count * sampleTypeCount > this.#values.length)
      this.#values = new Float64Array(count * sampleTypeCount * 2)
    const keys = this.#keys
    const values = this.#values
    let wideValues: BigInt64Array | undefined
    let locationsSeen = 0
    let locationsPredicted = true
    let guess = 0
    let hasPositions = false
    const labels: number[] = []
    for (let i = 0; i < count; i++) {
      let depth = 0
      let valueCount = 0
      let shape = 0
      let lastField = 0
      labels.length = 0
      cursor.enter(start[i]!, stop[i]!)
      while (cursor.field()) {
        const number = cursor.number
        const packed = cursor.wireType === 2 ? 1 : 0
        if (number === 1 || number === 2) {
          if (cursor.wireType > 2 || cursor.wireType === 1) cursor.fail(`wire type ${cursor.wireType}`)
          if (lastField !== number || packed === 1) shape = appendShape(shape, number, packed)
          const outerEnd = cursor.end
          const outerOffset = cursor.offset
          if (number === 1 && packed === 1 && locationPlaces === undefined) {
            const seen = this.#decodeStack(cursor, locationsSeen)
            depth = seen.depth
            if (seen.isOutOfOrder) locationsPredicted = false
            locationsSeen = seen.locationsSeen
            lastField = number
            continue
          }
          if (packed === 1) cursor.enter(cursor.start, cursor.stop)
          while (packed === 0 || cursor.offset < cursor.end) {
            if (packed === 1) cursor.varint()
            if (number === 1) {
              let place = cursor.low - 1
              if (cursor.high !== 0 || locationPlaces !== undefined)
                place = locationPlaces?.get(this.#id(cursor, 'location')) ?? -1
              if (place < 0 || place >= locationCount)
                cursor.fail(
                  `location ${this.#id(cursor, 'location')} of a sample, there is none with that id`,
                )
              if (place >= locationsSeen) {
                if (place > locationsSeen) locationsPredicted = false
                locationsSeen = place + 1
              }
              if (depth >= this.#stack.length) {
                const grown = new Uint32Array(depth * 2)
                grown.set(this.#stack)
                this.#stack = grown
              }
              this.#stack[depth++] = localLocation[place]!
            } else {
              if (valueCount >= sampleTypeCount)
                cursor.fail(`more than ${sampleTypeCount} values in a sample, want one per sample type`)
              const at = valueCount++ * count + i
              values[at] = cursor.signed()
              if (wideValues !== undefined || !cursor.isNarrow()) {
                wideValues ??= toWide(values, count * sampleTypeCount)
                wideValues[at] = BigInt.asIntN(64, (BigInt(cursor.high) << 32n) | BigInt(cursor.low))
              }
            }
            if (packed === 0) break
          }
          if (packed === 1) cursor.enter(outerOffset, outerEnd)
        } else if (number === 3 && packed === 1) {
          if (lastField !== 3) shape = appendShape(shape, 3, 0)
          const end = cursor.end
          const resume = cursor.offset
          cursor.enter(cursor.start, cursor.stop)
          this.#decodeLabel(cursor, labels)
          cursor.enter(resume, end)
        } else this.#isComplete = false
        lastField = number
      }
      if (valueCount !== sampleTypeCount)
        cursor.fail(`${valueCount} values in sample ${i}, want ${sampleTypeCount}, one per sample type`)
      if (shape > maxShape) this.#isComplete = false
      const labelSet = labels.length === 0 ? 0 : dictionary.internLabelSet(labels)
      const guessed = previousKeys[guess]
      if (
        guessed !== undefined &&
        dictionary.keyLabelSet[guessed] === labelSet &&
        dictionary.keyShape[guessed] === shape &&
        dictionary.isStack(dictionary.keyNode[guessed]!, this.#stack, depth)
      ) {
        keys[i] = guessed
        guess++
        continue
      }
      const node = dictionary.internStack(this.#stack, depth)
      const key = dictionary.internKey(node, labelSet, shape)
      keys[i] = key
      if (previousKeys.length === 0) continue
      if (!hasPositions) {
        this.#rememberPositions(previousKeys, dictionary.keyCount)
        hasPositions = true
      }
      const position = key < this.#position.length ? this.#position[key]! : -1
      if (position >= 0) guess = position + 1
    }
    return { wideValues, locationsPredicted: locationsPredicted && locationsSeen === locationCount }
  }

  /**
   * A packed list of location ids that count up from 1: where nearly all the bytes of a profile are, so it is read
   * without a call per id. Answers through `#walk`, which is reused.
   */
  #decodeStack(cursor: ProtobufCursor, seenBefore: number) {
    const { buffer, start, stop } = cursor
    const walk = this.#walk
    const localLocation = this.#localLocation
    const locationCount = this.#locations.count
    if (stop - start > this.#stack.length) this.#stack = new Uint32Array((stop - start) * 2)
    const stack = this.#stack
    let seen = seenBefore
    let depth = 0
    walk.isOutOfOrder = false
    for (let at = start; at < stop; ) {
      let id = buffer[at++]!
      if (id >= 0x80) {
        id &= 0x7f
        let byte = 0x80
        for (let shift = 7; byte >= 0x80 && at < stop && shift <= 21; shift += 7) {
          byte = buffer[at++]!
          id |= (byte & 0x7f) << shift
        }
        if (byte >= 0x80) cursor.fail(`location ${id} of a sample, there are ${locationCount}`)
      }
      if (id === 0 || id > locationCount)
        cursor.fail(`location ${id} of a sample, there is none with that id`)
      if (id > seen) {
        if (id > seen + 1) walk.isOutOfOrder = true
        seen = id
      }
      stack[depth++] = localLocation[id - 1]!
    }
    walk.depth = depth
    walk.locationsSeen = seen
    return walk
  }

  #rememberPositions(keys: Uint32Array, keyCount: number): void {
    if (keyCount > this.#position.length) this.#position = new Int32Array(keyCount * 2)
    this.#position.fill(-1)
    for (let i = keys.length - 1; i >= 0; i--) this.#position[keys[i]!] = i
  }

  #decodeLabel(cursor: ProtobufCursor, labels: number[]): void {
    const countAt = labels.push(0) - 1
    while (cursor.field()) {
      const number = cursor.number
      if (cursor.wireType !== 0 || number > 4) {
        this.#isComplete = false
        continue
      }
      if (number === 3) labels.push(3, cursor.low, cursor.high)
      else labels.push(number, this.#stringOf(cursor), 0)
      labels[countAt]!++
    }
  }

  /** Writes the header into `#header`; see header.ts for its tokens. */
  #buildHeader(cursor: ProtobufCursor, mappings: readonly number[]) {
    const header = this.#header
    header.clear()
    let timeNanos = 0n
    let durationNanos = 0n
    const bodyAt = this.#bodyRuns()
    let other = 0
    let mapping = 0
    const others = this.#others
    for (let run = 0; run < this.#runs.length; run += 2) {
      if (bodyAt !== undefined && run === bodyAt.first) {
        header.varint(headerToken.body)
        run = bodyAt.last
        continue
      }
      const field = this.#runs[run]!
      const count = this.#runs[run + 1]!
      if (field === 2 || field === 4 || field === 5 || field === 6) {
        header.varint(field)
        header.varint(count === this.#countOf(field) ? 0 : count)
        continue
      }
      if (field === 3) {
        header.varint(3)
        header.varint(count)
        for (let i = 0; i < count; i++) header.varint(mappings[mapping++]!)
        continue
      }
      for (let i = 0; i < count; i++, other += 3) {
        const low = others[other + 1]!
        const high = others[other + 2]!
        cursor.low = low
        cursor.high = high
        header.varint(field)
        switch (field) {
          case 1:
          case 11: {
            const pairs: number[] = []
            cursor.enter(low, high)
            while (cursor.field()) {
              if (cursor.wireType !== 0 || cursor.number > 2) this.#isComplete = false
              else pairs.push(cursor.number, this.#stringOf(cursor))
            }
            header.varint(pairs.length / 2)
            for (const value of pairs) header.varint(value)
            break
          }
          case 9:
            if (timeNanos !== 0n) this.#isComplete = false
            timeNanos = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
            break
          case 10:
            if (durationNanos !== 0n) this.#isComplete = false
            durationNanos = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
            break
          case 12:
            header.varint64((BigInt(high) << 32n) | BigInt(low))
            break
          case 13:
            // A packed list of comments is one entry here; it is rare enough to keep the bytes.
            header.varint(this.#isComplete ? this.#stringOf(cursor) : 0)
            break
          default:
            header.varint(this.#stringOf(cursor))
        }
      }
    }
    return { timeNanos, durationNanos }
  }

  /** Go's runtime interleaves samples with the locations and functions they are first to use. */
  #bodyRuns(): { first: number; last: number } | undefined {
    const runs = this.#runs
    let first = -1
    let last = -1
    let length = 0
    for (let run = 0; run < runs.length; run += 2) {
      const field = runs[run]!
      if (field !== 2 && field !== 4 && field !== 5) continue
      if (first < 0) first = run
      last = run
      length++
    }
    if (length <= 3 || (last - first) / 2 + 1 !== length || runs[first] !== 4) return undefined
    return { first, last }
  }
}

/** Ten fields; a message with more is odd enough to keep its bytes. */
const maxShape = 2 ** 50

function toWide(values: Float64Array, length: number): BigInt64Array {
  const wide = new BigInt64Array(length)
  for (let i = 0; i < length; i++) if (Number.isSafeInteger(values[i]!)) wide[i] = BigInt(values[i]!)
  return wide
}

function placesById(ids: Float64Array, count: number, what: string): Map<number, number> {
  const places = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    if (places.has(ids[i]!)) throw new NotPprofError(`two ${what}s with id ${ids[i]}`)
    places.set(ids[i]!, i)
  }
  return places
}

/** Growing lists of byte ranges. */
class Ranges {
  count = 0
  start = new Uint32Array(256)
  stop = new Uint32Array(256)

  push(start: number, stop: number): void {
    if (this.count === this.start.length) {
      const starts = new Uint32Array(this.count * 2)
      const stops = new Uint32Array(this.count * 2)
      starts.set(this.start)
      stops.set(this.stop)
      this.start = starts
      this.stop = stops
    }
    this.start[this.count] = start
    this.stop[this.count++] = stop
  }
}
