import type { UrlPatch } from '../model/url-state.ts'
import { addFilter, exactly, type FilterKey } from '../model/view-filters.ts'
import type { Store } from '../store.ts'

/** What can be done with a function, wherever its name stands. */
export interface FrameAction {
  readonly title: string
  /** The key that does it while the function is in focus or pointed at; "" has none. */
  readonly key: string
  readonly run: (store: Store, name: string) => void
}

const filter =
  (key: FilterKey) =>
  (store: Store, name: string): void => {
    store.go({ ...addFilter(store.url.peek(), key, exactly(name)), zoom: '' })
  }
const show =
  (patch: UrlPatch) =>
  (store: Store, name: string): void =>
    store.go({ fn: name, zoom: '', ...patch })

export const frameActions: readonly FrameAction[] = [
  { title: 'Callers and callees', key: 'm', run: show({ view: 'callers' }) },
  { title: 'Focus: only stacks with it', key: 'f', run: filter('f') },
  { title: 'Ignore: no stacks with it', key: 'x', run: filter('i') },
  { title: 'Hide: its time goes to its callers', key: 'h', run: filter('h') },
  { title: 'Show from it', key: 'g', run: filter('sf') },
  { title: 'Source lines', key: 'o', run: show({ view: 'source' }) },
  { title: 'Peek: edges as a table', key: 'k', run: show({ view: 'peek' }) },
  { title: 'Mark everywhere', key: '', run: (store, name) => store.go({ fn: name }, { replace: true }) },
  { title: 'Copy name', key: 'c', run: (store, name) => void copyText(store, name, 'Name') },
]

export async function copyText(store: Store, text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    store.say(`${what} copied`)
  } catch {
    store.say('The browser does not allow copying here; select the text instead')
  }
}
