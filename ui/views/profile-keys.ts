import { useEffect } from 'preact/hooks'
import { stepDot } from '../model/dots.ts'
import { profileTabs } from '../model/profile-tabs.ts'
import { clearFilters, openOther } from '../model/url-state.ts'
import type { Store } from '../store.ts'
import { useStore } from '../store.ts'
import { compareWithBefore } from './compare-link.ts'
import { copyText, frameActions } from './frame-actions.ts'
import { stepMatch } from './search-box.tsx'

/** Keys of an open profile, wherever the focus is but in inputs; they come before those of the page. */
export function useProfileKeys(): void {
  const store = useStore()
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return
      const target = event.target as HTMLElement
      const own =
        'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], dialog[open]'
      if (target.closest(own) !== null || document.querySelector('dialog[open]') !== null) return
      // On the flame graph these move it.
      if (target.closest('.flame-host') !== null && 'wasd'.includes(event.key)) return
      if (!act(store, event.key)) return
      event.preventDefault()
      event.stopPropagation()
    }
    addEventListener('keydown', onKey, { capture: true })
    return () => removeEventListener('keydown', onKey, { capture: true })
  }, [store])
}

function act(store: Store, key: string): boolean {
  const url = store.url.peek()
  const toggle = (name: 'inv' | 'rec', text: string) => {
    const on = url[name] !== '1'
    store.go({ [name]: on ? '1' : '', zoom: '' }, { replace: true })
    store.say(`${text}: ${on ? 'on' : 'off'}`)
  }
  switch (key) {
    case 'n':
    case 'p': {
      const step = key === 'n' ? 1 : -1
      if (stepMatch(store, step)) return true
      if (store.page.peek() !== 'explore') return false
      const id = stepDot(store.dots.peek(), url.id, step)
      if (id !== undefined) store.go({ ...openOther, id })
      else store.say(step > 0 ? 'No later profile in this range' : 'No earlier profile in this range')
      return true
    }
    case 'i':
      toggle('inv', 'From the leaves')
      return true
    case 'r':
      toggle('rec', 'Collapsed recursion')
      return true
    case 'u':
      store.go({ dir: url.dir === 'up' ? '' : 'up' }, { replace: true })
      return true
    case '0':
      store.go({ zoom: '' })
      return true
    case 'd':
      document.querySelector<HTMLElement>('.take-along > button')?.click()
      return true
    case 'y':
      void copyText(store, location.href, 'Link')
      return true
    case 'b':
      if (store.page.peek() !== 'explore') return false
      compareWithBefore(store)
      return true
    case 'Escape':
      return stepOut(store)
  }
  const tab = /^[1-9]$/.test(key) ? profileTabs[Number(key) - 1] : undefined
  if (tab !== undefined) {
    store.go({ view: tab.view }, { replace: true })
    return true
  }
  const action = frameActions.find((one) => one.key === key)
  const name = store.view.pointed() || url.fn
  if (action === undefined) return false
  if (name === '') store.say('Point at a function first')
  else action.run(store, name)
  return true
}

/** The zoom, then the mark and the search, then filters; the rest is the page's. */
function stepOut(store: Store): boolean {
  const url = store.url.peek()
  if (url.zoom !== '') store.go({ zoom: '' })
  else if (url.fn !== '' || url.s !== '') store.go({ fn: '', s: '' })
  else if (Object.keys(clearFilters).some((key) => url[key as 'f'] !== '')) store.go(clearFilters)
  else return false
  return true
}
