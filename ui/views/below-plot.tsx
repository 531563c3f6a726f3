import { useStore } from '../store.ts'
import { BreakdownTable } from './breakdown-table.tsx'
import { ProfileList } from './profile-list.tsx'

/** What the plot shows, as tables: each profile, or what it adds up to by a label. */
export function BelowPlot() {
  const store = useStore()
  const { below } = store.url.value
  const tabs = [
    ['profiles', 'Profiles'],
    ['breakdown', 'Breakdown'],
  ] as const
  return (
    <>
      <div class="segments below-tabs" role="group" aria-label="Below the plot">
        {tabs.map(([name, title]) => (
          <button
            key={name}
            type="button"
            aria-pressed={below === name}
            onClick={() => store.go({ below: name }, { replace: true })}
          >
            {title}
          </button>
        ))}
      </div>
      {below === 'breakdown' ? <BreakdownTable /> : <ProfileList />}
    </>
  )
}
