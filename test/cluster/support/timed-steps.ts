import type { Test } from 'tap'

/** The steps of one long story: each is a test of its own, and at the end stands how long each took. */
export class TimedSteps {
  readonly #t: Test
  readonly #taken: { readonly title: string; readonly seconds: number }[] = []
  #isBroken = false

  constructor(t: Test) {
    this.#t = t
    t.teardown(() => this.#print())
  }

  /** Steps build on one another: after one that failed the others fail without being tried. */
  async step(title: string, run: (t: Test) => Promise<void>): Promise<void> {
    const startMs = performance.now()
    await this.#t.test(title, async (t) => {
      if (this.#isBroken) return void t.fail('a step before this one failed')
      this.#isBroken = true
      await run(t)
      this.#isBroken = !t.passing()
    })
    this.#taken.push({ title, seconds: (performance.now() - startMs) / 1000 })
  }

  #print(): void {
    const lines = this.#taken.map(({ title, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${title}`)
    this.#t.comment(`how long each step took\n${lines.join('\n')}`)
  }
}
