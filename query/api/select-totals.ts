import type { Matcher } from '../../profile/matcher.ts'
import { type ProfileSelection, widenAllocs } from '../select-profiles.ts'
import { selectWithin } from '../select-within.ts'
import { kindOf } from '../series-values.ts'
import type { TimeRange } from '../time.ts'
import type { RouteRequest } from './create-api.ts'
import { chooseSampleType, defaultTypeOf, onlyProfileType, sampleTypesOf } from './sample-types.ts'
import type { KindAnswer, SampleTypeAnswer } from './types.ts'

/** The rows of a selection, and which of their totals to show. */
export interface SelectedTotals {
  readonly series: ProfileSelection['series']
  readonly profileType: string
  readonly sampleTypes: readonly SampleTypeAnswer[]
  readonly type: string
  readonly unit: string
  readonly kind: KindAnswer
  readonly warnings: string[]
}

interface TotalsRequest {
  readonly query: readonly Matcher[]
  readonly type?: string | undefined
  readonly si?: string | undefined
}

/** Throws an ApiError where profiles of several types match, or none has the sample type. */
export async function selectTotals(
  given: TotalsRequest,
  range: TimeRange,
  { options, signal }: RouteRequest,
): Promise<SelectedTotals> {
  const { query: matchers } = given
  const heads = widenAllocs(matchers)
  const opened = await options.catalog.open({ matchers: heads, ...range, withoutBodies: true, signal })
  const selection = await selectWithin(opened.sources, { matchers, ...range, signal }, options.limits)
  const profileType = onlyProfileType(selection.series.map(({ labels }) => labels))
  const sampleTypes = sampleTypesOf(selection)
  const { type, unit } = chooseSampleType(sampleTypes, {
    asked: given.type ?? given.si,
    fallback: defaultTypeOf(selection),
  })
  return {
    ...{ series: selection.series, profileType, sampleTypes, type, unit },
    kind: kindOf({ type, unit }, profileType),
    warnings: [...opened.warnings, ...selection.warnings],
  }
}
