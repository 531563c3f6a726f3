import type { Covered, SeqInterval } from '../block/block-reader.ts'

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
}

/** A block that does take part, and what of it does not. */
export interface ChosenSource<S extends Source> {
  readonly source: S
  /** Rows that blocks of a higher rank hold; undefined where there are none. */
  readonly exclude: CoveredSet | undefined
  /** Blocks of the same rank state some of the same intervals, so that a row may be in both. */
  readonly mayRepeat: boolean
}

/**
 * Drops what is there twice: copies of a block, blocks that higher ranks cover, and rows that they cover.
 * Blocks of one rank do not cover each other: a compaction's output is split by services, and its parts state
 * the same intervals. Where they overlap, rows are compared one by one.
 */
export function chooseSources<S extends Source>(sources: readonly S[]): ChosenSource<S>[] {
  const copies = new Map<string, S>()
  for (const source of sources) if (!copies.has(source.id)) copies.set(source.id, source)
  const ranks = Map.groupBy(copies.values(), ({ rank }) => rank)
  const chosen: ChosenSource<S>[] = []
  let above: CoveredSet = new Map()
  for (const rank of [...ranks.keys()].sort((a, b) => b - a)) {
    const group = ranks.get(rank)!
    for (const source of group) {
      if (coversAll(above, source.covered)) continue
      const others = unionCovered(group.filter((other) => other !== source).map(({ covered }) => covered))
      chosen.push({
        source,
        exclude: coversAny(above, source.covered) ? above : undefined,
        mayRepeat: coversAny(others, source.covered),
      })
    }
    above = unionCovered([...group.map(({ covered }) => covered), coveredOf(above)])
  }
  return chosen
}

function coveredOf(set: CoveredSet): Covered[] {
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
