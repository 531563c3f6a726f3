/** Values by key, the least recently asked for dropped once their costs exceed a bound. */
export class LruCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly cost: number }>()
  readonly #maxCost: number
  #cost = 0

  constructor(maxCost: number) {
    this.#maxCost = maxCost
  }

  get size(): number {
    return this.#entries.size
  }

  get cost(): number {
    return this.#cost
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** What costs more than everything may is not kept at all. */
  set(key: string, value: Value, cost: number): void {
    this.delete(key)
    if (cost > this.#maxCost) return
    this.#entries.set(key, { value, cost })
    this.#cost += cost
    for (const oldest of this.#entries.keys()) {
      if (this.#cost <= this.#maxCost) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#cost -= entry.cost
  }
}
