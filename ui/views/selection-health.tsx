import type { CollectorsAnswer } from '../../query/api/types.ts'
import { formatAgo, plural } from '../model/format.ts'
import { healthWords } from '../model/health-words.ts'
import { isStale, selectionHealth } from '../model/selection-health.ts'
import { isRelative } from '../model/time-range.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { useAnswer } from './use-answer.ts'

/** Whether what is shown is all there could be: its age, and who does not answer. */
export function SelectionHealth() {
  const store = useStore()
  const nowMs = store.nowMs.value
  const collectors = useAnswer<CollectorsAnswer>('status/collectors', {}, nowMs).data
  const health = selectionHealth(store.dots.value, nowMs)
  const isLive = isRelative(store.url.value)
  const away = [
    ...(collectors?.collectors ?? [])
      .filter(({ reachable }) => !reachable)
      .map(({ name, error }) => `${name}: ${error}`),
    ...(collectors?.unresolved ?? []).map(({ name, problem }) => `${name}: ${problem}`),
  ]
  const isOld = isLive && isStale(health, nowMs)
  const failing = health.failing.reduce((sum, { count }) => sum + count, 0)
  return (
    <p class="selection-health">
      {health.newest > 0 && (
        <span class={isOld ? 'warn' : 'muted'}>
          {isOld && <strong>stale: </strong>}
          newest profile {formatAgo(health.newest, nowMs)}
        </span>
      )}
      {failing > 0 && (
        <Link
          page="targets"
          patch={{ health: 'failing' }}
          class="danger"
          title={health.failing
            .map(({ health: name, httpStatus, count }) => `${count} × ${healthWords(name, httpStatus)}`)
            .join('\n')}
        >
          {plural(failing, 'series', 'series')} failing: {healthWords(health.failing[0]?.health ?? '')}
        </Link>
      )}
      {away.length > 0 && (
        <Link page="status" class="danger" title={away.join('\n')}>
          {plural(away.length, 'collector')} unreachable: the newest profiles may be missing
        </Link>
      )}
    </p>
  )
}
