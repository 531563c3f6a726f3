import { scale } from './measurement.ts'
import { optionRegex, ViewOptionError } from './option-regex.ts'

/** The labels of a sample as pprof sees them: per key all texts, and all numbers. */
export interface SampleTags {
  readonly texts: ReadonlyMap<string, readonly string[]>
  readonly numbers: ReadonlyMap<string, readonly bigint[]>
}

/** `units` gives the unit of each numeric key, in the whole profile. */
export type TagFilter = (tags: SampleTags, units: ReadonlyMap<string, string>) => boolean

/**
 * Reads `[key=]range` or `[key=]regex[,regex…]`. A range compares numbers in its own unit. Expressions without a key
 * are tried on `key:text`, and each of them must match something; with a key they are tried on its texts, and one
 * is enough.
 */
export function tagFilter(parameter: string, filter: string | undefined): TagFilter | undefined {
  if (filter === undefined || filter === '') return undefined
  const equals = filter.indexOf('=')
  const key = equals < 0 ? '' : filter.slice(0, equals)
  const value = filter.slice(equals + 1)
  const isInRange = readRange(parameter, value)
  if (isInRange !== undefined) return byNumber(key, isInRange)
  // An empty expression matches everything, here as there.
  const regexes = value.split(',').map((text) => optionRegex(parameter, text) ?? (() => true))
  if (key !== '')
    return ({ texts }) => (texts.get(key) ?? []).some((text) => regexes.some((regex) => regex(text)))
  return ({ texts }) => {
    const pairs = [...texts].flatMap(([name, values]) => values.map((text) => `${name}:${text}`))
    return regexes.every((regex) => pairs.some(regex))
  }
}

type Range = (value: bigint, unit: string) => boolean

function byNumber(key: string, isInRange: Range): TagFilter {
  return ({ numbers }, units) => {
    for (const [name, values] of numbers) {
      if (key !== '' && name !== key) continue
      if (values.some((value) => isInRange(value, units.get(name) ?? ''))) return true
    }
    return false
  }
}

/** `10kb`, `10kb:`, `:10kb` or `10kb:20kb`; undefined where it is none of these. */
function readRange(parameter: string, text: string): Range | undefined {
  const match = /^(?:([+-]?\d+)([A-Za-z]+)?)?(:)?(?:([+-]?\d+)([A-Za-z]+)?)?$/.exec(text)
  if (match === null) return undefined
  const [, lowText, lowUnit = '', colon, highText, highUnit = ''] = match
  const bounds = [lowText, highText].map((digits) => (digits === undefined ? undefined : BigInt(digits)))
  if (bounds.some((bound) => bound !== undefined && BigInt.asIntN(64, bound) !== bound))
    throw new ViewOptionError(parameter, `${JSON.stringify(text)}: want numbers of 64 bits`)
  const [low, high] = bounds
  if (low === undefined && high === undefined) return undefined
  // The first amount's unit counts: the other is told in it, and so is every number of a sample.
  const first =
    low === undefined ? scale(Number(high), highUnit, highUnit) : scale(Number(low), lowUnit, lowUnit)
  const { unit } = first
  const from = low === undefined ? Number.NEGATIVE_INFINITY : first.value
  let to = Number.POSITIVE_INFINITY
  if (low === undefined) to = first.value
  else if (colon === undefined) to = from
  else if (high !== undefined) {
    const second = scale(Number(high), highUnit, unit)
    if (second.unit !== unit) return undefined
    to = second.value
  }
  if (low !== undefined && colon === undefined && high !== undefined) return undefined
  return (value, unitOfValue) => {
    const scaled = scale(Number(value), unitOfValue, unit)
    return scaled.unit === unit && scaled.value >= from && scaled.value <= to
  }
}
