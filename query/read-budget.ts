import { formatByteSize } from '../lib/byte-size.ts'

/** How much one merge may still read. */
export class ReadBudget {
  readonly #maxBytes: number | undefined
  #bytes = 0

  /** Without `maxBytes` as much as it needs. */
  constructor(maxBytes: number | undefined) {
    this.#maxBytes = maxBytes
  }

  /** To be asked before the bytes are read. Throws READ_TOO_MUCH where they are too many. */
  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#maxBytes === undefined || this.#bytes <= this.#maxBytes) return
    throw new ReadTooMuchError(
      `that reads more than --query.max-bytes, ${formatByteSize(this.#maxBytes)}: ask for less time or fewer series`,
    )
  }
}

export class ReadTooMuchError extends Error {
  override readonly name = 'ReadTooMuchError'
  readonly code = 'READ_TOO_MUCH'
}
