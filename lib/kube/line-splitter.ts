/** Cuts a stream of bytes into lines, however they come in pieces. */
export class LineSplitter {
  readonly #maxLineBytes: number
  #pieces: Uint8Array[] = []
  #heldBytes = 0

  constructor(options: { readonly maxLineBytes: number }) {
    this.#maxLineBytes = options.maxLineBytes
  }

  /** The lines that are whole now, without empty ones; what follows the last newline is kept. Throws where a line is too long. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = []
    let from = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      this.#hold(chunk.subarray(from, end))
      // Only whole lines are decoded: a character may lie across two pieces.
      const line = Buffer.concat(this.#pieces, this.#heldBytes).toString('utf8')
      if (line.trim() !== '') lines.push(line)
      this.#pieces = []
      this.#heldBytes = 0
      from = end + 1
    }
    this.#hold(chunk.subarray(from))
    return lines
  }

  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#heldBytes += piece.length
    if (this.#heldBytes > this.#maxLineBytes)
      throw new Error(`split lines: a line is longer than ${this.#maxLineBytes} bytes`)
    this.#pieces.push(piece)
  }
}

const newline = 0x0a
