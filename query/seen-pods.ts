import type { SeriesIndex } from '../block/block-reader.ts'
import type { ChosenSource } from '../block/covered.ts'
import { type Rows, rowFlags } from '../block/rows.ts'
import type { Labels } from '../profile/labels.ts'
import { throwIfCancelled } from './cancel.ts'
import type { OpenSource } from './catalog.ts'
import { missing } from './missing.ts'
import type { RecentSeries } from './overview-series.ts'
import type { TimeRange } from './time.ts'
import { podOf } from './workload-of.ts'

export interface SeenPod {
  /** Of one of its series. */
  readonly labels: Labels
  /** When its newest profile came, unix ms. */
  readonly newestMs: number
}

interface SeenRequest extends TimeRange {
  /** Pods that have a profile here are not looked for. */
  readonly lastHour: readonly RecentSeries[]
  readonly signal: AbortSignal
  readonly warnings: string[]
}

/** The series to ask when a pod was last seen: of all that it has in a block, the one with most profiles. */
interface Witness {
  readonly labels: Labels
  readonly series: SeriesIndex
}

/** Pods with a profile in the range. Of those that have one in the last hour no row is read. */
export async function seenPods(
  sources: readonly ChosenSource<OpenSource>[],
  request: SeenRequest,
): Promise<SeenPod[]> {
  const found = new Map(seenLately(request.lastHour).map((pod) => [podOf(pod.labels), pod]))
  const newestFirst = [...sources].sort((a, b) => endOf(b) - endOf(a))
  for (const { source } of newestFirst) {
    const asked = [...witnessesOf(source)].filter(([pod]) => !found.has(pod))
    if (asked.length === 0) continue
    for (const [i, newestMs] of (await newestOf(source, asked, request)).entries())
      if (newestMs > 0) found.set(asked[i]![0], { labels: asked[i]![1].labels, newestMs })
  }
  return [...found.values()]
}

/** Those with a profile in the last hour, some of them several times. */
export function seenLately(lastHour: readonly RecentSeries[]): SeenPod[] {
  return lastHour.filter(({ newestMs }) => newestMs > 0).map(({ labels, newestMs }) => ({ labels, newestMs }))
}

function witnessesOf({ reader, place }: OpenSource): ReadonlyMap<string, Witness> {
  const best = new Map<string, Witness & { readonly profiles: number }>()
  for (const series of reader.select([])) {
    const labels = reader.labels(series)
    const profiles = reader.entry(series).groups.reduce((sum, { profileCount }) => sum + profileCount, 0)
    // A head that was asked for rows alone does not say.
    if (profiles === 0 && place !== 'head') continue
    const pod = podOf(labels)
    if (profiles >= (best.get(pod)?.profiles ?? 0)) best.set(pod, { labels, series, profiles })
  }
  return best
}

/** Of each, unix ms; 0 for none in the range. */
async function newestOf(
  { reader, onUnreadable }: OpenSource,
  asked: readonly (readonly [string, Witness])[],
  { startMs, endMs, signal, warnings }: SeenRequest,
): Promise<number[]> {
  try {
    const rows = await reader.rows(
      asked.map(([, { series }]) => series),
      { signal },
    )
    return rows.map((own) => {
      for (let row = own.length - 1; row >= 0; row--) {
        const timeMs = own.timeMs[row]!
        if (timeMs >= startMs && timeMs <= endMs && isProfile(own, row)) return timeMs
      }
      return 0
    })
  } catch (error) {
    throwIfCancelled(signal)
    if (!signal.aborted) onUnreadable?.(error)
    warnings.push(missing(`block ${reader.name} is`, error))
    return []
  }
}

function isProfile(rows: Rows, row: number): boolean {
  return (rows.flags[row]! & (rowFlags.body | rowFlags.thinned)) !== 0
}

function endOf({ source }: ChosenSource<OpenSource>): number {
  return source.reader.meta.maxTimeMs
}
