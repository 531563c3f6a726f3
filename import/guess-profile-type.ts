import type { HeaderFacts } from '../profile/header.ts'

/**
 * The `profile_type` of a profile that nobody named, by its sample types. Go writes mutex and block profiles alike:
 * there a word in the path decides. Undefined where there is nothing to go by.
 */
export function guessProfileType(facts: HeaderFacts, path: string): string | undefined {
  const types = facts.sampleTypes.map(({ type }) => type)
  const has = (type: string) => types.includes(type)
  if (has('cpu')) return 'cpu'
  if (has('inuse_space') || has('alloc_space')) {
    return types[facts.defaultSampleType]?.startsWith('alloc_') ? 'allocs' : 'heap'
  }
  if (has('contentions') || has('delay')) {
    const words = path.toLowerCase().match(/[a-z]+/g) ?? []
    return words.findLast((word) => word === 'mutex' || word === 'block')
  }
  if (has('goroutine')) return 'goroutine'
  if (has('threadcreate')) return 'threadcreate'
  if (has('wall')) return 'wall'
  if (has('objects') && has('space')) return 'heap'
  const shown = types[facts.defaultSampleType] ?? ''
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(shown) ? shown : undefined
}
