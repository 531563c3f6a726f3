import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { MergeDictionary, SymbolTranslator } from '../../profile/translate-symbols.ts'

/** Copies of profiles that share their symbols, so that they can be compared. */
export function inOneDictionary(...profiles: readonly MergedProfile[]): MergedProfile[] {
  const target = new MergeDictionary()
  const { dictionary } = target
  const translated = profiles.map(({ symbols, values }) => {
    const translator = new SymbolTranslator(symbols, target)
    const keys = new Map<number, number>()
    for (let key = 0; key < symbols.keyCount; key++)
      if (values.some((column) => key < column.length && !column.isZero(key)))
        keys.set(key, translator.key(key))
    return keys
  })
  return profiles.map((profile, index) => ({
    ...profile,
    symbols: dictionary,
    values: profile.values.map((column) => {
      const sums = new Int64Sums(dictionary.keyCount)
      for (const [from, to] of translated[index]!)
        if (from < column.length) sums.addBig(to, column.getBig(from))
      return sums
    }),
  }))
}
