import { useMemo } from 'preact/hooks'
import { layoutFlame } from '../model/flame-layout.ts'
import { useStore } from '../store.ts'
import { FlamePanel } from './flame-panel.tsx'
import { ErrorNotice, Loading, Warnings } from './notices.tsx'
import { SearchBox } from './search-box.tsx'
import { SelectionHead } from './selection-head.tsx'
import { TopTable } from './top-table.tsx'

const views = [
  ['both', 'Both'],
  ['flame', 'Flame graph'],
  ['top', 'Top'],
] as const

/** The profile or merged range that is open: its facts, flame graph and table. */
export function SelectionPanel() {
  const store = useStore()
  const { data: answer, error, warnings, loading } = store.flame.value
  const top = store.top.value
  const layout = useMemo(() => (answer === undefined ? undefined : layoutFlame(answer)), [answer])
  const files = useMemo(
    () => new Map((top.data?.functions ?? []).map(({ name, file }) => [name, file])),
    [top.data],
  )
  const view = store.url.value.view
  const isEmpty = layout !== undefined && (layout.total[0] ?? 0) === 0
  return (
    <section class={`panel selection${loading ? ' is-loading' : ''}`} aria-label="Open profile">
      <SelectionHead />
      {error !== undefined && (
        <ErrorNotice error={error}>
          {error.message.includes('profile_type') ? (
            <p>Choose one profile type above: values of different types do not add.</p>
          ) : null}
        </ErrorNotice>
      )}
      <Warnings warnings={warnings} />
      {answer === undefined && error === undefined && <Loading what="Merging stacks…" />}
      {isEmpty && (
        <p class="empty-line">
          Nothing was recorded here: the total of {answer?.type} is zero. Another sample type may have more to
          say.
        </p>
      )}
      {layout !== undefined && answer !== undefined && !isEmpty && (
        <>
          <div class="selection-tools">
            <div class="segments" role="group" aria-label="View">
              {views.map(([name, title], index) => (
                <button
                  key={name}
                  type="button"
                  title={`${title} (${index + 1})`}
                  aria-pressed={view === name}
                  onClick={() => store.go({ view: name }, { replace: true })}
                >
                  {title}
                </button>
              ))}
            </div>
            <SearchBox layout={layout} />
          </div>
          <div class={`views views-${view}`}>
            {view !== 'flame' && <TopTable />}
            {view !== 'top' && <FlamePanel layout={layout} unit={answer.unit} files={files} />}
          </div>
        </>
      )}
    </section>
  )
}
