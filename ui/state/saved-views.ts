import { type ReadonlySignal, signal } from '@preact/signals'

/** An address of this UI under a name. */
export interface SavedView {
  readonly name: string
  /** Below the prefix: `explore?q=…`. */
  readonly path: string
}

export interface SavedViews {
  readonly views: ReadonlySignal<readonly SavedView[]>
  /** Replaces the one of the same name. False where this browser keeps nothing. */
  readonly save: (view: SavedView) => boolean
  readonly remove: (name: string) => void
  /** Adds what `exportViews` gave; how many. Throws a SyntaxError where it is something else. */
  readonly load: (text: string) => number
}

export type KeyValueStore = Pick<Storage, 'getItem' | 'setItem'>

const key = 'conprof-views'

/** Kept in this browser: views are a person's own. `storage` undefined keeps them as long as the page. */
export function createSavedViews(storage: KeyValueStore | undefined): SavedViews {
  const views = signal<readonly SavedView[]>(readStored(storage))
  const set = (next: readonly SavedView[]): boolean => {
    views.value = next.toSorted((a, b) => a.name.localeCompare(b.name))
    try {
      storage?.setItem(key, exportViews(views.value))
      return storage !== undefined
    } catch {
      return false
    }
  }
  const without = (name: string) => views.value.filter((view) => view.name !== name)
  return {
    views,
    save: (view) => set([...without(view.name), view]),
    remove: (name) => {
      set(without(name))
    },
    load: (text) => {
      const given = parseViews(text)
      const names = new Set(given.map(({ name }) => name))
      set([...views.value.filter(({ name }) => !names.has(name)), ...given])
      return given.length
    },
  }
}

export function exportViews(views: readonly SavedView[]): string {
  return `${JSON.stringify({ conprofViews: 1, views }, undefined, 2)}\n`
}

/** Throws a SyntaxError. */
export function parseViews(text: string): SavedView[] {
  const given: unknown = JSON.parse(text)
  const views = (given as { views?: unknown } | null)?.views
  if (!Array.isArray(views))
    throw new SyntaxError('read views: no list "views", want a file that was exported here')
  return views.map((view: unknown, index) => {
    const { name, path } = (view ?? {}) as Partial<SavedView>
    // A path below the prefix, so that a file from elsewhere leads nowhere else.
    const isPath = typeof path === 'string' && /^[a-z]*(\?.*)?$/s.test(path)
    if (typeof name !== 'string' || name === '' || !isPath)
      throw new SyntaxError(`read views: view ${index} has no name or no path such as "explore?q=…"`)
    return { name, path }
  })
}

function readStored(storage: KeyValueStore | undefined): SavedView[] {
  try {
    const text = storage?.getItem(key) ?? ''
    return text === '' ? [] : parseViews(text)
  } catch {
    return []
  }
}
