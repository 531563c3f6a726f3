import type { CaptureAnswer, CaptureItem, CaptureRequest } from '../../query/api/capture-types.ts'
import { formatSeconds, plural } from './format.ts'
import { formatSelector } from './selector-format.ts'
import { shellQuote } from './shell-quote.ts'
import type { UrlPatch } from './url-state.ts'

/** The same as a command for a shell, against the server at `url`. */
export function captureCommand(request: CaptureRequest, url: string): string {
  const { query, seconds = 10, count = 1, pods = 5, goroutineText = false } = request
  const parts = [
    'conprof capture',
    shellQuote(query),
    ...(seconds === 10 ? [] : [`--seconds ${seconds}`]),
    ...(count === 1 ? [] : [`--count ${count}`]),
    ...(pods === 5 ? [] : [`--pods ${pods}`]),
    ...(goroutineText ? ['--goroutine-text'] : []),
    `--url ${shellQuote(url.replace(/\/$/, ''))}`,
  ]
  return parts.join(' ')
}

export function captureProgress({ items, leftOut }: CaptureAnswer): string {
  const stored = items.reduce((sum, { done }) => sum + done, 0)
  const wanted = items.reduce((sum, { count }) => sum + count, 0)
  const failed = items.filter(({ state }) => state === 'failed').length
  return [
    `${stored} of ${plural(wanted, 'profile')} stored`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(leftOut > 0 ? [`${leftOut} more matched and were left out`] : []),
  ].join(', ')
}

/** About how long it takes, in words. */
export function captureDuration({ seconds = 10, count = 1 }: CaptureRequest): string {
  return `about ${formatSeconds(seconds * count)}`
}

/** The explore page on what a capture brought: the profile itself where there is one, else all of one type. */
export function captureResult({ id, startedMs, items }: CaptureAnswer, nowMs: number): UrlPatch | undefined {
  const stored = items.filter(({ profileIds }) => profileIds.length > 0)
  const [first] = stored
  if (first === undefined) return undefined
  const only = stored.length === 1 && first.profileIds.length === 1 ? first.profileIds[0] : undefined
  return {
    q: formatSelector([
      { label: 'capture', op: '=', value: id },
      { label: 'profile_type', op: '=', value: first.labels['profile_type'] ?? 'cpu' },
    ]),
    type: '',
    hide: '',
    from: String(startedMs - 10_000),
    to: String(nowMs + 5000),
    ...(only === undefined ? {} : { id: only }),
  }
}

/** Who is captured. */
export function captureItemName({ labels, collector }: CaptureItem): string {
  const { namespace, pod, service_name: service, job, instance } = labels
  const who = pod === undefined ? (service ?? job) : namespace === undefined ? pod : `${namespace}/${pod}`
  return (
    [who, pod === undefined ? instance : undefined, labels['profile_type']]
      .filter((part) => part !== undefined)
      .join(' · ') || collector
  )
}
