import type { BlockBuilder, EncodedBlock } from '../block/block-builder.ts'
import type { BlockVersion } from '../block/block-format.ts'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { tombstoneKey } from '../block/tombstone.ts'
import type { Bucket } from '../bucket/bucket.ts'
import { type ImportPlan, type PlannedProfile, readBody } from './plan-import.ts'

export interface WriteOptions {
  readonly bucket: Bucket
  readonly stdin?: Uint8Array
  readonly signal?: AbortSignal
  /** Called after each profile. */
  readonly onProgress?: (profileCount: number) => void
  /** Of the format; its default without it. */
  readonly version?: BlockVersion
  /** A block ends before it takes more memory than this. */
  readonly maxHeldBytes?: number
}

export interface WrittenBlocks {
  readonly blocks: readonly WrittenBlock[]
  /** Files that could be read for the plan and then no more. */
  readonly problems: readonly string[]
}

export interface WrittenBlock {
  /** Below `blocks/`. */
  readonly key: string
  readonly sizeBytes: number
  readonly profileCount: number
  /** `there`: an import of the same files brought it before. `deleted`: and somebody deleted it since. */
  readonly outcome: 'new' | 'there' | 'deleted'
}

/**
 * Brings what is planned to the bucket, a block per day or less. A block that is there already is left alone; it is
 * the same, byte for byte. Rejects where the bucket does not take one: what was written stays, and a second run goes on.
 */
export async function writeBlocks(plan: ImportPlan, options: WriteOptions): Promise<WrittenBlocks> {
  const { signal, maxHeldBytes = defaultMaxHeldBytes } = options
  const blocks: WrittenBlock[] = []
  const problems: string[] = []
  let builder = createBlockBuilder()
  let day = ''
  const finish = async () => {
    if (builder.attemptCount > 0) blocks.push(await putBlock(builder, options))
    builder = createBlockBuilder()
  }
  for (const [index, profile] of plan.profiles.entries()) {
    signal?.throwIfAborted()
    const isFull =
      builder.heldBytes >= maxHeldBytes ||
      builder.symbolBytes >= maxSymbolBytes ||
      builder.attemptCount >= maxProfiles
    const profileDay = new Date(profile.timeMs).toISOString().slice(0, 10)
    if (isFull || profileDay !== day) await finish()
    day = profileDay
    try {
      append(builder, profile, await readBody(profile.path, options.stdin))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
      problems.push(`${profile.path}: ${(error as Error).message}`)
    }
    options.onProgress?.(index + 1)
  }
  await finish()
  return { blocks, problems }
}

function append(builder: BlockBuilder, { series, timeMs }: PlannedProfile, body: Uint8Array): void {
  const attempt = { labels: series.labels, timeMs, durationMs: 0, health: 'ok', httpStatus: 0, body } as const
  builder.append(attempt, { writer: `import-${series.hash}`, seq: timeMs })
}

async function putBlock(builder: BlockBuilder, options: WriteOptions): Promise<WrittenBlock> {
  const { bucket, signal, version } = options
  const encoding = version === undefined ? {} : { version }
  const encoded = (await builder.encodeInSlices({ compression: 'dense', ...encoding })) as EncodedBlock
  const { key, bytes, meta } = encoded
  if (meta.attemptCount !== builder.attemptCount) {
    throw new Error(`make block "${key}": holds ${meta.attemptCount} attempts, want ${builder.attemptCount}`)
  }
  const read = signal === undefined ? {} : { signal }
  const written = { key, sizeBytes: bytes.length, profileCount: meta.profileCount }
  if (await isThere(bucket, tombstoneKey(key), read)) return { ...written, outcome: 'deleted' }
  if (await isThere(bucket, `blocks/${key}`, read)) return { ...written, outcome: 'there' }
  await bucket.put(`blocks/${key}`, bytes, read)
  return { ...written, outcome: 'new' }
}

async function isThere(
  bucket: Bucket,
  key: string,
  options: { readonly signal?: AbortSignal },
): Promise<boolean> {
  try {
    await bucket.stat(key, options)
    return true
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'NOT_FOUND') return false
    throw error
  }
}

const defaultMaxHeldBytes = 128 * 1024 * 1024
const maxSymbolBytes = 64 * 1024 * 1024
/** Each is an interval of its own in what the block covers. */
const maxProfiles = 50_000
