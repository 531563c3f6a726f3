/** Lets a number of tasks run at a time; the others wait in the order in which they came. */
export class TurnQueue {
  readonly #size: number
  #running = 0
  readonly #waiting = new Set<() => void>()

  constructor(size: number) {
    this.#size = size
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Resolves when it is the caller's turn, which ends with `leave()`. Rejects with the signal's reason. */
  async enter(signal?: AbortSignal): Promise<Turn> {
    signal?.throwIfAborted()
    if (this.#running < this.#size) this.#running++
    else await this.#wait(signal)
    return new Turn(() => this.#leave())
  }

  /** Who leaves hands its turn to the next, so that nobody who comes in between is before them. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#running--
    else {
      this.#waiting.delete(next)
      next()
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(onTurn)
        reject(signal!.reason)
      }
      const onTurn = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      this.#waiting.add(onTurn)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}

export class Turn implements Disposable {
  #leave: (() => void) | undefined

  constructor(leave: () => void) {
    this.#leave = leave
  }

  /** A second time does nothing. */
  leave(): void {
    this.#leave?.()
    this.#leave = undefined
  }

  [Symbol.dispose](): void {
    this.leave()
  }
}
