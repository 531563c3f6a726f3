import { useStore } from '../store.ts'
import { NothingFound } from './nothing-found.tsx'
import { ErrorNotice, Loading, Warnings } from './notices.tsx'
import { PlotPanel } from './plot-panel.tsx'
import { ProfileList } from './profile-list.tsx'
import { SelectionPanel } from './selection-panel.tsx'
import { SelectorBar } from './selector-bar.tsx'

export function ExplorePage() {
  const store = useStore()
  const range = store.range.value
  const menuError = store.menus.profile_type.value.error
  const open = store.source.value !== undefined
  const error = range.error ?? (store.selector.value === undefined ? menuError : undefined)
  const isEmpty = range.data !== undefined && store.dots.value.length === 0
  return (
    <>
      <h1 class="visually-hidden">Explore profiles</h1>
      <SelectorBar />
      {error !== undefined && <ErrorNotice error={error} />}
      <Warnings warnings={range.warnings} />
      {range.data === undefined && error === undefined && <Loading what="Looking for profiles…" />}
      {isEmpty && !range.loading && <NothingFound />}
      {!isEmpty && range.data !== undefined && <PlotPanel />}
      {open ? <SelectionPanel /> : !isEmpty && range.data !== undefined && <ProfileList />}
    </>
  )
}
