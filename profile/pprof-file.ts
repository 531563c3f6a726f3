import { ByteRanges } from './byte-ranges.ts'
import type { Dictionary } from './dictionary.ts'
import { NotPprofError } from './errors.ts'
import type { ProtobufCursor } from './protobuf-cursor.ts'

/** The top level of the file that is decoded: where its messages lie, and its strings. Reused from file to file. */
export class PprofFile {
  readonly samples = new ByteRanges()
  readonly mappings = new ByteRanges()
  readonly locations = new ByteRanges()
  readonly functions = new ByteRanges()
  readonly strings = new ByteRanges()
  /** The order of all messages, as runs of `field, count`. */
  readonly runs: number[] = []
  /** `field, start, stop` of messages of other fields, `field, low, high` of numbers. */
  readonly others: number[] = []
  /** False where something was seen that columns cannot hold. */
  isComplete = true
  #localString = new Uint32Array(1024)

  /** Dictionary strings in file order; a view. */
  get stringOrder(): Uint32Array {
    return this.#localString.subarray(0, this.strings.count)
  }

  /** The top level: where each message lies, and the order of all as runs of `field, count`. */
  scan(cursor: ProtobufCursor): void {
    this.isComplete = true
    const lists = [this.samples, this.mappings, this.locations, this.functions, this.strings]
    for (const list of lists) list.count = 0
    this.runs.length = 0
    this.others.length = 0
    let last = 0
    while (cursor.field()) {
      const number = cursor.number
      let list: ByteRanges | undefined
      switch (number) {
        case 2:
          list = this.samples
          break
        case 3:
          list = this.mappings
          break
        case 4:
          list = this.locations
          break
        case 5:
          list = this.functions
          break
        case 6:
          list = this.strings
          break
      }
      if (list !== undefined) {
        if (cursor.wireType !== 2) cursor.fail(`wire type ${cursor.wireType} of field ${number}`)
        list.push(cursor.start, cursor.stop)
      } else if (number <= 15) {
        const isMessage = number === 1 || number === 11
        if (isMessage !== (cursor.wireType === 2) && number !== 13)
          cursor.fail(`wire type ${cursor.wireType} of field ${number}`)
        if (cursor.wireType === 2) this.others.push(number, cursor.start, cursor.stop)
        else this.others.push(number, cursor.low, cursor.high)
        if (number === 13 && cursor.wireType === 2) this.isComplete = false
      } else {
        this.isComplete = false
        continue
      }
      if (number === last) this.runs[this.runs.length - 1]!++
      else this.runs.push(number, 1)
      last = number
    }
    if (this.strings.count === 0) throw new NotPprofError('no string table')
  }

  /** How many messages of a field there are. */
  countOf(field: number): number {
    let count = 0
    for (let i = 0; i < this.runs.length; i += 2) if (this.runs[i] === field) count += this.runs[i + 1]!
    return count
  }

  /** Go's runtime interleaves samples with the locations and functions they are first to use. */
  bodyRuns(): { first: number; last: number } | undefined {
    const runs = this.runs
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

  decodeStrings(bytes: Uint8Array, dictionary: Dictionary): void {
    const { count, start, stop } = this.strings
    if (stop[0] !== start[0]) throw new NotPprofError('the first string is not empty')
    if (count > this.#localString.length) this.#localString = new Uint32Array(count * 2)
    let last = 0
    for (let i = 0; i < count; i++) {
      last = dictionary.internStringAfter(last, bytes, start[i]!, stop[i]!)
      this.#localString[i] = last
    }
  }

  /** The dictionary's string for the index just read. */
  stringOf(cursor: ProtobufCursor): number {
    if (cursor.high !== 0 || cursor.low >= this.strings.count)
      cursor.fail(`string ${cursor.signed()}, the table has ${this.strings.count}`)
    return this.#localString[cursor.low]!
  }

  id(cursor: ProtobufCursor, what: string): number {
    if (cursor.high > 0x1fffff)
      cursor.fail(`${what} id ${cursor.high}·2^32 + ${cursor.low}, want one below 2^53`)
    // Encoding numbers entries with 32 bits; whoever numbers otherwise keeps its bytes.
    if (cursor.high !== 0) this.isComplete = false
    return cursor.high * 4294967296 + cursor.low
  }

  /** Lines and columns: never negative or large in earnest. */
  number(cursor: ProtobufCursor): number {
    if (cursor.high <= 0x1fffff) return cursor.high * 4294967296 + cursor.low
    this.isComplete = false
    return 0
  }
}
