import type { Test } from 'tap'

/** The steps of one long story: each is a test of its own, and at the end stands how long each took. */
export class TimedSteps {
  readonly #t: Test
  readonly #taken: { readonly title: string; readonly seconds: number }[] = []

  constructor(t: Test) {
    this.#t = t
    t.teardown(() => this.#print())
  }

  /** Steps build on one another: rejects after one that failed. */
  async step(title: string, run: (t: Test) => Promise<void>): Promise<void> {
    const startMs = performance.now()
    await this.#t.test(title, run)
    this.#taken.push({ title, seconds: (performance.now() - startMs) / 1000 })
    if (!this.#t.passing()) throw new Error(`stopped after: ${title}`)
  }

  #print(): void {
    const lines = this.#taken.map(({ title, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${title}`)
    this.#t.comment(`how long each step took\n${lines.join('\n')}`)
  }
}
