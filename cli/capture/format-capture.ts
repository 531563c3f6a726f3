import { createMatcher, formatMatchers } from '../../profile/matcher.ts'
import type { CaptureAnswer, CaptureItem } from '../../query/api/capture-types.ts'
import type { LabelSet } from '../../query/api/types.ts'
import { formatTable } from '../table.ts'

/** What a person calls a series: `shop/cart-0 app cpu`. */
export function nameOf(labels: LabelSet): string {
  const { namespace, pod, container, service_name, instance, profile_type } = labels
  const place = pod === undefined ? [service_name, instance] : [`${namespace ?? ''}/${pod}`, container]
  return [...place, profile_type].filter((part) => part !== undefined && part !== '').join(' ')
}

/** How far it is, in one line. */
export function progressOf({ items }: CaptureAnswer): string {
  const of = (state: CaptureItem['state']) => items.filter((item) => item.state === state).length
  const stored = items.reduce((sum, { done }) => sum + done, 0)
  const wanted = items.reduce((sum, { count }) => sum + count, 0)
  const parts = [
    `${stored} of ${wanted} profiles`,
    ...(of('waiting') > 0 ? [`${of('waiting')} waiting`] : []),
    ...(of('running') > 0 ? [`${of('running')} running`] : []),
    ...(of('failed') > 0 ? [`${of('failed')} failed`] : []),
  ]
  return parts.join(', ')
}

/** A row per profile: its id, what it is of, and where to look at it. */
export function formatProfiles(answer: CaptureAnswer, url: string): string {
  const rows = answer.items.flatMap((item) =>
    item.profileIds.map((id) => [id, nameOf(item.labels), linkTo(item, id, url)]),
  )
  return rows.length === 0 ? '' : formatTable(['profile', 'of', 'open'], rows)
}

/** A text is read as it is; the flame graph of everything else is the UI's. */
function linkTo({ labels }: CaptureItem, id: string, url: string): string {
  if (labels['profile_type'] === 'goroutine_text') return `${url}/api/v1/profile?id=${id}`
  const timeMs = Number(id.split('-')[0])
  const search = new URLSearchParams({
    q: selectorOf(labels['capture'] ?? '', labels['profile_type']),
    from: String(timeMs - 5 * 60_000),
    to: String(timeMs + 5 * 60_000),
    id,
  })
  return `${url}/explore?${search}`
}

/** One line of why, and what to do, for each way to fail. */
export function formatFailures({ items }: CaptureAnswer): string {
  const kinds = Map.groupBy(
    items.filter(({ state }) => state === 'failed'),
    ({ health, reason, remedy }) => [health, reason, remedy].join('\n'),
  )
  return [...kinds.values()]
    .map((failed) => {
      const { health, reason, remedy, labels, done, count } = failed[0]!
      const more = failed.length > 1 ? ` and ${failed.length - 1} more` : ''
      const some = done > 0 ? ` after ${done} of ${count}` : ''
      return `${nameOf(labels)}${more}${some}: ${health}: ${reason}${remedy === '' ? '' : `\n  → ${remedy}`}\n`
    })
    .join('')
}

function selectorOf(id: string, profileType: string | undefined): string {
  const matchers = [createMatcher('capture', '=', id)]
  if (profileType !== undefined) matchers.push(createMatcher('profile_type', '=', profileType))
  return formatMatchers(matchers)
}
