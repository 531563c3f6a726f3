/**
 * Open addressing with linear probing from 32-bit hashes to entry numbers; the caller compares entries.
 *
 *     for (let slot = index.first(hash); ; slot = index.next(slot)) {
 *       const entry = index.at(slot)
 *       if (entry < 0) break        // not there
 *       if (same(entry)) return entry
 *     }
 *     index.insert(hash, newEntry)
 */
export class HashIndex {
  #entries = new Int32Array(64).fill(-1)
  #hashes = new Int32Array(64)
  #count = 0
  #mask = 63

  first(hash: number): number {
    return hash & this.#mask
  }

  next(slot: number): number {
    return (slot + 1) & this.#mask
  }

  at(slot: number): number {
    return this.#entries[slot]!
  }

  hashAt(slot: number): number {
    return this.#hashes[slot]!
  }

  insert(hash: number, entry: number): void {
    if ((this.#count + 1) * 2 > this.#entries.length) this.#grow()
    this.#put(hash, entry)
    this.#count++
  }

  #put(hash: number, entry: number): void {
    let slot = hash & this.#mask
    while (this.#entries[slot]! >= 0) slot = (slot + 1) & this.#mask
    this.#entries[slot] = entry
    this.#hashes[slot] = hash
  }

  #grow(): void {
    const entries = this.#entries
    const hashes = this.#hashes
    this.#entries = new Int32Array(entries.length * 2).fill(-1)
    this.#hashes = new Int32Array(entries.length * 2)
    this.#mask = this.#entries.length - 1
    for (let i = 0; i < entries.length; i++) if (entries[i]! >= 0) this.#put(hashes[i]!, entries[i]!)
  }
}
