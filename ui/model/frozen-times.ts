import { resolveTime } from './time-range.ts'
import type { UrlPatch, UrlState } from './url-state.ts'

const timeKeys = ['from', 'to', 'fa', 'ta', 'fb', 'tb'] as const

/** What makes an address show tomorrow what it shows now. */
export function frozenTimes(
  url: UrlState,
  options: { readonly nowMs: number; readonly utc: boolean },
): UrlPatch {
  const patch: Record<string, string> = {}
  for (const key of timeKeys) {
    const text = url[key]
    if (text === '') continue
    const ms = resolveTime(text, options)
    if (ms !== undefined) patch[key] = String(Math.round(ms))
  }
  return patch
}
