/** What failed and is not worth a try in every round: each failure doubles the wait. */
export class Postponed {
  readonly #firstMs: number
  readonly #maxMs: number
  readonly #waits = new Map<string, { readonly untilMs: number; readonly waitMs: number }>()

  constructor(options: { readonly firstMs: number; readonly maxMs: number }) {
    this.#firstMs = options.firstMs
    this.#maxMs = options.maxMs
  }

  add(id: string, nowMs: number): void {
    const before = this.#waits.get(id)
    const waitMs = before === undefined ? this.#firstMs : Math.min(this.#maxMs, before.waitMs * 2)
    this.#waits.set(id, { untilMs: nowMs + waitMs, waitMs })
  }

  has(id: string, nowMs: number): boolean {
    return (this.#waits.get(id)?.untilMs ?? Number.NEGATIVE_INFINITY) > nowMs
  }

  /** Forgets those that are not there any more. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#waits.keys()) if (!ids.has(id)) this.#waits.delete(id)
  }
}
