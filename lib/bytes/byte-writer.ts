/**
 * A growing buffer of little-endian fields and LEB128 varints.
 * `bytes()` is a view: the next write may move the buffer, so copy what has to last.
 */
export class ByteWriter {
  buffer: Uint8Array
  length = 0

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity)
  }

  clear(): void {
    this.length = 0
  }

  reserve(extra: number): void {
    if (this.length + extra > this.buffer.length) this.#grow(this.length + extra)
  }

  #grow(wanted: number): void {
    const next = new Uint8Array(Math.max(wanted, this.buffer.length * 2))
    next.set(this.buffer.subarray(0, this.length))
    this.buffer = next
  }

  byte(value: number): void {
    if (this.length === this.buffer.length) this.#grow(this.length + 1)
    this.buffer[this.length++] = value
  }

  /** An unsigned safe integer. */
  varint(value: number): void {
    if (this.length + 10 > this.buffer.length) this.#grow(this.length + 10)
    const { buffer } = this
    let at = this.length
    if (value < 0x80) {
      buffer[at] = value
      this.length = at + 1
      return
    }
    while (value > 0x7fffffff) {
      buffer[at++] = (value % 128) | 0x80
      value = Math.floor(value / 128)
    }
    while (value > 0x7f) {
      buffer[at++] = (value & 0x7f) | 0x80
      value >>>= 7
    }
    buffer[at++] = value
    this.length = at
  }

  /** A signed integer of at most 52 bits, small magnitudes short. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  /** Any 64 bits, signed or not, as protobuf writes them. */
  varint64(value: bigint): void {
    let low = Number(value & 0xffffffffn)
    let high = Number((value >> 32n) & 0xffffffffn)
    this.reserve(10)
    while (high !== 0) {
      this.buffer[this.length++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.varint(low)
  }

  zigzag64(value: bigint): void {
    this.varint64(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))
  }

  u32(value: number): void {
    this.reserve(4)
    const { buffer, length } = this
    buffer[length] = value
    buffer[length + 1] = value >>> 8
    buffer[length + 2] = value >>> 16
    buffer[length + 3] = value >>> 24
    this.length += 4
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Length, then bytes. */
  block(bytes: Uint8Array): void {
    this.varint(bytes.length)
    this.raw(bytes)
  }

  /** UTF-8, length first. */
  text(value: string): void {
    this.block(textEncoder.encode(value))
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  copy(): Uint8Array {
    return this.buffer.slice(0, this.length)
  }
}

const textEncoder = new TextEncoder()
