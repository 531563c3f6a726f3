import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../lib/kube/clock.ts'

/** Stands still until it is moved. */
export class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()

  now(): number {
    return this.#nowMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Runs what is due on the way, in order, and whatever that sets going. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms
    for (;;) {
      await setImmediate()
      const [next] = [...this.#timers]
        .filter((timer) => timer.atMs <= targetMs)
        .sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
    }
    this.#nowMs = targetMs
    await setImmediate()
  }

  /** As in a process that is stopped: time goes by, and no timer runs. */
  freeze(ms: number): void {
    this.#nowMs += ms
  }
}
