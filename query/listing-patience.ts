/**
 * How long a listing or a read of the bucket may take: as long as its query, unless one failed a moment ago. Then
 * queries get on without a bucket that is away, whose client tries again and again; from time to time one has all
 * patience and finds out whether it is only slow.
 */
export class ListingPatience {
  readonly #now: () => number
  #problem: string | undefined
  #nextFullMs = 0

  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? (() => performance.now())
  }

  /** For the listing that begins now, ms; undefined is as long as the query. */
  begin(): number | undefined {
    if (this.#problem === undefined) return undefined
    if (this.#now() < this.#nextFullMs) return shortMs
    this.#nextFullMs = this.#now() + fullEveryMs
    return undefined
  }

  succeeded(): void {
    this.#problem = undefined
  }

  /** What to tell: where patience was short, why the last with more of it failed. */
  failed(error: unknown, options: { readonly wasShort: boolean }): string {
    if (options.wasShort && this.#problem !== undefined) return this.#problem
    if (this.#problem === undefined) this.#nextFullMs = this.#now() + fullEveryMs
    this.#problem = error instanceof Error ? error.message : String(error)
    return this.#problem
  }
}

const shortMs = 1000
const fullEveryMs = 15_000
