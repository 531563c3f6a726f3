/** Keeps one object for each key for as long as somebody holds it, so that equal means identical. */
export interface Interner<T extends object> {
  /** What the key stands for; `make` is called where nobody holds it. */
  intern(key: string, make: () => T): T
  readonly size: number
}

export function createInterner<T extends object>(): Interner<T> {
  const held = new Map<string, WeakRef<T>>()
  const forgotten = new FinalizationRegistry<string>((key) => {
    // Another object may have taken the key meanwhile.
    if (held.get(key)?.deref() === undefined) held.delete(key)
  })
  return {
    intern(key, make) {
      const known = held.get(key)?.deref()
      if (known !== undefined) return known
      const made = make()
      held.set(key, new WeakRef(made))
      forgotten.register(made, key)
      return made
    },
    get size() {
      return held.size
    },
  }
}
