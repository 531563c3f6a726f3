import { stepDot } from '../model/dots.ts'
import { closeSelection } from '../model/url-state.ts'
import type { Store } from '../store.ts'

/** Keys that work anywhere but in inputs; those of the flame graph itself are the canvas's own. */
export function handleKey(event: KeyboardEvent, store: Store, sheet: HTMLDialogElement | null): void {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return
  if (document.querySelector('dialog[open]') !== null) return
  const target = event.target as HTMLElement
  if (target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"]') !== null) return
  const url = store.url.value
  const open = store.source.value !== undefined
  switch (event.key) {
    case '?':
      sheet?.showModal()
      break
    case '/':
      focusOn('#frame-search, #page-filter')
      break
    case 'e':
      focusOn('.selector-editor .cm-content, .selector-editor input')
      break
    case 'r':
      store.reload()
      break
    case 'v':
      store.go({}, { page: 'overview' })
      break
    case 'y':
      document.querySelector<HTMLElement>('#share')?.click()
      break
    case '[':
    case ']': {
      if (store.page.value !== 'explore') return
      const { startMs, endMs } = store.resolved.value
      const step = Math.round(((endMs - startMs) / 2) * (event.key === '[' ? -1 : 1))
      store.go({ from: String(startMs + step), to: String(endMs + step) })
      break
    }
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
