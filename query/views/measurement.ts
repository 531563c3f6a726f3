/**
 * Amounts with their unit as `go tool pprof` prints them: `1.50MB`, `12.34s`, `0.05%`. Here alone int64 become
 * doubles, as they do there.
 */

interface Unit {
  readonly name: string
  readonly aliases: readonly string[]
  readonly factor: number
}

interface UnitFamily {
  readonly units: readonly Unit[]
  /** What amounts are told in where the wanted unit is not of the family, or the amount is below all of them. */
  readonly fallback: { readonly name: string; readonly factor: number }
}

const families: readonly UnitFamily[] = [
  {
    units: ['', 'k', 'm', 'g', 't', 'p'].map((prefix, power) => {
      const long = ['', 'kilo', 'mega', 'giga', 'tera', 'peta'][power]!
      const name = `${power === 1 ? 'k' : prefix.toUpperCase()}B`
      return { name, aliases: [`${prefix}b`, `${prefix}byte`, `${long}byte`], factor: 1024 ** power }
    }),
    fallback: { name: 'B', factor: 1 },
  },
  {
    units: [
      { name: 'ns', aliases: ['ns', 'nanosecond'], factor: 1 },
      { name: 'us', aliases: ['μs', 'us', 'microsecond'], factor: 1e3 },
      { name: 'ms', aliases: ['ms', 'millisecond'], factor: 1e6 },
      { name: 's', aliases: ['s', 'sec', 'second'], factor: 1e9 },
      { name: 'hrs', aliases: ['hour', 'hr'], factor: 3600e9 },
    ],
    fallback: { name: 's', factor: 1e9 },
  },
  {
    units: ['nano', 'micro', 'milli', '', 'kilo', 'mega', 'giga', 'tera', 'peta'].map((long, i) => {
      const short = ['n*', 'u*', 'm*', '', 'k*', 'M*', 'G*', 'T*', 'P*'][i]!
      return { name: `${short}GCU`, aliases: [`${long}gcu`], factor: 10 ** ((i - 3) * 3) }
    }),
    fallback: { name: 'GCU', factor: 1 },
  },
]

export interface Scaled {
  readonly value: number
  /** "" where the unit says nothing, as `count`. */
  readonly unit: string
}

/** `to` may be `auto` or `minimum`: the largest unit in which the amount is 1 or more. */
export function scale(value: number, from: string, to: string): Scaled {
  if (value < 0) {
    const { value: positive, unit } = scale(-value, from, to)
    return { value: -positive, unit }
  }
  for (const { units, fallback } of families) {
    const source = findUnit(units, from)
    if (source === undefined) continue
    const amount = value * source.factor
    const target =
      to === 'auto' || to === 'minimum'
        ? units.findLast(({ factor }) => amount / factor >= 1)
        : findUnit(units, to)
    const { name, factor } = target ?? fallback
    return { value: amount / factor, unit: name }
  }
  return { value, unit: ['count', 'sample', 'unit', 'minimum', 'auto'].includes(to) ? '' : to }
}

/** As `1.50MB`: two places, none where they are zero. */
export function scaledLabel(value: number, from: string, to: string): string {
  const { value: amount, unit } = scale(value, from, to)
  const text = twoPlaces(amount).replace(/\.00$/, '')
  return text === '0' || text === '-0' ? '0' : text + unit
}

/** Of the absolute share, with a sign per cent: `100%`, `12.34%`, `0.05%`. */
export function percentage(value: number, total: number): string {
  const ratio = total === 0 ? 0 : Math.abs(value / total) * 100
  if (ratio >= 99.95 && ratio <= 100.05) return '100%'
  return `${ratio >= 1 ? twoPlaces(ratio) : twoDigits(ratio)}%`
}

function findUnit(units: readonly Unit[], text: string): Unit | undefined {
  const lower = text.toLowerCase()
  const alias = lower.length > 2 && lower.endsWith('s') ? lower.slice(0, -1) : lower
  return units.find(({ aliases }) => aliases.includes(alias))
}

/** C's `%.2f`: a tie goes to the even digit, where `toFixed` goes up. */
function twoPlaces(value: number): string {
  const eighths = value * 8
  // Only odd eighths are ties: 0.125 is the shortest binary fraction with a third place of 5 and nothing after.
  if (!Number.isInteger(eighths) || Math.abs(eighths) % 2 !== 1) return value.toFixed(2)
  const hundredths = Math.floor(Math.abs(value) * 100)
  const even = hundredths % 2 === 0 ? hundredths : hundredths + 1
  return `${value < 0 ? '-' : ''}${(even / 100).toFixed(2)}`
}

/** C's `%.2g`, for numbers below 1. */
function twoDigits(value: number): string {
  if (value === 0) return '0'
  const [digits = '', exponent = ''] = value.toExponential(1).split('e')
  const power = Number(exponent)
  if (power >= -4) return value.toFixed(1 - power).replace(/\.?0+$/, '')
  return `${digits.replace(/\.0$/, '')}e-${String(-power).padStart(2, '0')}`
}
