import { type Labels, labelsKey } from '../profile/labels.ts'
import type { BlockReader, Covered, SeriesIndex } from './block-reader.ts'
import {
  type ChosenSource,
  type CoveredSet,
  chooseSources,
  coveredOf,
  type Source,
  unionCovered,
} from './covered.ts'
import { type PartitionRange, partitionOf, partitionsOverlap } from './partition.ts'

/** What of the sources takes part: what others among them cover does not. */
export function chooseOrigins(sources: readonly BlockReader[]): ChosenSource<Origin>[] {
  return chooseSources(
    sources.map((reader) => {
      const { level: rank, covered, partition } = reader.meta
      return { rank, id: reader.name, covered, partition, reader }
    }),
  )
}

export interface Origin extends Source {
  readonly reader: BlockReader
}

/** Partitions in which the same is covered. */
export interface Stretch extends PartitionRange {
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly covered: readonly Covered[]
}

export interface PlannedSeries {
  readonly labels: Labels
  readonly partition: number
  readonly sources: readonly {
    readonly reader: BlockReader
    readonly series: SeriesIndex
    /** Rows that another source speaks for. */
    readonly exclude: CoveredSet | undefined
  }[]
  readonly estimateBytes: number
}

/** Where sources are parts of a split, what an output covers may differ from one stretch to the next. */
export function stretchesOf(chosen: readonly ChosenSource<Origin>[]): Stretch[] {
  const ranges = chosen.map(({ source }) => source.partition)
  const starts = [...new Set(ranges.flatMap(({ first, last }) => [first, last + 1]))].sort((a, b) => a - b)
  const stretches: Stretch[] = []
  for (const [i, first] of starts.entries()) {
    const range = { first, last: (starts[i + 1] ?? first) - 1 }
    const here = chosen.filter(({ source }) => partitionsOverlap(source.partition, range))
    if (range.last < first || here.length === 0) continue
    const covered = coveredOf(unionCovered(here.map(({ source }) => source.covered)))
    const metas = here.map(({ source }) => source.reader.meta)
    const minTimeMs = Math.min(...metas.map((meta) => meta.minTimeMs))
    const maxTimeMs = Math.max(...metas.map((meta) => meta.maxTimeMs))
    const before = stretches.at(-1)
    if (before?.last === first - 1 && JSON.stringify(before.covered) === JSON.stringify(covered))
      stretches[stretches.length - 1] = { ...before, last: range.last }
    else stretches.push({ ...range, covered, minTimeMs, maxTimeMs })
  }
  return stretches
}

/** Every series with all of its sources, in the order of partitions. */
export function planSeries(chosen: readonly ChosenSource<Origin>[]): PlannedSeries[] {
  const byLabels = new Map<
    string,
    { labels: Labels; sources: PlannedSeries['sources'][number][]; estimateBytes: number }
  >()
  const inTime = chosen.toSorted((a, b) => a.source.reader.meta.minTimeMs - b.source.reader.meta.minTimeMs)
  for (const { source, exclude } of inTime) {
    const { reader } = source
    const all = reader.select([])
    const counts = new Map<number, number>()
    for (const series of all) {
      const { service } = reader.entry(series)
      counts.set(service, (counts.get(service) ?? 0) + 1)
    }
    for (const series of all) {
      const labels = reader.labels(series)
      const key = labelsKey(labels)
      const known = byLabels.get(key) ?? { labels, sources: [], estimateBytes: 0 }
      byLabels.set(key, known)
      const entry = reader.entry(series)
      known.sources.push({ reader, series, exclude: exclude?.(labels) })
      known.estimateBytes +=
        entry.rows.length +
        entry.sums.length +
        entry.totals.length +
        entry.groups.reduce((sum, { body, kept }) => sum + body.length + kept.length, 0)
    }
  }
  return [...byLabels.values()]
    .map((each) => ({ ...each, partition: partitionOf(each.labels) }))
    .sort((a, b) => a.partition - b.partition)
}

export interface SeriesRun {
  readonly first: number
  readonly series: readonly PlannedSeries[]
  readonly estimateBytes: number
}

/** Series that are written together: a service, or as much of one as may go into one block. */
export function runsOf(all: readonly PlannedSeries[], range: PartitionRange, maxBytes: number): SeriesRun[] {
  const runs: { first: number; series: PlannedSeries[]; estimateBytes: number }[] = []
  for (const series of all) {
    if (series.partition < range.first || series.partition > range.last) continue
    const run = runs.at(-1)
    const isSame =
      run !== undefined && run.series[0]!.labels['service_name'] === series.labels['service_name']
    // Equal places, one in 2^20 of a service, stay together: a range cannot tell them apart.
    const isPlaceTaken = run?.series.at(-1)?.partition === series.partition
    if (isSame && (isPlaceTaken || run.estimateBytes + series.estimateBytes <= maxBytes)) {
      run.series.push(series)
      run.estimateBytes += series.estimateBytes
    } else runs.push({ first: series.partition, series: [series], estimateBytes: series.estimateBytes })
  }
  return runs
}
