import type { ComponentType } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Page } from '../model/routes.ts'
import { useStore } from '../store.ts'
import { DropAnywhere } from './drop-anywhere.tsx'
import { KeySheet } from './key-sheet.tsx'
import { lazyPage } from './lazy-page.tsx'
import { handleKey } from './page-keys.ts'
import { TopBar } from './top-bar.tsx'

/** With the plot, which the page would ask for when it has something to draw. */
async function loadExplore(): Promise<ComponentType> {
  import('../canvas/dot-plot.ts').catch(() => undefined)
  return (await import('./explore-page.tsx')).ExplorePage
}

const pages: Readonly<Record<Page, readonly [title: string, page: ComponentType]>> = {
  overview: ['Overview', lazyPage(async () => (await import('./overview-page.tsx')).OverviewPage)],
  explore: ['Explore', lazyPage(loadExplore)],
  compare: ['Compare', lazyPage(async () => (await import('./compare-page.tsx')).ComparePage)],
  file: ['File', lazyPage(async () => (await import('./file-page.tsx')).FilePage)],
  targets: ['Targets', lazyPage(async () => (await import('./targets-page.tsx')).TargetsPage)],
  status: ['Status', lazyPage(async () => (await import('./status-page.tsx')).StatusPage)],
}

export function App() {
  const store = useStore()
  const sheet = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => handleKey(event, store, sheet.current)
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [store])
  const page = store.page.value
  const [title, Shown] = pages[page]
  useEffect(() => {
    document.title = `${title} · conprof`
  }, [title])
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <TopBar onKeys={() => sheet.current?.showModal()} />
      <main id="main" tabIndex={-1}>
        <Shown key={page} />
      </main>
      <KeySheet dialog={sheet} />
      <DropAnywhere />
      <div class={`toast${store.notice.value === '' ? '' : ' toast-shown'}`} role="status">
        {store.notice.value}
      </div>
    </>
  )
}
