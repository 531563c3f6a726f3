import { createHash } from 'node:crypto'
import type { Covered } from './block-reader.ts'
import { isWhole, type PartitionRange } from './partition.ts'

/** A block's key below `blocks/`, taken apart. */
export interface BlockKey {
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly level: number
  readonly id: string
}

/** `<yyyy-mm-dd>/<minTime>-<maxTime>-<level>-<id>.block`; times inclusive, 13 digits of unix ms, the day is UTC's. */
export function formatBlockKey(key: BlockKey): string {
  const day = new Date(key.minTimeMs).toISOString().slice(0, 10)
  return `${day}/${digits(key.minTimeMs)}-${digits(key.maxTimeMs)}-${key.level}-${key.id}.block`
}

/** Undefined for what is no block's key. A prefix before the day is left alone. */
export function parseBlockKey(key: string): BlockKey | undefined {
  const match = /(?:^|\/)\d{4}-\d\d-\d\d\/(\d{13})-(\d{13})-(\d+)-([0-9a-f]{16})\.block$/.exec(key)
  if (match === null) return undefined
  return { minTimeMs: Number(match[1]), maxTimeMs: Number(match[2]), level: Number(match[3]), id: match[4]! }
}

/** The same attempts make the same id, so a repeated cut or upload is the same object. */
export function blockId({
  covered,
  partition,
  altered,
}: {
  readonly covered: readonly Covered[]
  readonly partition: PartitionRange
  /** A digest of what is not as it was scraped any more, where rows were thinned or dropped. */
  readonly altered?: string | undefined
}): string {
  const text = covered.map(
    ({ writer, intervals }) => `${writer}:${intervals.map((i) => `${i.first}-${i.last}`)}`,
  )
  if (!isWhole(partition)) text.push(`${partition.first}-${partition.last}`)
  if (altered !== undefined) text.push(altered)
  return createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 16)
}

function digits(timeMs: number): string {
  return String(timeMs).padStart(13, '0')
}
