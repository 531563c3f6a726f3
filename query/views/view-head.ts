import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { ViewAnswer } from '../api/types.ts'

/** What every view says of the profile it shows. */
export function viewHead(merged: MergedProfile, sampleType: number): ViewAnswer {
  const { type, unit } = merged.sampleTypes[sampleType]!
  const { coveredSeconds, rangeSeconds, profiles, series } = merged.coverage
  return {
    type,
    unit,
    sampleTypes: merged.sampleTypes,
    coveredSeconds,
    rangeSeconds,
    profiles,
    series,
    sum: merged.values[sampleType]!.total().toString(),
    time: Number(merged.timeNanos / 1_000_000n),
  }
}
