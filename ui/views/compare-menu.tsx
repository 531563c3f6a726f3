import { shifts } from '../model/compare-sides.ts'
import { useStore } from '../store.ts'
import { comparePatch } from './compare-link.ts'
import { Link } from './link.tsx'
import { Popover } from './popover.tsx'

/** From what is open to the comparison of it with what was before. */
export function CompareMenu() {
  const store = useStore()
  return (
    <Popover title="Compare with what was before (b)" label="Compare">
      {() => (
        <ul class="menu">
          {shifts.map(({ title, ms }) => {
            const patch = comparePatch(store, ms)
            return (
              <li key={title}>
                {patch !== undefined && (
                  <Link page="compare" patch={patch}>
                    With the {title.toLowerCase()}
                  </Link>
                )}
              </li>
            )
          })}
        </ul>
      )}
    </Popover>
  )
}
