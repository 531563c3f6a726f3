/** So many at once, and so many a second in the long run. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledMs = -Infinity

  constructor(options: { readonly perSecond: number; readonly burst: number }) {
    this.#perSecond = options.perSecond
    this.#burst = options.burst
    this.#tokens = options.burst
  }

  /** Takes one, which may be one that is not there yet: how long to wait for it, in milliseconds. */
  take(nowMs: number): number {
    const filled = (Math.max(0, nowMs - this.#filledMs) * this.#perSecond) / 1000
    this.#tokens = Math.min(this.#burst, this.#tokens + filled) - 1
    this.#filledMs = nowMs
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.#perSecond
  }
}
