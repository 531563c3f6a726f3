import type { Test } from 'tap'

/** What tap's `teardown` does, outside of tap: the last first. */
export class Teardowns {
  readonly #functions: (() => unknown)[] = []

  readonly teardown = ((end: () => unknown) => {
    this.#functions.push(end)
  }) as Test['teardown']

  async run(): Promise<void> {
    for (let end = this.#functions.pop(); end !== undefined; end = this.#functions.pop()) await end()
  }
}
