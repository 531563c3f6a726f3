import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'

/**
 * The profile with each sample type scaled to what the base has of it. Sample by sample, in doubles and rounded to
 * whole numbers half away from zero: so does `go tool pprof -normalize`, and sums of rounded numbers differ.
 */
export function normalize(profile: MergedProfile, base: MergedProfile): MergedProfile {
  const values = profile.values.map((column, type) => {
    const from = column.total()
    const to = columnLike(base, profile, type)?.total() ?? 0n
    return scaled(column, from === 0n ? 0 : Number(to) / Number(from))
  })
  return { ...profile, values }
}

/** The column of `other` that has the name and unit of a sample type of `profile`. */
export function columnLike(
  other: MergedProfile,
  profile: MergedProfile,
  sampleType: number,
): Int64Sums | undefined {
  const { type, unit } = profile.sampleTypes[sampleType]!
  const found = other.sampleTypes.findIndex((each) => each.type === type && each.unit === unit)
  return other.values[found]
}

function scaled(column: Int64Sums, ratio: number): Int64Sums {
  if (ratio === 1) return column
  const result = new Int64Sums(column.length)
  for (let key = 0; key < column.length; key++) {
    if (column.isZero(key)) continue
    const exact = column.getNumber(key) * ratio
    const rounded = Math.sign(exact) * Math.round(Math.abs(exact))
    if (Number.isSafeInteger(rounded)) result.add(key, rounded)
    else result.addBig(key, BigInt(rounded))
  }
  return result
}
