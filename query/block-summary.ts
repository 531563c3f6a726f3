import type { BlockReader, Covered } from '../block/block-reader.ts'
import type { PartitionRange } from '../block/partition.ts'
import type { Matcher } from '../profile/matcher.ts'

/** Which labels there are, of a block or of what a reader has of it. */
export interface LabelsView {
  labelNames(): readonly string[]
  labelValues(name: string): readonly string[]
}

/** What there is to know of a block to plan with it, and to tell its labels: a small part of what a reader holds. */
export interface BlockSummary extends LabelsView {
  readonly covered: readonly Covered[]
  readonly partition: PartitionRange
  /** About how much memory it holds, in bytes. */
  readonly costBytes: number
  /** False only where no series matches. */
  mayMatch(matchers: readonly Matcher[]): boolean
}

export function summarize(reader: BlockReader): BlockSummary {
  const { covered, partition } = reader.meta
  const values = new Map(reader.labelNames().map((name) => [name, reader.labelValues(name)]))
  let costBytes = baseBytes
  for (const { intervals } of covered) costBytes += intervalBytes * (intervals.length + 2)
  for (const texts of values.values()) for (const text of texts) costBytes += stringBytes + text.length
  return {
    covered,
    partition,
    costBytes,
    labelNames: () => [...values.keys()],
    labelValues: (name) => values.get(name) ?? [],
    // What a series lacks is the empty value.
    mayMatch: (matchers) =>
      matchers.every(
        (matcher) =>
          matcher.matches('') || (values.get(matcher.name) ?? []).some((value) => matcher.matches(value)),
      ),
  }
}

const baseBytes = 900
const intervalBytes = 64
const stringBytes = 32
