import { chosenValue, withMatcher } from '../model/selector-edit.ts'
import { selectorPatch } from '../model/selector-patch.ts'
import { useStore } from '../store.ts'
import { BelowPlot } from './below-plot.tsx'
import { Link } from './link.tsx'
import { NothingFound } from './nothing-found.tsx'
import { Empty, ErrorNotice, Loading, Warnings } from './notices.tsx'
import { PlotPanel } from './plot-panel.tsx'
import { SelectionPanel } from './selection-panel.tsx'
import { SelectorBar } from './selector-bar.tsx'

export function ExplorePage() {
  const store = useStore()
  const range = store.range.value
  const menuError = store.menus.profile_type.value.error
  const open = store.source.value !== undefined
  const error = range.error ?? (store.selector.value === undefined ? menuError : undefined)
  const types = store.menus.profile_type.value.data ?? []
  const typeChosen = chosenValue(store.selector.value ?? '', 'profile_type') !== undefined
  const isEmpty = range.data !== undefined && store.dots.value.length === 0
  return (
    <>
      <h1 class="visually-hidden">Explore profiles</h1>
      <SelectorBar />
      {error !== undefined &&
        (error.code === 'execution' && types.length > 1 && !typeChosen ? (
          <ChooseType types={types} />
        ) : (
          <ErrorNotice error={error} />
        ))}
      <Warnings warnings={store.isCrowded.value ? store.heat.value.warnings : range.warnings} />
      {range.data === undefined && error === undefined && <Loading what="Looking for profiles…" />}
      {isEmpty && !range.loading && <NothingFound />}
      {!isEmpty && range.data !== undefined && <PlotPanel />}
      {open ? <SelectionPanel /> : !isEmpty && range.data !== undefined && <BelowPlot />}
    </>
  )
}

/** Several types match: bytes and nanoseconds have no sum, so a person chooses. */
function ChooseType({ types }: { readonly types: readonly string[] }) {
  const store = useStore()
  const selector = store.selector.value ?? '{}'
  return (
    <Empty title="Which type of profile?">
      <p>This matches {types.length} types, whose values do not add.</p>
      <p class="actions">
        {types.map((type) => (
          <Link
            key={type}
            class="button"
            patch={selectorPatch(selector, withMatcher(selector, 'profile_type', type))}
          >
            {type}
          </Link>
        ))}
      </p>
    </Empty>
  )
}
