import { healthCode } from '../block/health.ts'
import { rowFlags } from '../block/rows.ts'
import type { Labels } from '../profile/labels.ts'
import type { RowRef } from './series-values.ts'

export type MeasureName = 'cores' | 'heapBytes' | 'goroutines'

export interface Measured {
  readonly name: MeasureName
  readonly value: number
}

/** The profile types that are measured. */
export const measuredTypes = ['cpu', 'heap', 'goroutine'] as const

/** What one series adds to its workload, of its rows in one window; undefined where they say nothing. */
export function measureOf(labels: Labels, refs: readonly RowRef[]): Measured | undefined {
  const value = (name: MeasureName, number: number | undefined) =>
    number === undefined ? undefined : { name, value: number }
  switch (labels['profile_type']) {
    case 'cpu':
      return value('cores', coresOf(refs))
    case 'heap':
      // Go and jemalloc say `inuse_space`, V8 `space`.
      return value('heapBytes', lastOf(refs, ['inuse_space', 'space']))
    case 'goroutine':
      return value('goroutines', lastOf(refs, ['goroutine', 'goroutines']))
    default:
      return undefined
  }
}

/** CPU seconds by seconds that were looked at. */
function coresOf(refs: readonly RowRef[]): number | undefined {
  let nanoseconds = 0
  let coveredMs = 0
  for (const ref of refs) {
    const { rows, row } = ref
    const total = totalOf(ref, ['cpu'])
    if (total !== undefined) {
      nanoseconds += total
      coveredMs += rows.coveredMs[row]!
      // Nothing ran while it was profiled: there is no profile that could say for how long.
    } else if (rows.health[row] === empty) coveredMs += rows.durationMs[row]!
  }
  return coveredMs > 0 ? nanoseconds / 1e6 / coveredMs : undefined
}

function lastOf(refs: readonly RowRef[], types: readonly string[]): number | undefined {
  for (let i = refs.length - 1; i >= 0; i--) {
    const total = totalOf(refs[i]!, types)
    if (total !== undefined) return total
  }
  return undefined
}

function totalOf({ rows, row }: RowRef, types: readonly string[]): number | undefined {
  if ((rows.flags[row]! & rowFlags.columns) === 0) return undefined
  for (const type of types) {
    const index = rows.sampleTypes.findIndex((sampleType) => sampleType.type === type)
    if (index >= 0) return Number(rows.totals[index]![row]!)
  }
  return undefined
}

const empty = healthCode('empty')
