import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { SampleLabel, Symbols } from '../../profile/symbols.ts'
import type { SampleTags } from './tag-filter.ts'

/** A label without text, number and unit says nothing. */
export function isNumeric({ text, number, unit }: SampleLabel): boolean {
  return text === 0 && (number !== 0n || unit !== 0)
}

export function sampleTags(symbols: Symbols, labelSet: number): SampleTags {
  const texts = new Map<string, string[]>()
  const numbers = new Map<string, bigint[]>()
  const put = <T>(map: Map<string, T[]>, key: string, value: T): void => {
    const values = map.get(key)
    if (values === undefined) map.set(key, [value])
    else values.push(value)
  }
  for (const label of symbols.labelSet(labelSet)) {
    const key = symbols.string(label.name)
    if (label.text !== 0) put(texts, key, symbols.string(label.text))
    else if (isNumeric(label)) put(numbers, key, label.number)
  }
  return { texts, numbers }
}

/**
 * One unit per numeric key: the first that a sample gives, else what the key's name says, as `bytes`; `alignment`
 * and `request` are bytes too.
 */
export function tagUnits(profiles: readonly MergedProfile[]): Map<string, string> {
  const units = new Map<string, string>()
  for (const { symbols, values } of profiles) {
    const isSeen = new Uint8Array(symbols.labelSetCount)
    for (let key = 0; key < symbols.keyCount; key++) {
      const labelSet = symbols.keyLabelSet[key]!
      if (labelSet === 0 || isSeen[labelSet] === 1) continue
      if (values.every((column) => key >= column.length || column.isZero(key))) continue
      isSeen[labelSet] = 1
      for (const label of symbols.labelSet(labelSet)) {
        if (!isNumeric(label)) continue
        const name = symbols.string(label.name)
        const unit = symbols.string(label.unit)
        if (unit !== '' && (units.get(name) ?? '') === '') units.set(name, unit)
        else if (!units.has(name)) units.set(name, '')
      }
    }
  }
  for (const [name, unit] of units) {
    if (unit === '') units.set(name, name === 'alignment' || name === 'request' ? 'bytes' : name)
  }
  return units
}
