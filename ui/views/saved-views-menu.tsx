import { useMemo, useRef, useState } from 'preact/hooks'
import { createSavedViews, exportViews } from '../state/saved-views.ts'
import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'

/** Addresses under names, in this browser; as a file for another. */
export function SavedViewsMenu({ close }: { readonly close: () => void }) {
  const store = useStore()
  const saved = useMemo(() => createSavedViews(browserStorage()), [])
  const [name, setName] = useState('')
  const file = useRef<HTMLInputElement>(null)
  const base = document.baseURI
  const save = () => {
    const path = location.href.slice(base.length)
    const kept = saved.save({ name: name.trim(), path })
    store.say(kept ? `Saved as “${name.trim()}”` : 'This browser does not keep it longer than this page')
    setName('')
  }
  const load = async (chosen: File | undefined) => {
    if (chosen === undefined) return
    try {
      store.say(`${saved.load(await chosen.text())} views added`)
    } catch (error) {
      store.say(error instanceof Error ? error.message : String(error))
    }
  }
  const views = saved.views.value
  return (
    <div class="saved-views">
      {views.length === 0 && <p class="hint">No view is saved in this browser yet.</p>}
      <ul>
        {views.map((view) => (
          <li key={view.name}>
            <a
              href={new URL(`./${view.path}`, base).href}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return
                event.preventDefault()
                store.open(view.path)
                close()
              }}
            >
              {view.name}
            </a>
            <button
              type="button"
              class="button button-icon button-small button-quiet"
              aria-label={`Remove ${view.name}`}
              title="Remove"
              onClick={() => saved.remove(view.name)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <form
        class="saved-views-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== '') save()
        }}
      >
        <input
          value={name}
          placeholder="Name of this view"
          aria-label="Name of this view"
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="button button-primary" disabled={name.trim() === ''}>
          Save
        </button>
      </form>
      <p class="actions">
        <a
          class="button button-small"
          download="conprof-views.json"
          href={`data:application/json,${encodeURIComponent(exportViews(views))}`}
        >
          Export
        </a>
        <button type="button" class="button button-small" onClick={() => file.current?.click()}>
          Import
        </button>
        <input
          ref={file}
          type="file"
          class="visually-hidden"
          tabIndex={-1}
          aria-label="File with views"
          accept="application/json,.json"
          onChange={(event) => load(event.currentTarget.files?.[0])}
        />
      </p>
    </div>
  )
}

function browserStorage(): Storage | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}
