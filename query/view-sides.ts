import { Int64Sums } from '../lib/int64-sums.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import { profileFromPprof } from '../profile/profile-from-pprof.ts'
import type { SampleType } from '../profile/symbols.ts'
import { MergeDictionary, SymbolTranslator } from '../profile/translate-symbols.ts'
import type { MergeOptions } from './merge-profiles.ts'
import { mergeReadable } from './merge-readable.ts'
import { NoViewError } from './no-view.ts'
import type { SeriesPart } from './select.ts'

/** What is shown, and what it is compared with where it is. */
export interface ViewSides {
  readonly profile: ViewSide
  readonly base?: ViewSide
}

export type ViewSide =
  /** Profiles of blocks, none of them where nothing is stored. */
  | {
      readonly kind: 'stored'
      readonly parts: readonly SeriesPart[]
      readonly range: Pick<MergeOptions, 'startMs' | 'endMs' | 'agg'>
    }
  /** Uncompressed pprof. */
  | { readonly kind: 'file'; readonly bytes: Uint8Array }

/** Both sides use one dictionary, the same sample types, and columns as long as the dictionary has keys. */
export interface MergedSides {
  readonly profile: MergedProfile
  readonly base?: MergedProfile
  readonly warnings: readonly string[]
}

/**
 * Merges both sides. With `type` only that sample type takes part. Rejects as `mergeReadable` does, with NOT_PPROF
 * for a file that is none, and with NO_VIEW where nothing could be merged, or sides have no sample type in common.
 */
export async function mergeSides(
  { profile: shown, base: compared }: ViewSides,
  options: Pick<MergeOptions, 'type' | 'signal' | 'maxBytes'>,
): Promise<MergedSides> {
  if (compared === undefined) {
    const profile = await mergeSide(shown, options)
    if (isNothing(profile, options) && profile.warnings.length > 0)
      throw new NoViewError(`nothing was merged: ${profile.warnings.join('; ')}`)
    return { profile, warnings: profile.warnings }
  }
  const target = isOnePlace(shown, compared) ? undefined : new MergeDictionary()
  const into = target === undefined ? options : { ...options, target }
  const profile = await mergeSide(shown, into)
  const base = await mergeSide(compared, into)
  const warnings = [...profile.warnings, ...base.warnings.map((warning) => `base: ${warning}`)]
  if (isNothing(profile, options) && isNothing(base, options) && warnings.length > 0)
    throw new NoViewError(`nothing was merged: ${warnings.join('; ')}`)
  const symbols = base.symbols.keyCount > profile.symbols.keyCount ? base.symbols : profile.symbols
  const sampleTypes = commonTypes(profile, base)
  return {
    profile: aligned(profile, { symbols, sampleTypes }),
    base: aligned(base, { symbols, sampleTypes }),
    warnings,
  }
}

async function mergeSide(side: ViewSide, options: Omit<MergeOptions, 'startMs' | 'endMs'>) {
  if (side.kind === 'stored') return mergeReadable(side.parts, { ...side.range, ...options })
  const { target } = options
  const profile = profileFromPprof(side.bytes)
  return target === undefined ? profile : translated(profile, target)
}

/** What ran out of time before it had anything has no answer. */
function isNothing({ coverage }: MergedProfile, { signal }: Pick<MergeOptions, 'signal'>): boolean {
  if (coverage.profiles === 0) signal?.throwIfAborted()
  return coverage.profiles === 0
}

/** Then the block's own dictionary serves both, and nothing has to be translated. */
function isOnePlace(...sides: readonly ViewSide[]): boolean {
  const places = new Set<string>()
  for (const side of sides) {
    if (side.kind === 'file') return false
    // Nothing is stored in it, so it has nothing to translate.
    for (const { reader, series } of side.parts) places.add(`${reader.name} ${reader.entry(series).service}`)
  }
  return places.size <= 1
}

function translated(profile: MergedProfile, target: MergeDictionary): MergedProfile {
  const translator = new SymbolTranslator(profile.symbols, target)
  const values = profile.values.map(() => new Int64Sums())
  for (let key = 0; key < profile.symbols.keyCount; key++) {
    if (profile.values.every((column) => column.isZero(key))) continue
    const translatedKey = translator.key(key)
    for (const [type, column] of profile.values.entries()) {
      values[type]!.grow(translatedKey + 1)
      values[type]!.addBig(translatedKey, column.getBig(key))
    }
  }
  return { ...profile, symbols: target.dictionary, values }
}

/** In the profile's order; all of the other side where one side is empty. */
function commonTypes(profile: MergedProfile, base: MergedProfile): readonly SampleType[] {
  if (profile.sampleTypes.length === 0) return base.sampleTypes
  if (base.sampleTypes.length === 0) return profile.sampleTypes
  const common = profile.sampleTypes.filter((sampleType) => placeOf(base, sampleType) >= 0)
  if (common.length > 0) return common
  throw new NoViewError(
    `the profile has ${listTypes(profile)}, its base has ${listTypes(base)}: want a sample type in common`,
  )
}

function aligned(
  profile: MergedProfile,
  { symbols, sampleTypes }: Pick<MergedProfile, 'symbols' | 'sampleTypes'>,
): MergedProfile {
  const values = sampleTypes.map((sampleType) => {
    const column = profile.values[placeOf(profile, sampleType)] ?? new Int64Sums()
    column.grow(symbols.keyCount)
    return column
  })
  const named = profile.sampleTypes[profile.defaultSampleType]?.type
  const defaultSampleType = sampleTypes.findIndex(({ type }) => type === named)
  return {
    ...profile,
    symbols,
    sampleTypes,
    values,
    defaultSampleType: defaultSampleType >= 0 ? defaultSampleType : Math.max(sampleTypes.length - 1, 0),
  }
}

function placeOf({ sampleTypes }: MergedProfile, { type, unit }: SampleType): number {
  return sampleTypes.findIndex((each) => each.type === type && each.unit === unit)
}

function listTypes({ sampleTypes }: MergedProfile): string {
  return sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(', ')
}
