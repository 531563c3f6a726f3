import { openBlock } from '../block/open-block.ts'
import type { Bucket } from '../bucket/bucket.ts'
import { isBucketError } from '../bucket/errors.ts'
import type { Deletions } from './deletions.ts'
import { planBlock } from './plan-block.ts'
import { noRules } from './policy.ts'
import { rewriteBlocks } from './rewrite-blocks.ts'
import { maySelect, type Selection } from './selection.ts'
import type { StoredBlock } from './stored-blocks.ts'
import { storedSource } from './stored-source.ts'

export interface EraseOptions {
  readonly bucket: Bucket
  readonly deletions: Deletions
  /** For blocks on their way. */
  readonly directory: string
  readonly nowMs: number
  readonly signal: AbortSignal
  /** Only find out what it would do. */
  readonly isDryRun?: boolean
}

/** What was done to a block, or would be: rewritten without what was erased, or removed where nothing was left. */
export interface ErasedBlock {
  readonly block: StoredBlock
  readonly action: 'rewrite' | 'delete'
  readonly goneProfiles: number
  /** Estimate. */
  readonly goneBytes: number
}

/**
 * Erases selections from one block. Undefined where it holds nothing of them. A block that was deleted but could be
 * brought back is removed at once: what was erased must not come back with it. Throws as `rewriteBlocks`.
 */
export async function eraseFromBlock(
  block: StoredBlock,
  erasures: readonly Selection[],
  options: EraseOptions,
): Promise<ErasedBlock | undefined> {
  const { bucket, deletions, directory, nowMs, signal, isDryRun = false } = options
  const touching = erasures.filter((erasure) => maySelect(erasure, block))
  if (touching.length === 0) return undefined
  let plan: Awaited<ReturnType<typeof planBlock>>
  try {
    const reader = await openBlock(storedSource(bucket, block), { signal })
    plan = await planBlock(reader, { ...noRules, erasures: touching }, { block: { ...block, nowMs }, signal })
  } catch (error) {
    // Gone since it was listed: what took its place is in the next listing.
    if (isBucketError(error, 'NOT_FOUND')) return undefined
    throw error
  }
  if (plan === undefined) return undefined
  const { policy, goneProfiles, goneBytes } = plan
  const action = block.isDeleted ? 'delete' : plan.action
  const erased: ErasedBlock = { block, action, goneProfiles, goneBytes }
  if (isDryRun) return erased
  if (block.isDeleted) {
    const tombstone = { reason: 'erased', atMs: nowMs, sizeBytes: block.sizeBytes }
    await deletions.remove(block.key, tombstone, { signal })
    return erased
  }
  if (action === 'rewrite') {
    const level = block.level + 1
    const { outputs } = await rewriteBlocks([block], { bucket, directory, level, policy, signal })
    await deletions.uncover(outputs, { signal })
  }
  await deletions.tombstone(block, 'erased', { nowMs, signal })
  return erased
}
