import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { ViewOptions } from '../views/view-options.ts'
import type { PprofReport } from './pprof-session.ts'

/** Each in its own way, and some together. */
export const filters: readonly ViewOptions[] = [
  { focus: 'runtime\\.' },
  { ignore: 'encoding|http' },
  { hide: '^runtime\\.' },
  { show: 'net/http|main|etcd|prometheus' },
  { showFrom: 'http.*[sS]erve' },
  { pruneFrom: 'mallocgc|Read' },
  { noInlines: true },
  { sort: 'cum', nodeCount: 15 },
  { tagFocus: 'bytes=64b:1kb' },
  { tagFocus: '1kb:' },
  { tagIgnore: ':512b' },
  { tagHide: 'byt' },
  { tagShow: 'nothing' },
  { focus: '\\.go$', ignore: 'k8s\\.io', hide: 'reflect', showFrom: 'main|goexit|serve' },
  { hide: 'etcd|kube-apiserver' },
  { granularity: 'filefunctions' },
  { granularity: 'files' },
  { granularity: 'lines' },
  { granularity: 'addresses' },
  { granularity: 'lines', noInlines: true, focus: 'Server|scrape' },
  { granularity: 'addresses', noInlines: true, hide: 'runtime' },
]

export interface PlanOptions {
  /** Of `filters`; the plan always has reports without any. */
  readonly filters: readonly ViewOptions[]
  readonly isCompared?: boolean
}

/** Every view of every sample type, plain and under each filter; of a heap's four types each filter meets two. */
export function planReports(
  { sampleTypes }: MergedProfile,
  { filters, isCompared = false }: PlanOptions,
): PprofReport[] {
  return sampleTypes.flatMap(({ type, unit }, index) =>
    [{}, ...filters].flatMap((given, each) => {
      if (each > 0 && sampleTypes.length > 2 && (each + index) % 2 === 1) return []
      const options: ViewOptions = { ...given, peek: 'a', list: 'e' }
      const exact = unit === 'nanoseconds' ? 'ns' : unit === 'bytes' ? 'B' : unit
      const report = (command: PprofReport['command'], unit = exact): PprofReport => ({
        command,
        sampleType: type,
        unit,
        options,
      })
      // By files pprof has many nodes of one name, and which of them it keeps differs from run to run.
      const isStable = options.granularity !== 'files'
      return [
        report('top'),
        report('peek'),
        report('tags'),
        ...(isStable ? [report('tree'), report('dot', 'minimum')] : []),
        // It lists samples of the base beside the others, and we their difference.
        ...(isCompared || exact !== 'count' ? [] : [report('traces')]),
        ...(options.granularity === undefined ? [report('list')] : []),
      ]
    }),
  )
}
