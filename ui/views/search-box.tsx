import { useMemo } from 'preact/hooks'
import type { FlameLayout } from '../model/flame-layout.ts'
import { formatPath } from '../model/flame-rows.ts'
import { formatShare, plural } from '../model/format.ts'
import { type FrameMatches, nameTest, searchFrames } from '../model/frame-search.ts'
import { type Store, useStore } from '../store.ts'
import { Icon } from './icon.tsx'

/** What the URL searches for, or the function marked in the table, unless all of the picture is about it. */
export function useMatches(layout: FlameLayout, options: { readonly about?: string } = {}) {
  const { s, fn: marked } = useStore().url.value
  const fn = marked === options.about ? '' : marked
  return useMemo(() => matchesOf(layout, s, fn), [layout, s, fn])
}

/** Zooms to the next (1) or previous (-1) match; whether there was one to go to. */
export function stepMatch(store: Store, step: 1 | -1): boolean {
  const layout = store.view.picture.peek().data?.layout
  const { s, fn, zoom } = store.url.peek()
  const rows = layout === undefined ? [] : (matchesOf(layout, s, fn)?.rows ?? [])
  if (layout === undefined || rows.length === 0) return false
  const at = rows.findIndex((row) => formatPath(layout, row) === zoom)
  const row = rows[(at + step + rows.length + (at < 0 && step < 0 ? 1 : 0)) % rows.length]!
  store.go({ zoom: formatPath(layout, row) }, { replace: true })
  return true
}

function matchesOf(layout: FlameLayout, s: string, fn: string): FrameMatches | undefined {
  const test = fn === '' ? nameTest(s) : (name: string) => name === fn
  return test === undefined ? undefined : searchFrames(layout, test)
}

export function SearchBox({ layout }: { readonly layout: FlameLayout | undefined }) {
  const store = useStore()
  const { s, fn } = store.url.value
  return (
    <search class="search">
      <Icon name="search" />
      <input
        id="frame-search"
        type="search"
        value={s}
        placeholder="Search functions"
        aria-label="Search functions"
        title="Part of a name, /regular expression/ or &quot;whole name&quot; (/)"
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => store.go({ s: event.currentTarget.value, fn: '' }, { replace: true })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') stepMatch(store, event.shiftKey ? -1 : 1)
          else if (event.key === 'Escape') {
            if (s !== '') store.go({ s: '' }, { replace: true })
            event.currentTarget.blur()
          } else return
          event.preventDefault()
        }}
      />
      <span class="search-count" role="status">
        {layout !== undefined && <Count layout={layout} />}
      </span>
      {(fn !== '' || s !== '') && layout !== undefined && (
        <span class="group" role="group" aria-label="Matches">
          <button
            type="button"
            class="button button-icon button-small"
            title="Previous match (p)"
            aria-label="Previous match"
            onClick={() => stepMatch(store, -1)}
          >
            <Icon name="left" />
          </button>
          <button
            type="button"
            class="button button-icon button-small"
            title="Next match (n, Enter)"
            aria-label="Next match"
            onClick={() => stepMatch(store, 1)}
          >
            <Icon name="right" />
          </button>
        </span>
      )}
      {fn !== '' && (
        <button
          type="button"
          class="button button-quiet"
          onClick={() => store.go({ fn: '' }, { replace: true })}
        >
          Clear mark
        </button>
      )}
    </search>
  )
}

function Count({ layout }: { readonly layout: FlameLayout }) {
  const { fn } = useStore().url.value
  const matches = useMatches(layout)
  if (matches === undefined) return null
  const whole = layout.width[0] ?? 0
  return (
    <>
      {fn === '' ? '' : <span class="search-function">{fn} </span>}
      {plural(matches.rows.length, 'frame')} · {formatShare(whole > 0 ? matches.total / whole : 0)}
    </>
  )
}
