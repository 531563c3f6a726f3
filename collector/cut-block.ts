import { rm } from 'node:fs/promises'
import type { BlockBuilder, EncodedBlock } from '../block/block-builder.ts'
import type { BlockVersion } from '../block/block-format.ts'
import { syncDirectory } from '../lib/sync-directory.ts'
import type { Generation } from './generation.ts'
import type { PendingBlock, PendingBlocks } from './pending-blocks.ts'
import { moveAside } from './wal/read-log.ts'
import { listSegments } from './wal/segment-files.ts'
import type { WalWriter } from './wal/wal-writer.ts'

export interface CutOptions {
  readonly wal: WalWriter
  readonly walDirectory: string
  readonly pending: PendingBlocks
  readonly version?: BlockVersion | undefined
  readonly onBlock?: (block: PendingBlock, encoded: EncodedBlock) => void
  readonly onKeptAside?: (path: string) => void
}

/**
 * Turns a frozen generation into blocks in `pending/` and drops its part of the log. May fail at any place
 * (a full disk, say) and be called again: what was cut stays cut.
 *
 * The order is what keeps everything exactly once. Block file, then `cut` record, then the segments: a crash
 * after the file leaves attempts in both, and replay leaves out what a pending block covers; once the file may
 * be uploaded and deleted, the record says the same.
 */
export async function cutGeneration(generation: Generation, options: CutOptions): Promise<void> {
  const { wal, walDirectory, pending } = options
  for (const builder of generation.builders()) {
    const encoded = await encodeAll(builder, options.version)
    const block = await pending.write(encoded)
    await wal.appendCut({ key: block.key, covered: block.covered })
    // In one turn of the event loop, so that no query sees both or neither.
    pending.add(block)
    generation.drop(builder)
    options.onBlock?.(block, encoded)
  }
  await deleteSegments(walDirectory, generation, options)
}

/** Oldest first: a `cut` record must outlive what it covers, and lies in a later segment. */
async function deleteSegments(directory: string, generation: Generation, options: CutOptions): Promise<void> {
  for (const { number, path } of await listSegments(directory)) {
    if (number >= generation.endSegment) break
    if (generation.damagedSegments.has(number)) options.onKeptAside?.(await moveAside(path))
    else await rm(path, { force: true })
  }
  await syncDirectory(directory)
}

async function encodeAll(builder: BlockBuilder, version: BlockVersion | undefined): Promise<EncodedBlock> {
  const encoded = await builder.encodeInSlices({
    compression: 'dense',
    ...(version === undefined ? {} : { version }),
  })
  if (encoded === undefined) throw new Error('cut a block: the head encodes to nothing')
  const { attemptCount } = encoded.meta
  if (attemptCount !== builder.attemptCount) {
    throw new Error(
      `cut block "${encoded.key}": holds ${attemptCount} attempts, want ${builder.attemptCount}`,
    )
  }
  return encoded
}
