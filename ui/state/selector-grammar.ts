import { effect, type ReadonlySignal, signal } from '@preact/signals'

/** The grammar is half of the script, and only the explore page needs it: it comes when that is first shown. */
export function loadSelectorGrammar(
  isNeeded: () => boolean,
): ReadonlySignal<typeof import('../model/selector-edit.ts') | undefined> {
  const loaded = signal<typeof import('../model/selector-edit.ts') | undefined>(undefined)
  effect(() => {
    if (!isNeeded() || loaded.peek() !== undefined) return
    import('../model/selector-edit.ts').then((module) => {
      loaded.value = module
    })
  })
  return loaded
}
