import { createMatcher, type Matcher } from '../../profile/matcher.ts'
import { ApiError } from './answer.ts'
import { rangeOf } from './parameters.ts'
import type { PgoParameters } from './profile-parameters.ts'
import { type RenderContext, renderView } from './render-view.ts'
import { type SideContext, selectedSide } from './resolve-side.ts'
import type { ProfileView } from './view-profile.ts'

/**
 * CPU profiles merged for `go build -pgo`: of the last day and `profile_type="cpu"` unless the request says otherwise.
 * Labels of samples are left out, which the compiler has no use for. Throws ApiErrors.
 */
export async function viewPgo(
  { query, start, end = Date.now() }: PgoParameters,
  context: Omit<SideContext, 'agg'> & RenderContext,
): Promise<ProfileView> {
  const range = rangeOf({ start: start ?? end - dayMs, end })
  const { side, missing, sampleTypes, warnings } = await selectedSide(ofCpu(query), range, {
    ...context,
    agg: 'sum',
  })
  if (missing !== undefined) throw new ApiError(missing.code, missing.message)
  if (!sampleTypes.some(({ type, unit }) => type === 'cpu' && unit === 'nanoseconds')) {
    const has = sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(', ')
    throw new ApiError(
      'execution',
      `make a profile for -pgo: want CPU profiles with cpu/nanoseconds, these have ${has}`,
    )
  }
  const view = await renderView(
    { profile: side },
    { format: 'pprof', type: 'cpu', sampleTypes, options: { tagHide: '.' } },
    context,
  )
  return {
    format: 'pprof',
    bytes: view.bytes,
    fileName: 'default.pgo',
    warnings: [...warnings, ...view.warnings],
  }
}

function ofCpu(matchers: readonly Matcher[]): readonly Matcher[] {
  return matchers.some(({ name }) => name === 'profile_type')
    ? matchers
    : [...matchers, createMatcher('profile_type', '=', 'cpu')]
}

const dayMs = 24 * 60 * 60 * 1000
