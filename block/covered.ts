import type { Labels } from '../profile/labels.ts'
import type { Covered, SeqInterval } from './block-reader.ts'
import { type PartitionRange, partitionContains, partitionOf, partitionsOverlap } from './partition.ts'

/** Which positions of which logs are known: per writer, ascending, disjoint, not adjacent. */
export type CoveredSet = ReadonlyMap<string, readonly SeqInterval[]>

export function unionCovered(parts: Iterable<readonly Covered[]>): CoveredSet {
  const all = new Map<string, SeqInterval[]>()
  for (const covered of parts) {
    for (const { writer, intervals } of covered) {
      const known = all.get(writer)
      if (known === undefined) all.set(writer, [...intervals])
      else known.push(...intervals)
    }
  }
  const union = new Map<string, readonly SeqInterval[]>()
  for (const [writer, intervals] of all) union.set(writer, joinIntervals(intervals))
  return union
}

export function containsSeq(set: CoveredSet, writer: string, seq: number): boolean {
  const found = intervalAt(set.get(writer) ?? [], seq)
  return found !== undefined
}

/** Whether everything that `covered` states is in the set. What states nothing is in no set. */
export function coversAll(set: CoveredSet, covered: readonly Covered[]): boolean {
  let count = 0
  for (const { writer, intervals } of covered) {
    const known = set.get(writer) ?? []
    for (const interval of intervals) {
      count++
      const around = intervalAt(known, interval.first)
      if (around === undefined || around.last < interval.last) return false
    }
  }
  return count > 0
}

export function coversAny(set: CoveredSet, covered: readonly Covered[]): boolean {
  for (const { writer, intervals } of covered) {
    const known = set.get(writer) ?? []
    for (const interval of intervals) {
      const next = known[firstEndingAtOrAfter(known, interval.first)]
      if (next !== undefined && next.first <= interval.last) return true
    }
  }
  return false
}

/** A block that may take part in an answer. */
export interface Source {
  /** 0 for a head, else the block's level. */
  readonly rank: number
  /** Equal for copies of one block, such as one in the bucket and not yet gone from disk. */
  readonly id: string
  readonly covered: readonly Covered[]
  /** Of which series that is true. */
  readonly partition: PartitionRange
}

/** By a series' labels, which of its rows another block holds. */
export type Exclusion = (labels: Labels) => CoveredSet

/** A block that does take part, and what of it does not. */
export interface ChosenSource<S extends Source> {
  readonly source: S
  /** Rows that blocks of a higher rank hold; undefined where there are none. */
  readonly exclude: Exclusion | undefined
  /** Blocks of the same rank state some of the same intervals, so that a row may be in both. */
  readonly mayRepeat: boolean
}

/** What blocks of one partition cover. */
interface Cover {
  readonly partition: PartitionRange
  readonly set: CoveredSet
}

/**
 * Drops what is there twice: copies of a block, blocks that higher ranks cover, and rows that they cover. A block
 * covers for series of its partition alone, so each part of a split compaction stands for itself. Where blocks of one
 * rank overlap in both, as two compactions of different sources may, rows are compared one by one.
 */
export function chooseSources<S extends Source>(sources: readonly S[]): ChosenSource<S>[] {
  const copies = new Map<string, S>()
  for (const source of sources) if (!copies.has(source.id)) copies.set(source.id, source)
  const ranks = Map.groupBy(copies.values(), ({ rank }) => rank)
  const chosen: ChosenSource<S>[] = []
  let above: readonly Cover[] = []
  for (const rank of [...ranks.keys()].sort((a, b) => b - a)) {
    const group = ranks.get(rank)!
    const repeating = findRepeating(group)
    for (const source of group) {
      const { partition, covered } = source
      const over = above.filter(
        (cover) => partitionsOverlap(cover.partition, partition) && coversAny(cover.set, covered),
      )
      if (isCovered(source, over)) continue
      const exclude = over.length === 0 ? undefined : exclusionBy(over, partition)
      chosen.push({ source, exclude, mayRepeat: repeating.has(source) })
    }
    above = joinCovers([...above, ...group.map((source) => coverOf(source))])
  }
  return chosen
}

function coverOf({ partition, covered }: Source): Cover {
  return { partition, set: unionCovered([covered]) }
}

function joinCovers(covers: readonly Cover[]): Cover[] {
  const byPartition = Map.groupBy(covers, ({ partition: { first, last } }) => `${first}-${last}`)
  return [...byPartition.values()].map((group) => ({
    partition: group[0]!.partition,
    set: group.length === 1 ? group[0]!.set : unionCovered(group.map(({ set }) => coveredOf(set))),
  }))
}

/** In every stretch of the source's partition in which the same covers hold. */
function isCovered({ partition, covered }: Source, covers: readonly Cover[]): boolean {
  const starts = [partition.first]
  for (const { partition: other } of covers)
    for (const start of [other.first, other.last + 1])
      if (start > partition.first && start <= partition.last) starts.push(start)
  return [...new Set(starts)].every((start) => {
    const here = covers.filter((cover) => cover.partition.first <= start && start <= cover.partition.last)
    const set = here.length === 1 ? here[0]!.set : unionCovered(here.map((cover) => coveredOf(cover.set)))
    return coversAll(set, covered)
  })
}

function exclusionBy(covers: readonly Cover[], partition: PartitionRange): Exclusion {
  if (covers.every((cover) => partitionContains(cover.partition, partition))) {
    const set =
      covers.length === 1 ? covers[0]!.set : unionCovered(covers.map((cover) => coveredOf(cover.set)))
    return () => set
  }
  return (labels) => {
    const place = partitionOf(labels)
    const here = covers.filter((cover) => cover.partition.first <= place && place <= cover.partition.last)
    if (here.length === 1) return here[0]!.set
    return unionCovered(here.map((cover) => coveredOf(cover.set)))
  }
}

/** Those that share an interval and a part of their partition with another. */
function findRepeating<S extends Source>(group: readonly S[]): Set<S> {
  const byWriter = new Map<string, { readonly first: number; readonly last: number; readonly source: S }[]>()
  for (const source of group)
    for (const { writer, intervals } of source.covered) {
      const list = byWriter.get(writer) ?? []
      byWriter.set(writer, list)
      for (const { first, last } of intervals) list.push({ first, last, source })
    }
  const repeating = new Set<S>()
  for (const list of byWriter.values()) {
    list.sort((a, b) => a.first - b.first)
    let open: typeof list = []
    for (const interval of list) {
      open = open.filter(({ last }) => last >= interval.first)
      for (const { source } of open) {
        if (source === interval.source || !partitionsOverlap(source.partition, interval.source.partition))
          continue
        repeating.add(source).add(interval.source)
      }
      open.push(interval)
    }
  }
  return repeating
}

/** As a block states it. */
export function coveredOf(set: CoveredSet): Covered[] {
  return [...set].map(([writer, intervals]) => ({ writer, intervals }))
}

function joinIntervals(intervals: SeqInterval[]): SeqInterval[] {
  intervals.sort((a, b) => a.first - b.first)
  const joined: SeqInterval[] = []
  for (const interval of intervals) {
    const last = joined.at(-1)
    if (last === undefined || interval.first > last.last + 1) joined.push(interval)
    else if (interval.last > last.last) joined[joined.length - 1] = { first: last.first, last: interval.last }
  }
  return joined
}

function intervalAt(intervals: readonly SeqInterval[], seq: number): SeqInterval | undefined {
  const interval = intervals[firstEndingAtOrAfter(intervals, seq)]
  return interval !== undefined && interval.first <= seq ? interval : undefined
}

function firstEndingAtOrAfter(intervals: readonly SeqInterval[], seq: number): number {
  let low = 0
  let high = intervals.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (intervals[middle]!.last < seq) low = middle + 1
    else high = middle
  }
  return low
}
