import type { SampleType } from './symbols.ts'

/**
 * How the values of a sample type add up. Gauges say how much there is now, counters how much there has been
 * since the process started, durations how much there was while the profile was taken.
 */
export type SampleKind = 'gauge' | 'counter' | 'duration'

/** Decided by the sample type's name, and by the profile's own duration where a name is not known. */
export function sampleKind(sampleType: SampleType, profileType: string): SampleKind {
  const { type } = sampleType
  if (type.startsWith('inuse_') || type === 'goroutine' || type === 'threadcreate') return 'gauge'
  if (type.startsWith('alloc_') || type === 'contentions' || type === 'delay') {
    return profileType.startsWith('delta_') ? 'duration' : 'counter'
  }
  if (type === 'objects' || type === 'space') return 'gauge'
  return 'duration'
}
