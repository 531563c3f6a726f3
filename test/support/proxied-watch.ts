import type { ServerResponse } from 'node:http'

/** A watch that runs. */
export interface OpenWatch {
  readonly path: string
  /** RST. */
  reset(): void
  /** An orderly end. */
  end(): void
  /** What the server sends is kept back from now on, and the connection stays. */
  silence(): void
  /** As if the server had sent it. */
  send(text: string): void
  /** Half of what the server sends next, then a newline. */
  truncateNext(): void
  /** The next change that the server tells of never comes. */
  dropNext(): void
}

/** The answer to a watch on its way through a proxy. */
export class ProxiedWatch implements OpenWatch {
  readonly path: string
  readonly #outgoing: ServerResponse
  #isSilent = false
  #next: 'pass' | 'truncate' | 'drop' = 'pass'
  /** Of a line that has not come whole. */
  #kept: Buffer = Buffer.alloc(0)

  constructor(path: string, outgoing: ServerResponse) {
    this.path = path
    this.#outgoing = outgoing
  }

  pass(chunk: Buffer): void {
    if (this.#isSilent) return
    if (this.#next === 'drop') {
      this.#dropOne(chunk)
      return
    }
    const isWhole = this.#next === 'pass'
    this.#next = 'pass'
    this.#outgoing.write(isWhole ? chunk : `${chunk.subarray(0, chunk.indexOf('\n') >> 1)}\n`)
  }

  /** Several events may come at once, and a bookmark at any time. */
  #dropOne(chunk: Buffer): void {
    this.#kept = Buffer.concat([this.#kept, chunk])
    for (;;) {
      const end = this.#kept.indexOf('\n') + 1
      if (end === 0) return
      const line = this.#kept.subarray(0, end)
      this.#kept = this.#kept.subarray(end)
      if (!line.includes('"type":"BOOKMARK"')) break
      this.#outgoing.write(line)
    }
    this.#next = 'pass'
    this.#outgoing.write(this.#kept)
    this.#kept = Buffer.alloc(0)
  }

  reset(): void {
    reset(this.#outgoing)
  }

  end(): void {
    if (!this.#isSilent) this.#outgoing.end()
  }

  silence(): void {
    this.#isSilent = true
  }

  send(text: string): void {
    this.#outgoing.write(text)
  }

  truncateNext(): void {
    this.#next = 'truncate'
  }

  dropNext(): void {
    this.#next = 'drop'
  }
}

/** RST, as from a network or a server that has forgotten the connection. */
export function reset({ socket }: ServerResponse): void {
  if (socket === null) return
  // Node never closes one that is reset while its end is under way, and spins at its own end, waiting for that.
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
