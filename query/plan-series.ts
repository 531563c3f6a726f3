import type { SampleType } from '../profile/symbols.ts'
import type { SeriesColumn } from './merge-columns.ts'
import type { MergePart, Picked } from './merge-part.ts'
import type { Aggregation } from './merge-profiles.ts'
import { collect, livesOf, type Seam, seamsOf, startTimeOf } from './process-lives.ts'
import type { Visit, Wanted } from './read-part.ts'
import type { SeriesFacts } from './series-facts.ts'

/** What is to be read of one series, decided by its rows alone. */
export interface SeriesPlan {
  readonly wanted: ReadonlyMap<MergePart, Wanted>
  readonly seams: readonly Seam[]
}

/** `aggregations` and `columns` are by sample type; what is read later is added to the columns. */
export function planSeries(
  facts: SeriesFacts,
  options: {
    readonly sampleTypes: readonly SampleType[]
    readonly aggregations: readonly Aggregation[]
    readonly columns: readonly SeriesColumn[]
    readonly startMs: number
  },
): SeriesPlan {
  const { sampleTypes, aggregations, columns, startMs } = options
  const parts = facts.parts()
  const wanted = new Map(
    parts.map((part): [MergePart, Wanted] => [part, { summed: new Set(), snapshots: new Map() }]),
  )
  const snapshot = ({ part, row }: Picked, type: number, visit: Visit) => {
    const { snapshots } = wanted.get(part)!
    const list = snapshots.get(row)
    if (list === undefined) snapshots.set(row, [{ type, visit }])
    else list.push({ type, visit })
  }
  const picked = aggregations.every(isSum) ? [] : facts.picked()
  const isDifference = aggregations.includes('delta')
  const lives = isDifference ? livesOf(picked) : []
  const seams = isDifference ? seamsOf(picked) : []
  aggregations.forEach((aggregation, type) => {
    const column = columns[type]!
    const add =
      (sign: 1 | -1): Visit =>
      (key, value) =>
        column.add(key, value, sign)
    switch (aggregation) {
      case 'sum':
      case 'avg':
        for (const { summed } of wanted.values()) summed.add(type)
        break
      case 'last':
        snapshot(picked.at(-1)!, type, add(1))
        break
      case 'max':
        snapshot(peakOf(picked, sampleTypes[type]!), type, add(1))
        break
      default: {
        for (const seam of seams) {
          snapshot(seam.before, type, collect(seam.last, type))
          snapshot(seam.after, type, collect(seam.first, type))
        }
        lives.forEach((life, i) => {
          const from = life[0]!
          const bornInside = startTimeOf(from) >= startMs
          if (i === 0 && !bornInside) snapshot(from, type, add(-1))
          snapshot(life.at(-1)!, type, add(1))
        })
      }
    }
  })
  return { wanted, seams }
}

export function isSum(aggregation: Aggregation): boolean {
  return aggregation === 'sum' || aggregation === 'avg'
}

/** The profile with the largest total. */
function peakOf(picked: readonly Picked[], sampleType: SampleType): Picked {
  let best = picked[0]!
  let most = -Infinity
  for (const each of picked) {
    const type = each.part.rows.sampleTypes.findIndex((t) => t.type === sampleType.type)
    const total = Number(each.part.rows.totals[type]?.[each.row] ?? 0)
    if (total > most) {
      most = total
      best = each
    }
  }
  return best
}
