/** A dictionary's entries as one file numbers them, in the order they were added. */
export class LocalIds {
  count = 0
  order = new Uint32Array(256)
  /** `ids[entry]` holds where `stamps[entry]` is `generation`. */
  ids = new Uint32Array(256)
  stamps = new Uint32Array(256)
  generation = 0

  reset(generation: number, entryCount: number): void {
    this.generation = generation
    this.count = 0
    if (entryCount > this.ids.length) {
      this.ids = new Uint32Array(entryCount * 2)
      this.stamps = new Uint32Array(entryCount * 2)
    }
  }

  has(entry: number): boolean {
    return this.stamps[entry] === this.generation
  }

  add(entry: number, id: number): void {
    // The empty string is there from the start. Other content that is in a file twice: the second id wins, the
    // bytes come out differently, and are kept.
    if (entry === 0 && id === 0 && this.has(entry)) return
    this.stamps[entry] = this.generation
    this.ids[entry] = id
    if (this.count === this.order.length) {
      const grown = new Uint32Array(this.count * 2)
      grown.set(this.order)
      this.order = grown
    }
    this.order[this.count++] = entry
  }

  /** Its id; a new entry gets the next, counting from 1. */
  id(entry: number): number {
    if (this.stamps[entry] !== this.generation) this.add(entry, this.count + 1)
    return this.ids[entry]!
  }

  /** As `id`, counting from 0. */
  idFrom0(entry: number): number {
    if (this.stamps[entry] !== this.generation) this.add(entry, this.count)
    return this.ids[entry]!
  }
}
