import { tombstoneKey } from '../block/tombstone.ts'
import type { Bucket } from '../bucket/bucket.ts'
import { CoverageReader } from './coverage-reader.ts'
import type { Deletions } from './deletions.ts'
import { isCoveredBy } from './placed-block.ts'
import { listStoredBlocks, type StoredBlock } from './stored-blocks.ts'

export interface UndeleteOptions {
  readonly bucket: Bucket
  readonly deletions: Deletions
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** What became of a block that was to come back. */
export interface Undeleted {
  readonly block: StoredBlock
  /** Blocks that were made of it, without what went: they give way to it. */
  readonly replaced: readonly StoredBlock[]
  /** Blocks that hold what is left of it, merged with others, and would hide it: nothing was done. */
  readonly isIn?: readonly string[]
}

/**
 * Brings a deleted block back: its tombstone goes, then whatever was made of it alone. So readers see it in the one or
 * the other, never in neither. Throws where it is gone for good, or was erased.
 */
export async function undelete(blockKey: string, options: UndeleteOptions): Promise<Undeleted> {
  const { bucket, deletions, nowMs, signal } = options
  const wrong = (seen: string) => new Error(`undelete block ${blockKey} of ${bucket.name}: ${seen}`)
  const tombstone = (await deletions.list({ signal })).get(blockKey)
  if (tombstone === undefined) throw wrong('it is not deleted')
  if (tombstone.reason === 'erased') throw wrong('it was erased, which is for good')
  const blocks = await listStoredBlocks(bucket, { signal })
  const block = blocks.find(({ key }) => key === blockKey)
  if (block === undefined) throw wrong('it is gone for good')

  const above = blocks.filter(
    ({ isDeleted, level, minTimeMs, maxTimeMs }) =>
      !isDeleted && level > block.level && minTimeMs <= block.maxTimeMs && maxTimeMs >= block.minTimeMs,
  )
  // One that does not read hides nothing.
  const coverage = new CoverageReader({ bucket, onUnreadable: () => {} })
  const [own, ...others] = await coverage.place([block, ...above], { signal })
  if (own === undefined || own.key !== blockKey) throw wrong('it does not read')
  const replaced = others.filter((other) => isCoveredBy(other, [own]))
  const merged = others.filter((other) => !replaced.includes(other))
  if (merged.length > 0 && isCoveredBy(own, merged))
    return { block, replaced: [], isIn: merged.map(({ key }) => key) }

  await bucket.delete(tombstoneKey(blockKey), { signal })
  for (const other of replaced) await deletions.tombstone(other, 'undone', { nowMs, signal })
  return { block: { ...block, isDeleted: false }, replaced }
}
