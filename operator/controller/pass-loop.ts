import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs one pass after another, each over everything that changed since the one before. A lone change is worked on almost
 * at once; many share a pass, and passes that take long come further apart, so that the loop leaves time for others.
 */
export class PassLoop {
  readonly #pass: (signal: AbortSignal) => Promise<void>
  readonly #settleMs: number
  readonly #maxWaitMs: number
  #isDue = false
  #wake: () => void = () => {}

  constructor(
    pass: (signal: AbortSignal) => Promise<void>,
    options: {
      /** Between a change and its pass: most changes come in company. */
      readonly settleMs: number
      /** A pass comes this often without a change too, as time alone changes things. */
      readonly maxWaitMs: number
    },
  ) {
    this.#pass = pass
    this.#settleMs = options.settleMs
    this.#maxWaitMs = options.maxWaitMs
  }

  request(): void {
    this.#isDue = true
    this.#wake()
  }

  /** Rejects where a pass does. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      if (!this.#isDue) await this.#wait(signal)
      await sleep(this.#settleMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      this.#isDue = false
      const startMs = performance.now()
      await this.#pass(signal)
      // At most a third of the time.
      const tookMs = performance.now() - startMs
      if (tookMs > this.#settleMs) await sleep(2 * tookMs, undefined, { signal }).catch(() => {})
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = () => {}
        resolve()
      }
      const timer = setTimeout(done, this.#maxWaitMs)
      signal.addEventListener('abort', done)
      this.#wake = done
    })
  }
}
