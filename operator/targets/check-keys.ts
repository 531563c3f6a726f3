import { nearestName } from '../../lib/nearest-name.ts'
import { splitTypeKey, typeFields } from './annotated-profiles.ts'
import { type AnnotationSource, createAnnotationReader } from './annotation-reader.ts'
import type { Problem } from './decision.ts'
import { ownPrefix } from './keep-annotations.ts'

/** One problem for each key below `conprof.io/` that means nothing: most are typos. */
export function checkKeys(sources: readonly AnnotationSource[]): readonly Problem[] {
  const reader = createAnnotationReader(sources)
  for (const { values, place } of sources) {
    for (const key of Object.keys(values).sort()) {
      const unknown = unknownKey(key)
      if (unknown === undefined) continue
      const says = `no such annotation: ${unknown}; it is ignored`
      reader.problem({ key, text: values[key] ?? '', place }, says)
    }
  }
  return reader.problems
}

/** What might have been meant; undefined for a key that is known. */
function unknownKey(key: string): string | undefined {
  if (!key.startsWith(ownPrefix)) return undefined
  const name = key.slice(ownPrefix.length)
  if (knownKeys.includes(name)) return undefined
  const [type, field] = splitTypeKey(key) ?? []
  if (type === undefined || field === undefined) {
    const near = nearestName(name, knownKeys)
    return near === undefined ? `want one of ${knownKeys.join(', ')}` : `did you mean ${ownPrefix}${near}`
  }
  if (typeFields.some((known) => known === field)) return undefined
  const near = nearestName(field, typeFields)
  return near === undefined
    ? `want one of ${typeFields.join(', ')} after the dot`
    : `did you mean ${ownPrefix}${type}.${near}`
}

/** Below `conprof.io/`; beside these `<type>.` with each of `typeFields`. */
export const knownKeys = [
  'scrape',
  'port',
  'path',
  'scheme',
  'container',
  'profiles',
  'interval',
  'timeout',
  'seconds',
  'job',
  'service-name',
]
