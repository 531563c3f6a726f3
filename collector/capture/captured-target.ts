import { labelsHash, sortLabels } from '../../profile/labels.ts'
import type { Target } from '../target.ts'
import type { CaptureOrder, CaptureTake } from './capture-order.ts'

/** The target as one capture takes it: under its own series, and for as long as was asked for. */
export function capturedTarget(
  target: Target,
  { id, seconds, kind }: Pick<CaptureOrder, 'id' | 'seconds'> & Pick<CaptureTake, 'kind'>,
): Target {
  const url = new URL(target.url)
  const { seconds: scheduledSeconds, ...rest } = target
  let { profileType, timeoutMs } = target
  const own: Record<string, string> = { capture: id }
  let timing: { readonly seconds?: number } = {}
  if (kind === 'goroutine_text') {
    profileType = goroutineTextType
    url.pathname = goroutinePath(url.pathname)
    url.searchParams.delete('seconds')
    url.searchParams.set('debug', '2')
    own['profile_path'] = url.pathname
    timeoutMs -= (scheduledSeconds ?? 0) * 1000
  } else if (scheduledSeconds !== undefined) {
    url.searchParams.set('seconds', String(seconds))
    timeoutMs += (seconds - scheduledSeconds) * 1000
    timing = { seconds }
  }
  const labels = sortLabels(Object.entries({ ...target.labels, ...own, profile_type: profileType }))
  return {
    ...rest,
    ...timing,
    key: `${labelsHash(labels)} ${url.href}`,
    profileType,
    labels,
    url: url.href,
    timeoutMs,
  }
}

export const goroutineTextType = 'goroutine_text'

/** Go has all profiles in one folder; whoever moved one of them most likely moved that. */
function goroutinePath(path: string): string {
  return path.replace(/[^/]*\/?$/, 'goroutine')
}
