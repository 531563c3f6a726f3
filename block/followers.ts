/** Which locations followed a caller before, the latest first; at most 255 are remembered. */
export class Followers {
  readonly #lists = new Map<number, number[]>()

  rank(caller: number, location: number): number {
    return this.#lists.get(caller)?.indexOf(location) ?? -1
  }

  at(caller: number, rank: number): number {
    return this.#lists.get(caller)?.[rank] ?? -1
  }

  add(caller: number, location: number): void {
    const list = this.#lists.get(caller)
    if (list === undefined) this.#lists.set(caller, [location])
    else {
      list.unshift(location)
      if (list.length > 255) list.pop()
    }
  }

  toFront(caller: number, location: number, rank: number): void {
    if (rank === 0) return
    if (rank > 0) this.#lists.get(caller)!.splice(rank, 1)
    this.add(caller, location)
  }
}
