import { useStore } from '../store.ts'
import { ProfileViews } from './profile-views.tsx'
import { SelectionHead } from './selection-head.tsx'

/** The profile or merged range that is open: its facts, and the views of it. */
export function SelectionPanel() {
  const store = useStore()
  const { loading } = store.view.flame.value
  return (
    <section class={`panel selection${loading ? ' is-loading' : ''}`} aria-label="Open profile">
      <SelectionHead />
      <ProfileViews />
    </section>
  )
}
