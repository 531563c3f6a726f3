import { ApiError } from './answer.ts'
import type { ResolvedSide } from './resolve-side.ts'

/**
 * What is to be said of both sides. Throws where neither has anything, and where they are of profile types that do not
 * compare. One that is empty is a warning: the other is still shown.
 */
export function checkSides(profile: ResolvedSide, base: ResolvedSide | undefined): readonly string[] {
  const { missing } = profile
  if (missing !== undefined && (base === undefined || base.missing !== undefined))
    throw new ApiError(missing.code, missing.message)
  if (base === undefined) return profile.warnings
  const types = [profile.profileType, base.profileType].map(asHeap)
  if (types.every((type) => type !== '') && types[0] !== types[1]) {
    throw new ApiError(
      'execution',
      `compare ${profile.profileType} with ${base.profileType}: want one profile type on both sides`,
    )
  }
  return [
    ...(missing === undefined ? [] : [`the profile is empty, only its base is shown: ${missing.message}`]),
    ...profile.warnings,
    ...(base.missing === undefined ? [] : [`the base is empty: ${base.missing.message}`]),
    ...base.warnings.map((warning) => `base: ${warning}`),
  ]
}

/** They are the same data. */
function asHeap(profileType: string): string {
  return profileType === 'allocs' ? 'heap' : profileType
}
