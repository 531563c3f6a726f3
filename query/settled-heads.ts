/** One collector as an answer found it. */
export interface SeenHead {
  readonly name: string
  /** Another text where it is another process; undefined where it does not say. */
  readonly incarnation: string | undefined
  /** Whether it said what is in its head and what is pending. */
  readonly isThere: boolean
}

/**
 * Whether collectors are as they were. One that ends brings all it has to the bucket and keeps nothing in pending, so
 * whoever comes, goes or begins anew makes listings from before worth nothing; and so does one that cannot be asked.
 */
export class SettledHeads {
  readonly #now: () => number
  #known: ReadonlyMap<string, string | undefined> | undefined
  #unsettledUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? (() => performance.now())
  }

  /** Whether a listing must begin after now, having asked all that there are. */
  isUnsettled(seen: readonly SeenHead[]): boolean {
    const now = new Map(seen.map(({ name, incarnation }) => [name, incarnation]))
    const before = this.#known
    this.#known = now
    const isAway = seen.some(({ isThere }) => !isThere)
    const hasChanged =
      before !== undefined &&
      (before.size !== now.size ||
        seen.some(({ name, incarnation, isThere }) => isThere && before.get(name) !== incarnation) ||
        seen.some(({ name }) => !before.has(name)))
    if (isAway || hasChanged) this.#unsettledUntilMs = this.#now() + unsettledMs
    return this.#now() < this.#unsettledUntilMs
  }
}

/** Longer than a collector takes to end, and an uploaded block stays in pending. */
const unsettledMs = 120_000
