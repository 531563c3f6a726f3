import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { plural } from '../model/format.ts'
import { profileTabs } from '../model/profile-tabs.ts'
import { useStore } from '../store.ts'
import { CallersTab } from './callers-tab.tsx'
import { FilterBar } from './filter-bar.tsx'
import { FlamePanel } from './flame-panel.tsx'
import { GraphTab } from './graph-tab.tsx'
import { ErrorNotice, Loading, Warnings } from './notices.tsx'
import { PeekTab } from './peek-tab.tsx'
import { useProfileKeys } from './profile-keys.ts'
import { SearchBox } from './search-box.tsx'
import { SourceTab } from './source-tab.tsx'
import { TagsTab } from './tags-tab.tsx'
import { TopTable } from './top-table.tsx'

/** Everything that can be seen of what is open; `tools` come before the search. */
export function ProfileViews({ tools }: { readonly tools?: ComponentChildren }) {
  const store = useStore()
  useProfileKeys()
  const { data, error, warnings } = store.view.flame.value
  const { view, inv, rec, dir } = store.url.value
  const layout = store.view.picture.value.data?.layout
  const isEmpty = data !== undefined && Number(data.sum) === 0 && Number(data.base?.sum ?? 0) === 0
  const drawsFlame = view === 'both' || view === 'flame'
  return (
    <>
      {error !== undefined && (
        <ErrorNotice error={error}>
          {error.message.includes('profile_type') ? (
            <p>Choose one profile type above: values of different types do not add.</p>
          ) : null}
        </ErrorNotice>
      )}
      <Warnings warnings={warnings} />
      <div class="selection-tools">
        <div class="segments" role="group" aria-label="View">
          {profileTabs.map(({ view: name, title, hint }, index) => (
            <button
              key={name}
              type="button"
              title={`${hint} (${index + 1})`}
              aria-pressed={view === name}
              onClick={() => store.go({ view: name }, { replace: true })}
            >
              {title}
            </button>
          ))}
        </div>
        {tools}
      </div>
      <div class="selection-tools selection-tools-2">
        <FilterBar />
        {drawsFlame && (
          <div class="turns" role="group" aria-label="How the flame graph is drawn">
            <Turn name="inv" on={inv === '1'} title="Invert" hint="begin at the leaves (i)" />
            <Turn
              name="rec"
              on={rec === '1'}
              title="Collapse recursion"
              hint="a function that calls itself is one frame (r)"
            />
            <Turn name="dir" on={dir === 'up'} title="Root below" hint="draw the root at the bottom (u)" />
          </div>
        )}
        {searched.has(view) && <SearchBox layout={layout} />}
      </div>
      {data === undefined && error === undefined && <Loading what="Merging stacks…" />}
      {isEmpty ? (
        <p class="empty-line">
          Nothing is left to show: the total of {data.type} is zero. Another sample type, or fewer filters,
          may have more to say.
        </p>
      ) : (
        data !== undefined && <Tab view={view} />
      )}
      {data !== undefined && drawsFlame && data.opened.restNodes > 0 && (
        <p class="hint flame-rest">
          {plural(data.opened.restNodes, 'small frame')} of this profile are not loaded: hatched frames stand
          for them, one per caller, and open when you click them.
        </p>
      )}
    </>
  )
}

const searched = new Set(['both', 'flame', 'top', 'callers'])

function Tab({ view }: { readonly view: string }) {
  const store = useStore()
  const top = store.view.top.value.data
  const files = useMemo(() => new Map((top?.functions ?? []).map(({ name, file }) => [name, file])), [top])
  switch (view) {
    case 'top':
      return (
        <div class="views">
          <TopTable />
        </div>
      )
    case 'graph':
      return <GraphTab />
    case 'source':
      return <SourceTab />
    case 'peek':
      return <PeekTab />
    case 'callers':
      return <CallersTab files={files} />
    case 'tags':
      return <TagsTab />
    case 'flame':
      return (
        <div class="views">
          <FlamePanel files={files} />
        </div>
      )
    default:
      return (
        <div class="views views-both">
          <TopTable />
          <FlamePanel files={files} />
        </div>
      )
  }
}

function Turn(props: {
  readonly name: 'inv' | 'rec' | 'dir'
  readonly on: boolean
  readonly title: string
  readonly hint: string
}) {
  const { name, on, title, hint } = props
  const store = useStore()
  const value = name === 'dir' ? 'up' : '1'
  return (
    <button
      type="button"
      class="button button-small"
      aria-pressed={on}
      title={hint}
      onClick={() =>
        store.go({ [name]: on ? '' : value, ...(name === 'dir' ? {} : { zoom: '' }) }, { replace: true })
      }
    >
      {title}
    </button>
  )
}
