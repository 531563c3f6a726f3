import { closeSelection } from '../model/url-state.ts'
import { type Store, useStore } from '../store.ts'

/** Shows a file on its page. */
export function openFile(store: Store, file: File): void {
  store.file.open(file)
  store.go({ ...closeSelection, type: '' }, { page: 'file' })
}

/** A button that asks for a file, and how else one comes here. */
export function ChooseFile({ small = false }: { readonly small?: boolean }) {
  const store = useStore()
  const input = (
    <label class={`button ${small ? '' : 'button-primary'} choose-file`}>
      {small ? 'Another file' : 'Choose a pprof file'}
      <input
        type="file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0]
          if (file !== undefined) openFile(store, file)
        }}
      />
    </label>
  )
  if (small) return input
  return (
    <div class="empty">
      <h2>Drop a pprof file here, or anywhere on these pages</h2>
      {input}
      <p>
        It is shown like a stored profile, or compared with one. The server reads it and keeps nothing. To
        store profiles use <code>conprof import</code>.
      </p>
    </div>
  )
}
