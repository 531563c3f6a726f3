import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { SampleLabel } from '../../profile/symbols.ts'
import { filterStacks } from './filter-stacks.ts'
import { columnLike, normalize } from './normalize.ts'
import { overlaySymbols } from './overlay-symbols.ts'
import type { ComparedOptions } from './view-options.ts'

/** The label by which pprof tells samples of a base, whose values are negative. */
const baseLabel = ['pprof::base', 'true'] as const

/**
 * A profile for download, all sample types, with the filters applied: as `go tool pprof -proto` writes it. With a
 * base it holds both sides, so that `go tool pprof` shows the same comparison. Warnings tell filters that matched
 * nothing. Granularity does not matter here.
 */
export function filteredProfile(merged: MergedProfile, options: ComparedOptions): MergedProfile {
  const { base } = options
  const profile = base !== undefined && options.normalize === true ? normalize(merged, base) : merged
  const aligned = base === undefined ? undefined : alignTypes(base, merged)
  const { sides, warnings } = filterStacks(aligned === undefined ? [profile] : [profile, aligned], options)
  const [shown, less] = sides as [MergedProfile, MergedProfile | undefined]
  const result = less === undefined ? shown : difference(shown, less)
  return { ...result, warnings: [...merged.warnings, ...(base?.warnings ?? []), ...warnings] }
}

/** What of the options matched nothing, for an answer's warnings. */
export function filterWarnings(merged: MergedProfile, options: ComparedOptions): readonly string[] {
  const { base } = options
  return filterStacks(base === undefined ? [merged] : [merged, base], options).warnings
}

/** With the columns of another profile; one that it does not have is all zero. */
function alignTypes(base: MergedProfile, merged: MergedProfile): MergedProfile {
  const { sampleTypes, defaultSampleType } = merged
  const values = sampleTypes.map((_, type) => columnLike(base, merged, type) ?? new Int64Sums(0))
  return { ...base, sampleTypes, defaultSampleType, values }
}

/** Samples of the base come after the others', with a label more and their sign turned. */
function difference(profile: MergedProfile, base: MergedProfile): MergedProfile {
  const { symbols } = profile
  const { keyCount, labelSetCount, stringCount } = symbols
  const twice = (column: Uint32Array, offset: number): Uint32Array => {
    const both = new Uint32Array(keyCount * 2)
    both.set(column.subarray(0, keyCount))
    for (let key = 0; key < keyCount; key++) both[keyCount + key] = column[key]! + offset
    return both
  }
  const mark: SampleLabel = { name: stringCount, text: stringCount + 1, number: 0n, unit: 0 }
  return {
    ...profile,
    symbols: overlaySymbols(symbols, {
      stringCount: stringCount + 2,
      string: (index) => (index < stringCount ? symbols.string(index) : baseLabel[index - stringCount]!),
      keyCount: keyCount * 2,
      keyNode: twice(symbols.keyNode, 0),
      keyLabelSet: twice(symbols.keyLabelSet, labelSetCount),
      labelSetCount: labelSetCount * 2,
      labelSet: (index) =>
        index < labelSetCount ? symbols.labelSet(index) : [...symbols.labelSet(index - labelSetCount), mark],
    }),
    values: profile.values.map((column, type) => {
      const both = new Int64Sums(keyCount * 2)
      const less = base.values[type]!
      for (let key = 0; key < keyCount; key++) {
        if (key < column.length && !column.isZero(key)) both.addBig(key, column.getBig(key))
        if (key < less.length && !less.isZero(key)) both.addBig(keyCount + key, -less.getBig(key))
      }
      return both
    }),
    timeNanos: profile.timeNanos < base.timeNanos ? profile.timeNanos : base.timeNanos,
    durationNanos: profile.durationNanos + base.durationNanos,
  }
}
