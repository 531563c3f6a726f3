import type { MergedProfile } from '../profile/merged-profile.ts'
import type { MergeDictionary } from '../profile/translate-symbols.ts'
import { isTimeout } from './cancel.ts'
import type { MergePart } from './merge-part.ts'
import { processSeriesKey } from './process-series.ts'
import { ProfileMerge, type SeriesReading } from './profile-merge.ts'
import { ReadTooMuchError } from './read-budget.ts'
import type { PartPlan, PartSums } from './read-sums.ts'

/** How values of several profiles become one; without it the sample type's kind decides. */
export type Aggregation = 'sum' | 'avg' | 'delta' | 'max' | 'last'

export interface MergeOptions {
  readonly startMs: number
  readonly endMs: number
  readonly agg?: Aggregation
  /** Only this sample type; all without it. */
  readonly type?: string
  readonly signal?: AbortSignal
  /** Beyond it, the series that are left become a warning. */
  readonly maxBytes?: number
  /** Where symbols go, which several merges may share; without it the merge has a dictionary of its own. */
  readonly target?: MergeDictionary
}

/**
 * Merges profiles by adding numbers per sample key. Whole groups are read as their sums, bodies only where a range
 * begins or ends inside a group, where a process ends, and where the block has no sums.
 *
 * Gauges are averaged over a series' profiles, then summed over series. Counters are differenced per process life:
 * a life that begins inside the range counts from 0, the first one from its first profile. Durations are summed.
 */
export async function mergeProfiles(
  parts: readonly MergePart[],
  options: MergeOptions,
): Promise<MergedProfile> {
  const merge = new ProfileMerge(parts, options)
  const keyOf = ({ reader, series }: MergePart) => processSeriesKey(reader.labels(series))
  const series = [...Map.groupBy(parts, keyOf).values()]
  for (const list of series)
    list.sort((a, b) => (a.rows.timeMs[a.firstRow] ?? 0) - (b.rows.timeMs[b.firstRow] ?? 0))
  let done = 0
  const missing = (why: string) => {
    const left = series.length - done
    merge.warn(`${left} of ${series.length} series are missing from this answer: ${why}`)
  }
  try {
    for (const batch of batchesOf(series, (part) => merge.planSums(part))) {
      const sums = await merge.readSums(batch.plans)
      await addAll(merge, batch.series, { sums, onDone: () => done++ })
    }
  } catch (error) {
    if (isTimeout(options.signal?.reason)) missing('the time was up')
    else if (error instanceof ReadTooMuchError) missing(error.message)
    else throw error
  }
  return merge.finish()
}

/** Adds series in their order, while the bodies of the next ones are on their way. */
async function addAll(
  merge: ProfileMerge,
  series: readonly (readonly MergePart[])[],
  options: { readonly sums: ReadonlyMap<MergePart, PartSums>; readonly onDone: () => void },
): Promise<void> {
  const ahead: SeriesReading[] = []
  let bytes = 0
  const addFirst = async () => {
    const first = ahead.shift()!
    bytes -= first.bytes
    await merge.addSeries(first)
    options.onDone()
  }
  let failure: unknown
  for (const list of series) {
    try {
      const reading = await merge.begin(list, options.sums)
      if (reading === undefined) {
        options.onDone()
        continue
      }
      ahead.push(reading)
      bytes += reading.bytes
    } catch (error) {
      // What began before it may still be added.
      failure = error
      break
    }
    while (ahead.length > maxAhead || bytes > maxAheadBytes) await addFirst()
  }
  while (ahead.length > 0) await addFirst()
  if (failure !== undefined) throw failure
}

const maxAhead = 16
/** Of bodies, as they are stored. */
const maxAheadBytes = 4 * 1024 * 1024

/** Series whose sums are read together: many small ones, so that one range brings them, few large ones. */
function batchesOf(
  series: readonly (readonly MergePart[])[],
  planSums: (part: MergePart) => PartPlan | undefined,
): { readonly series: (readonly MergePart[])[]; readonly plans: PartPlan[] }[] {
  const batches: { series: (readonly MergePart[])[]; plans: PartPlan[]; bytes: number }[] = []
  for (const list of series) {
    const plans = list.map(planSums).filter((plan) => plan !== undefined)
    const bytes = plans.reduce((sum, plan) => sum + plan.bytes, 0)
    const last = batches.at(-1)
    if (last === undefined || last.bytes + bytes > maxBatchBytes)
      batches.push({ series: [list], plans, bytes })
    else {
      last.series.push(list)
      last.plans.push(...plans)
      last.bytes += bytes
    }
  }
  return batches
}

/** Of sums as they are stored; they are some ten times that in memory. */
const maxBatchBytes = 1024 * 1024
