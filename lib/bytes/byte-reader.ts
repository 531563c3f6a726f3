/** A read past the end, an over-long varint, a length beyond its bound: bytes that nobody wrote on purpose. */
export class DecodeError extends Error {
  readonly code = 'CORRUPT'
  readonly what: string
  readonly offset: number

  constructor(what: string, offset: number, seen: string, options?: ErrorOptions) {
    super(`decode ${what} at byte ${offset}: ${seen}`, options)
    this.name = 'DecodeError'
    this.what = what
    this.offset = offset
  }
}

/** Reads what ByteWriter wrote. Every read is bounded; errors name what is read and the byte offset. */
export class ByteReader {
  readonly buffer: Uint8Array
  readonly what: string
  offset: number
  readonly end: number

  constructor(buffer: Uint8Array, what: string, offset = 0, end = buffer.length) {
    this.buffer = buffer
    this.what = what
    this.offset = offset
    this.end = end
  }

  get remaining(): number {
    return this.end - this.offset
  }

  fail(seen: string): never {
    throw new DecodeError(this.what, this.offset, seen)
  }

  byte(): number {
    if (this.offset >= this.end) this.fail('the end, want a byte')
    return this.buffer[this.offset++]!
  }

  /** An unsigned safe integer. */
  varint(): number {
    const { buffer, end } = this
    let at = this.offset
    let byte = at < end ? buffer[at++]! : this.fail('the end, want a varint')
    if (byte < 0x80) {
      this.offset = at
      return byte
    }
    // Most are of two to four bytes: those in 32-bit integers.
    let value = byte & 0x7f
    for (let shift = 7; shift < 28; shift += 7) {
      if (at >= end) this.fail('the end inside a varint')
      byte = buffer[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.offset = at
        return value
      }
    }
    let unit = 2 ** 28
    do {
      if (at >= end) this.fail('the end inside a varint')
      byte = buffer[at++]!
      value += (byte & 0x7f) * unit
      unit *= 128
      if (unit > 2 ** 56) this.fail('a varint of more than 8 bytes')
    } while (byte >= 0x80)
    if (value > Number.MAX_SAFE_INTEGER) this.fail('a varint above 2^53')
    this.offset = at
    return value
  }

  zigzag(): number {
    const value = this.varint()
    if (value < 2 ** 31) return (value >>> 1) ^ -(value & 1)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** As unsigned 64 bits. */
  varint64(): bigint {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else if (bits > 1) this.fail('a varint above 64 bits')
      else high |= bits << 31
      if (byte < 0x80) return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
    }
    return this.fail('a varint of more than 10 bytes')
  }

  zigzag64(): bigint {
    const value = this.varint64()
    return (value >> 1n) ^ -(value & 1n)
  }

  u32(): number {
    if (this.remaining < 4) this.fail(`${this.remaining} bytes, want 4`)
    const { buffer, offset } = this
    this.offset += 4
    return (
      (buffer[offset]! |
        (buffer[offset + 1]! << 8) |
        (buffer[offset + 2]! << 16) |
        (buffer[offset + 3]! << 24)) >>>
      0
    )
  }

  /** A view into the buffer. */
  raw(length: number): Uint8Array {
    if (length > this.remaining) this.fail(`a length of ${length}, ${this.remaining} bytes are left`)
    const start = this.offset
    this.offset += length
    return this.buffer.subarray(start, this.offset)
  }

  block(): Uint8Array {
    return this.raw(this.varint())
  }

  text(): string {
    return textDecoder.decode(this.block())
  }

  /** A count of things of at least `minBytesEach`: bounded by the bytes that are left, so that no allocation runs ahead of its data. */
  count(minBytesEach = 1): number {
    const count = this.varint()
    if (count * minBytesEach > this.remaining)
      this.fail(`a count of ${count}, ${this.remaining} bytes are left`)
    return count
  }
}

const textDecoder = new TextDecoder('utf-8')
