import type { ColumnPlan } from './column-plan.ts'
import type { SeriesState } from './series-state.ts'

/**
 * Whether any counter of any stack is lower than before: the process is another one. By sums per sample key, since a
 * profile may list a key more than once, in any order.
 */
export function counterFell(previous: SeriesState, next: SeriesState, plan: ColumnPlan): boolean {
  if (previous.wideValues !== undefined || next.wideValues !== undefined) return false
  return plan.isCounter.some((isCounter, type) => {
    if (!isCounter) return false
    const before = sumsByKey(previous, type)
    for (const [key, sum] of sumsByKey(next, type)) if (sum < (before.get(key) ?? 0)) return true
    return false
  })
}

function sumsByKey({ keys, values }: SeriesState, type: number): Map<number, number> {
  const sums = new Map<number, number>()
  for (let i = 0; i < keys.length; i++)
    sums.set(keys[i]!, (sums.get(keys[i]!) ?? 0) + values[type * keys.length + i]!)
  return sums
}
