import { NotPprofError } from './errors.ts'

/**
 * Walks protobuf fields in place. `field()` leaves the field's number, wire type and either its 64-bit value
 * (`low`, `high`, both unsigned) or its range (`start`, `end`). Every length is checked against the message's end.
 */
export class ProtobufCursor {
  buffer: Uint8Array
  offset = 0
  end = 0
  number = 0
  wireType = 0
  low = 0
  high = 0
  start = 0
  stop = 0

  constructor(buffer: Uint8Array) {
    this.buffer = buffer
    this.end = buffer.length
  }

  enter(start: number, end: number): void {
    this.offset = start
    this.end = end
  }

  fail(seen: string): never {
    throw new NotPprofError(`byte ${this.offset}: ${seen}`)
  }

  /** False at the end of the message. */
  field(): boolean {
    if (this.offset >= this.end) return false
    const tag = this.varint()
    this.number = tag >>> 3
    this.wireType = tag & 7
    if (this.number === 0 || this.high !== 0) this.fail(`field number ${this.number}`)
    switch (this.wireType) {
      case 0:
        this.varint()
        return true
      case 2: {
        const length = this.varint()
        if (this.high !== 0 || length > this.end - this.offset)
          this.fail(
            `field ${this.number} of ${length + this.high * 2 ** 32} bytes, ${this.end - this.offset} are left`,
          )
        this.start = this.offset
        this.stop = this.offset += length
        return true
      }
      case 1:
        return this.#fixed(8)
      case 5:
        return this.#fixed(4)
      default:
        return this.fail(`wire type ${this.wireType} of field ${this.number}`)
    }
  }

  #fixed(length: number): boolean {
    if (length > this.end - this.offset) this.fail(`the end inside field ${this.number}`)
    this.start = this.offset
    this.stop = this.offset += length
    return true
  }

  /** Returns the low 32 bits, unsigned. */
  varint(): number {
    const { buffer, end } = this
    let at = this.offset
    if (at >= end) this.fail('the end, want a varint')
    let byte = buffer[at++]!
    this.high = 0
    if (byte < 0x80) {
      this.offset = at
      this.low = byte
      return byte
    }
    let low = byte & 0x7f
    let shift = 7
    while (shift < 28) {
      if (at >= end) this.fail('the end inside a varint')
      byte = buffer[at++]!
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.offset = at
        this.low = low >>> 0
        return this.low
      }
      shift += 7
    }
    return this.#longVarint(at, low)
  }

  #longVarint(at: number, low: number): number {
    const { buffer, end } = this
    let high = 0
    for (let index = 4; ; index++) {
      if (at >= end) this.fail('the end inside a varint')
      if (index > 9) this.fail('a varint of more than 10 bytes')
      const byte = buffer[at++]!
      const bits = byte & 0x7f
      if (index === 4) {
        low |= bits << 28
        high = bits >> 4
      } else high |= bits << (index * 7 - 32)
      if (byte < 0x80) break
    }
    this.offset = at
    this.low = low >>> 0
    this.high = high >>> 0
    return this.low
  }

  /** The value just read as a signed double; exact only where `isSafe`. */
  signed(): number {
    return (this.high | 0) * 4294967296 + this.low
  }

  /** Whether the value just read is an int64 within ±2^50: its differences are safe integers, twice over. */
  isNarrow(): boolean {
    const high = this.high | 0
    return high < 0x40000 && high >= -0x40000
  }
}
