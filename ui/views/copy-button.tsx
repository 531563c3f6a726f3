import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const copy = useCopy()
  return (
    <button type="button" class="button" disabled={text === ''} onClick={() => copy(text, what)}>
      <Icon name="copy" />
      Copy {what}
    </button>
  )
}

/** Puts a text on the clipboard and says so. */
export function useCopy(): (text: string, what: string) => Promise<void> {
  const store = useStore()
  return async (text, what) => {
    try {
      await navigator.clipboard.writeText(text)
      store.say(`${what[0]?.toUpperCase() ?? ''}${what.slice(1)} copied`)
    } catch {
      // Browsers allow it on https and localhost alone.
      store.say('The browser does not allow copying here; select the text instead')
    }
  }
}
