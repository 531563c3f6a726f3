import { useEffect, useRef } from 'preact/hooks'
import { stepDot } from '../model/dots.ts'
import { closeSelection } from '../model/url-state.ts'
import { type Store, useStore } from '../store.ts'
import { ExplorePage } from './explore-page.tsx'
import { KeySheet } from './key-sheet.tsx'
import { StatusPage } from './status-page.tsx'
import { TargetsPage } from './targets-page.tsx'
import { TopBar } from './top-bar.tsx'

export function App() {
  const store = useStore()
  const sheet = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => handleKey(event, store, sheet.current)
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [store])
  const page = store.page.value
  useEffect(() => {
    document.title = page === 'explore' ? 'conprof' : `${page === 'targets' ? 'Targets' : 'Status'} · conprof`
  }, [page])
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <TopBar onKeys={() => sheet.current?.showModal()} />
      <main id="main" tabIndex={-1}>
        {page === 'targets' ? <TargetsPage /> : page === 'status' ? <StatusPage /> : <ExplorePage />}
      </main>
      <KeySheet dialog={sheet} />
      <div class={`toast${store.notice.value === '' ? '' : ' toast-shown'}`} role="status">
        {store.notice.value}
      </div>
    </>
  )
}

/** Keys that work anywhere but in inputs; those of the flame graph itself are the canvas's own. */
function handleKey(event: KeyboardEvent, store: Store, sheet: HTMLDialogElement | null): void {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || sheet?.open === true) return
  const target = event.target as HTMLElement
  if (target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"]') !== null) return
  const url = store.url.value
  const open = store.source.value !== undefined
  switch (event.key) {
    case '?':
      sheet?.showModal()
      break
    case '/':
      focusOn('#frame-search')
      break
    case 'e':
      focusOn('.selector-editor .cm-content, .selector-editor input')
      break
    case 'r':
      store.reload()
      break
    case 't':
      store.go({}, { page: store.page.value === 'targets' ? 'explore' : 'targets' })
      break
    case 'n':
    case 'p': {
      const id = stepDot(store.dots.value, url.id, event.key === 'n' ? 1 : -1)
      if (id !== undefined) store.go({ ...closeSelection, id, zoom: url.zoom, fn: url.fn })
      else
        store.say(event.key === 'n' ? 'No later profile in this range' : 'No earlier profile in this range')
      break
    }
    case '1':
    case '2':
    case '3':
      if (!open) return
      store.go({ view: ['both', 'flame', 'top'][Number(event.key) - 1] }, { replace: true })
      break
    case '0':
      store.go({ zoom: '' })
      break
    case 'Escape':
      if (url.zoom !== '') store.go({ zoom: '' })
      else if (url.fn !== '' || url.s !== '') store.go({ fn: '', s: '' })
      else if (open) store.go(closeSelection)
      else return
      break
    default:
      return
  }
  event.preventDefault()
}

function focusOn(selector: string): void {
  const element = document.querySelector<HTMLElement>(selector)
  element?.focus()
  if (element instanceof HTMLInputElement) element.select()
}
