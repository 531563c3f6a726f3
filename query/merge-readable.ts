import type { BlockReader } from '../block/block-reader.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import { type MergeOptions, mergeProfiles } from './merge-profiles.ts'
import { missing } from './missing.ts'
import type { SeriesPart } from './select.ts'

/**
 * As `mergeProfiles`, but a block whose bodies cannot be read is left out and becomes a warning. Rejects with the
 * first block's error where none can be read, and at once where the signal is aborted.
 */
export async function mergeReadable(
  parts: readonly SeriesPart[],
  options: MergeOptions,
): Promise<MergedProfile> {
  try {
    return await mergeProfiles(parts, options)
  } catch (error) {
    const partsOf = Map.groupBy(parts, ({ reader }) => reader)
    if (options.signal?.aborted) throw error
    if (partsOf.size <= 1) {
      // Without a code the fault is not the block's.
      if ((error as { readonly code?: unknown }).code !== undefined) parts[0]?.onUnreadable?.(error)
      throw error
    }
    // Rare, so each block is simply tried on its own: an error does not always know where it comes from.
    const failed = new Map<BlockReader, Error>()
    for (const [reader, own] of partsOf) {
      try {
        await mergeProfiles(own, options)
      } catch (reason) {
        options.signal?.throwIfAborted()
        own[0]?.onUnreadable?.(reason)
        failed.set(reader, reason as Error)
      }
    }
    if (failed.size === 0 || failed.size === partsOf.size) throw error
    const merged = await mergeProfiles(
      parts.filter(({ reader }) => !failed.has(reader)),
      options,
    )
    const warnings = [...failed].map(([{ name }, reason]) => missing(`block ${name} is`, reason))
    return { ...merged, warnings: [...merged.warnings, ...warnings] }
  }
}
