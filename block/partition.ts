import { createHash } from 'node:crypto'
import { type Labels, labelsHash } from '../profile/labels.ts'

/**
 * Series stand in a row by a number of 52 bits: 32 of the hash of their service's name, so that a service's series
 * stand together, then 20 of the hash of their labels, so that even one service can be divided. A block whose
 * compaction was split holds a range of that row, and covers what it covers for series of that range alone.
 */
export interface PartitionRange {
  /** Both inclusive. */
  readonly first: number
  readonly last: number
}

export const wholePartition: PartitionRange = { first: 0, last: 2 ** 52 - 1 }

/** Part of what blocks say, so it never changes: SHA-256 of `service_name`, then of the labels as in `labelsHash`. */
export function partitionOf(labels: Labels): number {
  return (
    servicePartition(labels['service_name'] ?? '').first + Number.parseInt(labelsHash(labels).slice(0, 5), 16)
  )
}

/** Where all series of a service stand. Two names may share it, by chance of one in 2^32. */
export function servicePartition(serviceName: string): PartitionRange {
  const first = createHash('sha256').update(serviceName).digest().readUInt32BE(0) * labelsSpan
  return { first, last: first + labelsSpan - 1 }
}

export function isWhole({ first, last }: PartitionRange): boolean {
  return first === wholePartition.first && last === wholePartition.last
}

export function partitionsOverlap(a: PartitionRange, b: PartitionRange): boolean {
  return a.first <= b.last && b.first <= a.last
}

export function partitionContains(outer: PartitionRange, inner: PartitionRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last
}

const labelsSpan = 2 ** 20
