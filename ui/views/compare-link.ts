import { hourMs, shiftedRange, sidePatch } from '../model/compare-sides.ts'
import { selectorOf } from '../model/selector-format.ts'
import type { UrlPatch } from '../model/url-state.ts'
import type { Store } from '../store.ts'

/** The keys of the compare page with what is open as B, and as A the same so long before. */
export function comparePatch(store: Store, beforeMs = hourMs): UrlPatch | undefined {
  const source = store.source.value
  if (source === undefined) return undefined
  const options = { nowMs: store.nowMs.value, utc: store.utc.value }
  if (!('id' in source)) {
    const range = {
      kind: 'range',
      query: source.query,
      from: String(source.startMs),
      to: String(source.endMs),
    } as const
    return { ...sidePatch('b', range), ...sidePatch('a', shiftedRange(range, beforeMs, options)) }
  }
  const { id } = source
  const item = store.item.value.data
  if (item === undefined) return sidePatch('b', { kind: 'id', id })
  // One profile has no other at exactly that time: what lies around it is merged.
  const around = {
    kind: 'range',
    query: selectorOf(item.labels),
    from: String(item.time - aroundMs),
    to: String(item.time + aroundMs),
  } as const
  return { ...sidePatch('b', { kind: 'id', id }), ...sidePatch('a', shiftedRange(around, beforeMs, options)) }
}

export function compareWithBefore(store: Store): void {
  const patch = comparePatch(store)
  if (patch !== undefined) store.go(patch, { page: 'compare' })
}

const aroundMs = 5 * 60_000
