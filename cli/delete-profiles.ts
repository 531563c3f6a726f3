import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bucket } from '../bucket/bucket.ts'
import { Deletions } from '../compact/deletions.ts'
import { type ErasedBlock, eraseFromBlock } from '../compact/erase.ts'
import { addErasure } from '../compact/erasures.ts'
import type { Selection } from '../compact/selection.ts'
import { listStoredBlocks, type StoredBlock } from '../compact/stored-blocks.ts'
import { selectionOf } from '../compact/stored-selection.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import { formatDuration } from '../lib/duration.ts'
import { shutdownSignal } from '../lib/lifecycle/shutdown-signal.ts'
import { plural } from '../lib/plural.ts'
import type { DeleteValues } from './delete-command.ts'
import { inBucket } from './in-bucket.ts'
import { readSelection } from './selection-options.ts'
import { formatTable } from './table.ts'

/** `conprof delete` */
export function deleteProfiles(values: DeleteValues): Promise<void> {
  const selection = readSelection(values, 'delete')
  return inBucket(values, async (bucket) => {
    const signal = shutdownSignal()
    const directory = await mkdtemp(join(tmpdir(), 'conprof-delete-'))
    try {
      const eraser = new Eraser(bucket, { selections: [selectionOf(selection)], directory, signal })
      if (!values.yes) {
        show(await eraser.round({ isDryRun: true }), bucket)
        process.stdout.write('Nothing was done: --yes does it, and nothing brings it back.\n')
        return
      }
      // First of all, so that a compactor that works on some of it just now erases it from what it makes.
      await addErasure(bucket, selection)
      const erased: ErasedBlock[] = []
      for (;;) {
        const round = await eraser.round({ isDryRun: false })
        erased.push(...round)
        if (round.length === 0) break
        process.stdout.write(
          `${plural(round.length, 'block')} erased from; ${formatDuration(values.readersWait)} for readers that listed them before\n`,
        )
        await sleep(values.readersWait, undefined, { signal })
        await eraser.removeSources()
      }
      show(erased, bucket)
      process.stdout.write(
        'Erased. What collectors or a running compaction bring within 30 days is erased by the next pass of conprof compact.\n',
      )
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
}

interface EraserOptions {
  readonly selections: readonly Selection[]
  /** For blocks on their way. */
  readonly directory: string
  readonly signal: AbortSignal
}

class Eraser {
  readonly #bucket: Bucket
  readonly #options: EraserOptions
  readonly #deletions: Deletions
  #sources: StoredBlock[] = []

  constructor(bucket: Bucket, options: EraserOptions) {
    this.#bucket = bucket
    this.#options = options
    const tombstoned = (block: StoredBlock) => void this.#sources.push(block)
    this.#deletions = new Deletions({ bucket, events: { tombstoned, gone: () => {} } })
  }

  /** Every block that holds some of it now. */
  async round({ isDryRun }: { readonly isDryRun: boolean }): Promise<ErasedBlock[]> {
    const { selections, directory, signal } = this.#options
    const erased: ErasedBlock[] = []
    for (const block of await listStoredBlocks(this.#bucket, { signal })) {
      // What this very command has hidden goes as soon as readers are done with it.
      if (this.#sources.some(({ key }) => key === block.key)) continue
      const found = await eraseFromBlock(block, selections, {
        ...{ bucket: this.#bucket, deletions: this.#deletions, directory, signal, isDryRun },
        nowMs: Date.now(),
      })
      if (found !== undefined) erased.push(found)
    }
    return erased
  }

  async removeSources(): Promise<void> {
    const { signal } = this.#options
    for (const { key, sizeBytes } of this.#sources.splice(0)) {
      await this.#deletions.remove(key, { reason: 'erased', atMs: Date.now(), sizeBytes }, { signal })
    }
  }
}

function show(erased: readonly ErasedBlock[], bucket: Bucket): void {
  const rows = erased.map(({ block, action, goneProfiles, goneBytes }) => [
    block.key,
    block.isDeleted ? 'gone for good' : action === 'delete' ? 'nothing is left' : 'rewritten',
    `${goneProfiles}`,
    formatByteSize(goneBytes),
  ])
  const profiles = erased.reduce((sum, { goneProfiles }) => sum + goneProfiles, 0)
  if (rows.length > 0) {
    process.stdout.write(formatTable(['block', 'becomes', ' profiles', ' about'], rows))
  }
  process.stdout.write(
    `${plural(profiles, 'profile')} in ${plural(erased.length, 'block')}, in ${bucket.name}\n`,
  )
}
