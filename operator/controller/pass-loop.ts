import { setTimeout as sleep } from 'node:timers/promises'

export interface PassLoopOptions {
  /** Between a change and its pass: most changes come in company. */
  readonly settleMs: number
  /** A pass comes this often without a change too, as time alone changes things. */
  readonly maxWaitMs: number
  /** A pass threw, which is a defect of ours. The next one comes after `maxWaitMs`. */
  readonly onDefect: (error: unknown) => void
}

/**
 * Runs one pass after another, each over everything that changed since the one before. A lone change is worked on almost
 * at once; many share a pass, and passes that take long come further apart, so that the loop leaves time for others.
 */
export class PassLoop {
  readonly #pass: () => void
  readonly #options: PassLoopOptions
  #isDue = false
  #failingSinceMs: number | undefined
  #wake: () => void = () => {}

  constructor(pass: () => void, options: PassLoopOptions) {
    this.#pass = pass
    this.#options = options
  }

  /** Since when no pass went well, by `performance.now()`; undefined where the last one did. */
  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs
  }

  request(): void {
    this.#isDue = true
    this.#wake()
  }

  /** Until the signal, whatever passes do. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { settleMs, maxWaitMs } = this.#options
    while (!signal.aborted) {
      if (!this.#isDue) await this.#wait(signal)
      await sleep(settleMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      this.#isDue = false
      const startMs = performance.now()
      const isWell = this.#try()
      // At most a third of the time.
      const tookMs = performance.now() - startMs
      const restMs = isWell ? (tookMs > settleMs ? 2 * tookMs : 0) : Math.max(2 * tookMs, maxWaitMs)
      if (restMs > 0) await sleep(restMs, undefined, { signal }).catch(() => {})
    }
  }

  #try(): boolean {
    try {
      this.#pass()
      this.#failingSinceMs = undefined
      return true
    } catch (error) {
      this.#failingSinceMs ??= performance.now()
      this.#options.onDefect(error)
      return false
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
      const timer = setTimeout(done, this.#options.maxWaitMs)
      signal.addEventListener('abort', done)
      this.#wake = done
    })
  }
}
