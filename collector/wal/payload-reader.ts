/** `TORN`: the bytes end too early. `TOO_NEW`: a later version wrote them. `DAMAGED`: everything else. */
export class WalDecodeError extends Error {
  override readonly name = 'WalDecodeError'
  readonly code: 'TORN' | 'TOO_NEW' | 'DAMAGED'
  /** In the segment. */
  readonly offset: number

  constructor(code: WalDecodeError['code'], offset: number, message: string) {
    super(message)
    this.code = code
    this.offset = offset
  }
}

/** Reads fields one after the other and checks every bound first; `base` is where the bytes lie in their segment. */
export class PayloadReader {
  readonly #bytes: Buffer
  readonly #base: number
  #at = 0

  constructor(bytes: Buffer, base: number) {
    this.#bytes = bytes
    this.#base = base
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#take(2))
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  /** Only what a double holds exactly. */
  uint64(): number {
    const value = this.#bytes.readBigUInt64LE(this.#take(8))
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.error(`number ${value}, want at most 2^53 - 1`)
    return Number(value)
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8))
  }

  text(maxBytes: number): string {
    const length = this.uint32()
    if (length > maxBytes) throw this.error(`text of ${length} bytes, want at most ${maxBytes}`)
    const from = this.#take(length)
    return this.#bytes.toString('utf8', from, from + length)
  }

  rest(): Uint8Array {
    const from = this.#take(this.#bytes.length - this.#at)
    return this.#bytes.subarray(from)
  }

  end(): void {
    const left = this.#bytes.length - this.#at
    if (left !== 0) throw this.error(`${left} bytes too many`)
  }

  error(message: string): WalDecodeError {
    return new WalDecodeError(
      'DAMAGED',
      this.#base + this.#at,
      `at offset ${this.#base + this.#at}: ${message}`,
    )
  }

  #take(length: number): number {
    const from = this.#at
    if (from + length > this.#bytes.length) {
      throw this.error(`wants ${length} bytes, ${this.#bytes.length - from} are left`)
    }
    this.#at += length
    return from
  }
}
