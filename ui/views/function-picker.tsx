import { useMemo } from 'preact/hooks'
import { useStore } from '../store.ts'
import { Loading } from './notices.tsx'

/** Which function a view is about, where it is about one. */
export function FunctionPicker({ what }: { readonly what: string }) {
  const store = useStore()
  const { fn } = store.url.value
  const names = store.view.flame.value.data?.opened.names ?? []
  const sorted = useMemo(() => [...names].slice(1).sort(), [names])
  return (
    <form
      class="function-picker"
      onSubmit={(event) => {
        event.preventDefault()
        const name = new FormData(event.currentTarget).get('fn')
        if (typeof name === 'string') store.go({ fn: name.trim() })
      }}
    >
      <label class="field">
        <span>{what}</span>
        <input
          key={fn}
          name="fn"
          list="function-names"
          defaultValue={fn}
          placeholder="Name of a function"
          spellcheck={false}
          autocomplete="off"
        />
      </label>
      <datalist id="function-names">
        {sorted.slice(0, 3000).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button type="submit" class="button">
        Show
      </button>
    </form>
  )
}

/** What to choose where nothing was: the functions that have most. */
export function FunctionSuggestions() {
  const store = useStore()
  const layout = store.view.picture.value.data?.layout
  const names = useMemo(() => {
    if (layout === undefined) return []
    const own = new Map<string, number>()
    for (let row = 1; row < layout.name.length; row++) {
      const name = layout.names[layout.name[row]!] ?? ''
      own.set(name, (own.get(name) ?? 0) + Math.max(layout.self[row]!, layout.base?.self[row] ?? 0))
    }
    return [...own].sort(([, a], [, b]) => b - a).slice(0, 12)
  }, [layout])
  if (layout === undefined) return <Loading what="Looking for functions…" />
  return (
    <div class="function-suggestions">
      <p class="muted">Functions with the most of their own:</p>
      <ul>
        {names.map(([name]) => (
          <li key={name}>
            <button type="button" class="link-button" onClick={() => store.go({ fn: name })}>
              {name}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
