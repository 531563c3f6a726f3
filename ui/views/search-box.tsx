import { useMemo } from 'preact/hooks'
import { type FlameLayout, formatPath } from '../model/flame-layout.ts'
import { formatShare, plural } from '../model/format.ts'
import { type FrameMatches, nameTest, searchFrames } from '../model/frame-search.ts'
import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'

/** What the URL searches for, or the function marked in the table. */
export function useMatches(layout: FlameLayout): FrameMatches | undefined {
  const { s, fn } = useStore().url.value
  return useMemo(() => {
    const test = fn === '' ? nameTest(s) : (name: string) => name === fn
    return test === undefined ? undefined : searchFrames(layout, test)
  }, [layout, s, fn])
}

export function SearchBox({ layout }: { readonly layout: FlameLayout }) {
  const store = useStore()
  const { s, fn, zoom } = store.url.value
  const matches = useMatches(layout)
  const rootTotal = layout.total[0] ?? 0
  const next = (step: 1 | -1) => {
    const rows = matches?.rows ?? []
    if (rows.length === 0) return
    const at = rows.findIndex((row) => formatPath(layout, row) === zoom)
    const row = rows[(at + step + rows.length + (at < 0 && step < 0 ? 1 : 0)) % rows.length]
    if (row !== undefined) store.go({ zoom: formatPath(layout, row) }, { replace: true })
  }
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
          if (event.key === 'Enter') next(event.shiftKey ? -1 : 1)
          else if (event.key === 'Escape') {
            if (s !== '') store.go({ s: '' }, { replace: true })
            event.currentTarget.blur()
          } else return
          event.preventDefault()
        }}
      />
      <span class="search-count" role="status">
        {matches !== undefined && (
          <>
            {fn === '' ? '' : <span class="search-function">{fn} </span>}
            {plural(matches.rows.length, 'frame')} ·{' '}
            {formatShare(rootTotal > 0 ? matches.total / rootTotal : 0)}
          </>
        )}
      </span>
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
