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
  /** What the server sends next never comes. */
  dropNext(): void
}

/** The answer to a watch on its way through a proxy. */
export class ProxiedWatch implements OpenWatch {
  readonly path: string
  readonly #outgoing: ServerResponse
  #isSilent = false
  #next: 'pass' | 'truncate' | 'drop' = 'pass'

  constructor(path: string, outgoing: ServerResponse) {
    this.path = path
    this.#outgoing = outgoing
  }

  pass(chunk: Buffer): void {
    const how = this.#next
    this.#next = 'pass'
    if (this.#isSilent || how === 'drop') return
    const isWhole = how === 'pass'
    this.#outgoing.write(isWhole ? chunk : `${chunk.subarray(0, chunk.indexOf('\n') >> 1)}\n`)
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
export function reset(outgoing: ServerResponse): void {
  if (outgoing.socket !== null) outgoing.socket.resetAndDestroy()
}
