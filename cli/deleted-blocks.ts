import { parseBlockKey } from '../block/block-key.ts'
import type { Tombstone } from '../block/tombstone.ts'
import type { Bucket } from '../bucket/bucket.ts'
import { type DeletionEvents, Deletions, finalAfterMs } from '../compact/deletions.ts'
import { confirmHalt } from '../compact/halt.ts'
import { undelete } from '../compact/undelete.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import { formatDuration } from '../lib/duration.ts'
import { plural } from '../lib/plural.ts'
import { type BucketValues, inBucket } from './in-bucket.ts'

export function listDeletions(bucket: Bucket): Promise<ReadonlyMap<string, Tombstone>> {
  return new Deletions({ bucket, events: silent }).list()
}

/** `time, goes for good in 47h12m` */
export function formatDeletion({ reason, atMs }: Tombstone, nowMs: number = Date.now()): string {
  if (reason === 'erased') return 'erased'
  const leftMs = atMs + finalAfterMs - nowMs
  const minutesMs = Math.ceil(leftMs / 60_000) * 60_000
  return `${reason}, ${leftMs > 0 ? `goes for good in ${formatDuration(minutesMs)}` : 'goes for good soon'}`
}

/** `conprof block undelete` */
export function undeleteBlocks(
  names: readonly string[],
  values: BucketValues & { readonly since?: number },
): Promise<void> {
  return inBucket(values, async (bucket) => {
    const nowMs = Date.now()
    const deletions = new Deletions({ bucket, events: silent })
    const deleted = await deletions.list()
    const { since } = values
    const chosen = names.map((name) => findDeleted(bucket, name, [...deleted.keys()]))
    if (since !== undefined) {
      for (const [key, { atMs, reason }] of deleted)
        if (nowMs - atMs <= since && reason !== 'erased' && reason !== 'undone') chosen.push(key)
    } else if (names.length === 0) {
      throw new Error(
        'undelete: want blocks, or --since=<duration>; conprof block ls shows which are deleted',
      )
    }
    // The last that was made of others first: what it gives way to may be among them.
    const order = [...new Set(chosen)].sort((a, b) => levelOf(b) - levelOf(a))
    const { signal } = new AbortController()
    for (const key of order) {
      const { block, replaced, isIn } = await undelete(key, { bucket, deletions, nowMs, signal })
      if (isIn !== undefined) {
        process.stdout.write(
          `${block.key}: stays deleted; what is left of it is merged into ${isIn.join(', ')}\n`,
        )
        continue
      }
      const instead =
        replaced.length === 0 ? '' : `, instead of ${replaced.map((each) => each.key).join(', ')}`
      process.stdout.write(`${block.key}: ${formatByteSize(block.sizeBytes)} are back${instead}\n`)
    }
    process.stdout.write(
      order.length === 0
        ? `nothing to bring back in ${bucket.name}\n`
        : 'Retention deletes them again within the hour, unless its rules change first, or conprof pin holds them.\n',
    )
  })
}

function findDeleted(bucket: Bucket, name: string, keys: readonly string[]): string {
  const found = keys.filter((key) => key.endsWith(name) || key.endsWith(`${name}.block`))
  const [key] = found
  if (key !== undefined && found.length === 1) return key
  throw new Error(`find deleted block "${name}" in ${bucket.name}: ${found.length} end so, want 1`)
}

/** `conprof block confirm-deletion` */
export function confirmDeletion(values: BucketValues): Promise<void> {
  return inBucket(values, async (bucket) => {
    const halt = await confirmHalt(bucket, { nowMs: Date.now() })
    if (halt === undefined) throw new Error(`confirm deletion in ${bucket.name}: retention has not halted`)
    const { blocks, bytes, liveBytes, reasons } = halt
    const why = Object.entries(reasons).map(([reason, count]) => `${count} for ${reason}`)
    process.stdout.write(
      `confirmed: the next pass within 24 h deletes up to ${formatByteSize(bytes)} of ${formatByteSize(liveBytes)}, ${plural(blocks, 'block')} (${why.join(', ')}), in ${bucket.name}\n`,
    )
  })
}

const silent: DeletionEvents = { tombstoned: () => {}, gone: () => {} }

function levelOf(blockKey: string): number {
  return parseBlockKey(blockKey)?.level ?? 0
}
