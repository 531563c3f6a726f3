/**
 * Work that several wait for. It is told to stop only once nobody waits for it any more, so that a client that goes
 * away takes nothing from the others.
 */
export class SharedWork<Result> {
  readonly #stop = new AbortController()
  readonly #result: Promise<Result>
  #waiting = 0
  #isDone = false

  /** Begins at once. */
  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.#result = work(this.#stop.signal)
    const done = () => {
      this.#isDone = true
    }
    // Whoever waits hears of a failure; where nobody does, it is nobody's.
    this.#result.then(done, done)
  }

  /** Whether it was told to stop, so that to join it is in vain. */
  get isAbandoned(): boolean {
    return this.#stop.signal.aborted
  }

  /** The result; rejects with the signal's reason where that aborts first. */
  async wait(signal?: AbortSignal): Promise<Result> {
    this.#waiting++
    try {
      signal?.throwIfAborted()
      return await (signal === undefined ? this.#result : untilAbort(this.#result, signal))
    } finally {
      this.#waiting--
      if (this.#waiting === 0 && !this.#isDone) this.#stop.abort(new Error('nobody waits for it any more'))
    }
  }
}

function untilAbort<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
