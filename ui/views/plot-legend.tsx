import { useState } from 'preact/hooks'
import type { DotGroup } from '../model/dots.ts'
import { plural } from '../model/format.ts'
import { useStore } from '../store.ts'

const shownAtFirst = 12

export function PlotLegend({
  groups,
  hidden,
}: {
  readonly groups: readonly DotGroup[]
  /** Keys of those that are switched off. */
  readonly hidden: ReadonlySet<string>
}) {
  const store = useStore()
  const [all, setAll] = useState(false)
  const series = store.dots.value
  const shown = all ? groups : groups.slice(0, shownAtFirst)
  const toggle = (key: string, only: boolean) => {
    const off = only
      ? groups.map((group) => group.key).filter((other) => other !== key)
      : hidden.has(key)
        ? [...hidden].filter((other) => other !== key)
        : [...hidden, key]
    store.go({ hide: off.length >= groups.length ? '' : off.join(',') }, { replace: true })
  }
  return (
    <ul class="legend" aria-label="Series">
      {shown.map((group, index) => (
        <li key={group.key}>
          <button
            type="button"
            aria-pressed={!hidden.has(group.key)}
            title={`${titleOf(group, series[group.series[0] ?? 0]?.labels ?? {})}\n\nclick: hide or show · double click: only this`}
            onClick={() => toggle(group.key, false)}
            onDblClick={() => toggle(group.key, true)}
          >
            <span class="swatch" style={{ background: `var(--series-${(index % 8) + 1})` }} />
            {group.name}
            {group.value !== undefined && group.series.length > 1 && (
              <span class="muted">{group.series.length}</span>
            )}
          </button>
        </li>
      ))}
      {groups.length > shown.length && (
        <li>
          <button type="button" class="more" onClick={() => setAll(true)}>
            and {groups.length - shown.length} more
          </button>
        </li>
      )}
    </ul>
  )
}

function titleOf(group: DotGroup, labels: Readonly<Record<string, string>>): string {
  if (group.value !== undefined) return plural(group.series.length, 'series', 'series')
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join('\n')
}
