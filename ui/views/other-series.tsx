import { useEffect, useState } from 'preact/hooks'
import { fetchLabelValues, seconds } from '../api.ts'
import { type SideChoice, sidePatch } from '../model/compare-sides.ts'
import { chosenValue, withMatcher } from '../model/selector-edit.ts'
import { resolveRange } from '../model/time-range.ts'
import { useStore } from '../store.ts'

const labels = ['pod', 'version', 'service_git_ref', 'instance'] as const

/** The same time of another pod or version as A, where there is one. */
export function OtherSeries({ range }: { readonly range: Extract<SideChoice, { kind: 'range' }> }) {
  const store = useStore()
  const [values, setValues] = useState<Readonly<Record<string, readonly string[]>>>({})
  const { query, from, to } = range
  useEffect(() => {
    const abort = new AbortController()
    const time = resolveRange(range, { nowMs: store.compare.nowMs.peek(), utc: store.utc.peek() })
    const within = { start: seconds(time.startMs), end: seconds(time.endMs) }
    const load = async (label: string) => {
      const { data } = await fetchLabelValues(
        label,
        withMatcher(query, label, undefined),
        within,
        abort.signal,
      )
      return [label, data] as const
    }
    Promise.all(labels.map(load)).then(
      (all) => setValues(Object.fromEntries(all)),
      // A selector that cannot be read is said beside it; there are no others to choose, then.
      () => setValues({}),
    )
    return () => abort.abort()
  }, [query, from, to])
  return (
    <>
      {labels.map((label) => {
        const current = chosenValue(query, label)
        const others = (values[label] ?? []).filter((value) => value !== current)
        if (others.length === 0) return null
        return (
          <label key={label} class="field">
            <span class="visually-hidden">Other {label}</span>
            <select
              value=""
              onChange={(event) => {
                const other = { ...range, query: withMatcher(query, label, event.currentTarget.value) }
                store.go({ ...sidePatch('a', other), zoom: '' })
              }}
            >
              <option value="">other {label}…</option>
              {others.slice(0, 200).map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          </label>
        )
      })}
    </>
  )
}
