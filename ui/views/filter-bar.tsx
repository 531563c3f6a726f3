import { useState } from 'preact/hooks'
import { clearFilters } from '../model/url-state.ts'
import {
  addFilter,
  type FilterKey,
  filterChips,
  filterKinds,
  filterPresets,
  readableExpression,
  removeFilter,
} from '../model/view-filters.ts'
import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'
import { Popover } from './popover.tsx'

/** What stacks are shown, as chips; every filter is a regular expression of `go tool pprof`. */
export function FilterBar() {
  const store = useStore()
  const url = store.url.value
  const chips = filterChips(url)
  return (
    <div class="filter-bar" role="group" aria-label="Filters">
      <Popover
        title="Filter stacks"
        align="left"
        label={
          <>
            <Icon name="filter" />
            Filter
          </>
        }
      >
        {(close) => <FilterForm close={close} />}
      </Popover>
      {chips.length > 0 && (
        <ul class="filter-chips">
          {chips.map((chip) => {
            const kind = filterKinds.find(({ key }) => key === chip.key)
            const text = readableExpression(chip.expression)
            return (
              <li key={`${chip.key} ${chip.expression}`} title={kind?.hint}>
                <span class="chip-name">{kind?.title}</span>
                <code>{text}</code>
                <button
                  type="button"
                  aria-label={`Remove ${kind?.title} ${text}`}
                  onClick={() => store.go({ ...removeFilter(store.url.peek(), chip), zoom: '' })}
                >
                  <Icon name="close" />
                </button>
              </li>
            )
          })}
        </ul>
      )}
      {chips.length > 1 && (
        <button type="button" class="button button-small" onClick={() => store.go(clearFilters)}>
          Clear all
        </button>
      )}
    </div>
  )
}

function FilterForm({ close }: { readonly close: () => void }) {
  const store = useStore()
  const [key, setKey] = useState<FilterKey>('f')
  const [expression, setExpression] = useState('')
  const kind = filterKinds.find((one) => one.key === key)
  const add = (filter: FilterKey, text: string) => {
    store.go({ ...addFilter(store.url.peek(), filter, text), zoom: '' })
    close()
  }
  return (
    <div class="filter-form">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (expression.trim() !== '') add(key, expression.trim())
        }}
      >
        <label class="field">
          <span class="visually-hidden">Kind of filter</span>
          <select value={key} onChange={(event) => setKey(event.currentTarget.value as FilterKey)}>
            {filterKinds.map((one) => (
              <option key={one.key} value={one.key}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
        <input
          value={expression}
          placeholder="regular expression"
          aria-label="Regular expression"
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => setExpression(event.currentTarget.value)}
        />
        <button type="submit" class="button button-primary" disabled={expression.trim() === ''}>
          Add
        </button>
      </form>
      <p class="hint">{kind?.hint}</p>
      <h3>Often in the way</h3>
      <div class="menu">
        {filterPresets.map((preset) => (
          <button
            key={preset.title}
            type="button"
            title={`${preset.hint}\n${preset.expression}`}
            onClick={() => add(preset.key, preset.expression)}
          >
            {preset.title}
          </button>
        ))}
      </div>
    </div>
  )
}
