import type { Labels } from '../../profile/labels.ts'
import type { SampleType } from '../../profile/symbols.ts'
import type { ProfileSelection } from '../select-profiles.ts'
import { ApiError } from './answer.ts'

/** The sample type to show: the one asked for by name or by place, else the fallback, else the last. */
export function chooseSampleType(
  sampleTypes: readonly SampleType[],
  choice: { readonly asked?: string | undefined; readonly fallback?: string | undefined },
): SampleType {
  const { asked, fallback } = choice
  if (asked !== undefined && asked !== '') {
    const found =
      sampleTypes.find(({ type }) => type === asked) ??
      (/^\d+$/.test(asked) ? sampleTypes[+asked] : undefined)
    if (found !== undefined) return found
    // Nothing was selected, so nothing can be wrong with the name.
    if (sampleTypes.length === 0) return { type: asked, unit: '' }
    throw new ApiError(
      'execution',
      `sample type ${JSON.stringify(asked)}: there are ${sampleTypes.map(({ type }) => type).join(', ')}`,
    )
  }
  return sampleTypes.find(({ type }) => type === fallback) ?? sampleTypes.at(-1) ?? { type: '', unit: '' }
}

/** Values of several profile types do not add up. Throws where there is more than one; "" for none. */
export function onlyProfileType(series: readonly Labels[]): string {
  const types = [...new Set(series.map((labels) => labels['profile_type'] ?? ''))].sort()
  if (types.length > 1) {
    throw new ApiError(
      'execution',
      `query selects ${types.length} profile types, which do not add up: choose one with profile_type= of ${types.join(', ')}`,
    )
  }
  return types[0] ?? ''
}

/** Every sample type of the selected profiles, in the order of their first appearance. */
export function sampleTypesOf({ series }: ProfileSelection): SampleType[] {
  const known = new Map<string, SampleType>()
  for (const { parts } of series) {
    for (const { rows } of parts) {
      for (const sampleType of rows.sampleTypes) {
        if (!known.has(sampleType.type)) known.set(sampleType.type, sampleType)
      }
    }
  }
  return [...known.values()]
}

export function defaultTypeOf({ series, defaultType }: ProfileSelection): string | undefined {
  if (defaultType !== undefined) return defaultType
  for (const { parts } of series) {
    for (const { rows } of parts) {
      const type = rows.sampleTypes[rows.defaultSampleType]?.type
      if (type !== undefined) return type
    }
  }
  return undefined
}
