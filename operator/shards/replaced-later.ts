import { type ActualObject, type DesiredObject, keysOf } from './plan-objects.ts'

/**
 * Of objects that are to go, those whose targets other objects of the same shard are to have that are not written yet:
 * a collector must not lose in between what it scrapes, nor for good where the others cannot be written. One that has
 * a target which nobody shall scrape any more is not among them.
 */
export function replacedLater(
  unwritten: readonly string[],
  desired: ReadonlyMap<string, DesiredObject>,
  actual: ReadonlyMap<string, ActualObject>,
): ReadonlySet<string> {
  const going = unwritten.flatMap((name) => (desired.has(name) ? [] : (actual.get(name) ?? [])))
  const coming = unwritten.flatMap((name) => desired.get(name) ?? [])
  // By far the most of the time.
  if (going.length === 0 || coming.length === 0) return new Set()
  const comingKeys = keysIn(coming)
  const wantedKeys = keysIn(desired.values())
  const later = going.filter(({ spec }) => {
    const keys = keysOf(spec).map((key) => `${spec.shard} ${key}`)
    return keys.some((key) => comingKeys.has(key)) && keys.every((key) => wantedKeys.has(key))
  })
  return new Set(later.map(({ name }) => name))
}

function keysIn(objects: Iterable<DesiredObject>): Set<string> {
  const keys = new Set<string>()
  for (const { shard, targets } of objects) for (const { key } of targets) keys.add(`${shard} ${key}`)
  return keys
}
