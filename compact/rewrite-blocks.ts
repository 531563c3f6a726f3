import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { BlockVersion } from '../block/block-format.ts'
import type { BlockMeta, BlockReader } from '../block/block-reader.ts'
import { type CompactedBlock, compactBlocks, type Policy } from '../block/compact-blocks.ts'
import { isBlockError } from '../block/errors.ts'
import { openBlock } from '../block/open-block.ts'
import { verifyCompaction } from '../block/verify-compaction.ts'
import type { Bucket } from '../bucket/bucket.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { download } from './download.ts'
import { isCoveredBy } from './placed-block.ts'
import { blocksPrefix, listTombstones, type StoredBlock } from './stored-blocks.ts'
import { localSource, storedSource } from './stored-source.ts'

export interface RewriteOptions {
  readonly bucket: Bucket
  /** Where a folder is made for the sources and the outputs, and removed again. */
  readonly directory: string
  /** Of the outputs: above every source's. */
  readonly level: number
  readonly signal: AbortSignal
  /** What becomes of rows; all stay without it. */
  readonly policy?: Policy | undefined
  readonly maxBlockBytes?: number | undefined
  /** Which version of the format is written. */
  readonly version?: BlockVersion | undefined
  /** Series done, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

export interface Rewritten {
  /** None where the policy dropped everything; nothing covers the sources then. */
  readonly outputs: readonly CompactedBlock[]
  readonly readBytes: number
  readonly writtenBytes: number
}

/** Why sources stay as they are. */
export class RewriteError extends Error {
  /** `UNREADABLE`, `TOO_NEW`: the named source. `WRONG`: what was made of them. `CHANGED`: somebody deleted one. */
  readonly code: 'UNREADABLE' | 'TOO_NEW' | 'WRONG' | 'CHANGED'
  /** The source's key below `blocks/`. */
  readonly block: string | undefined

  constructor(
    code: RewriteError['code'],
    message: string,
    options: { readonly block?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'RewriteError'
    this.code = code
    this.block = options.block
  }
}

/**
 * Makes blocks of a higher level of these and brings them into the bucket, proven equal before, and again by their
 * tails after. The sources stay: who covers them hides them, and they are deleted later. Ended at any point, it leaves
 * nothing that a reader could see, or outputs that count as they are. Throws a RewriteError, or the bucket's.
 */
export async function rewriteBlocks(
  sources: readonly StoredBlock[],
  options: RewriteOptions,
): Promise<Rewritten> {
  const { directory, signal } = options
  await makeDirectory(directory)
  const folder = await mkdtemp(join(directory, 'job-'))
  try {
    await using files = new AsyncDisposableStack()
    const readers: BlockReader[] = []
    for (const [index, source] of sources.entries()) {
      readers.push(await fetchSource(source, { ...options, path: join(folder, `source-${index}`), files }))
    }
    const outputs = await compact(readers, { ...options, folder })
    await checkNotDeleted(sources, options)
    for (const output of outputs) await store(output, options)
    return {
      outputs,
      readBytes: sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      writtenBytes: outputs.reduce((sum, { meta }) => sum + meta.sizeBytes, 0),
    }
  } catch (error) {
    // Whatever broke because of it.
    signal.throwIfAborted()
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fetchSource(
  source: StoredBlock,
  options: RewriteOptions & { readonly path: string; readonly files: AsyncDisposableStack },
): Promise<BlockReader> {
  const { bucket, path, files, signal } = options
  const object = { key: `${blocksPrefix}${source.key}`, sizeBytes: source.sizeBytes }
  await download(bucket, object, { path, signal })
  const local = files.use(await localSource(path, source.key))
  try {
    return await openBlock(local, { signal })
  } catch (error) {
    throw sourceError(error)
  }
}

async function compact(
  readers: readonly BlockReader[],
  options: RewriteOptions & { readonly folder: string },
): Promise<readonly CompactedBlock[]> {
  const { level, folder, policy, maxBlockBytes, version, onProgress, signal } = options
  const common = { sources: readers, level, directory: folder, policy, signal }
  let outputs: readonly CompactedBlock[]
  let problems: readonly string[]
  try {
    outputs = await compactBlocks({
      ...common,
      onProgress,
      ...(maxBlockBytes !== undefined && { maxBlockBytes }),
      ...(version !== undefined && { version }),
    })
    problems = [...(await verifyCompaction(readers, outputs, common)), ...coverageProblems(readers, outputs)]
  } catch (error) {
    throw sourceError(error)
  }
  if (problems.length > 0) {
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
    throw new RewriteError('WRONG', `compare blocks with what was made of them: ${problems[0]}${more}`)
  }
  return outputs
}

/** What is not covered would be there twice; what is covered and not held would be gone. */
function coverageProblems(readers: readonly BlockReader[], outputs: readonly CompactedBlock[]): string[] {
  if (outputs.length === 0) return []
  const sources = readers.map(({ meta }) => meta)
  const metas = outputs.map(({ meta }) => meta)
  return [
    ...readers
      .filter(({ meta }) => !isCoveredBy(meta, metas))
      .map(({ name }) => `block ${name} is not covered by what was made of it`),
    ...outputs
      .filter(({ meta }) => !isCoveredBy(meta, sources))
      .map(({ key }) => `block ${key} covers more than what it was made of`),
  ]
}

/** Somebody may have deleted one meanwhile, and what is made of it would bring it back. */
async function checkNotDeleted(
  sources: readonly StoredBlock[],
  { bucket, signal }: RewriteOptions,
): Promise<void> {
  const deleted = new Set(await listTombstones(bucket, { signal }))
  const gone = sources.find(({ key }) => deleted.has(key))
  if (gone === undefined) return
  throw new RewriteError('CHANGED', `block ${gone.key} was deleted meanwhile`, { block: gone.key })
}

async function store(output: CompactedBlock, { bucket, signal }: RewriteOptions): Promise<void> {
  const { key, path, meta } = output
  await bucket.putFile(`${blocksPrefix}${key}`, path, { signal })
  const { sizeBytes } = await bucket.stat(`${blocksPrefix}${key}`, { signal })
  let stored: BlockMeta
  try {
    stored = (await openBlock(storedSource(bucket, { key, sizeBytes }), { signal })).meta
  } catch (error) {
    if (!isBlockError(error)) throw error
    throw new RewriteError('WRONG', `read back what was put: ${error.message}`, { cause: error })
  }
  if (isDeepStrictEqual(stored, meta)) return
  throw new RewriteError('WRONG', `read back block ${key}: its tail is not the one that was put`)
}

/** An error that says of a source that it does not read; any other as it is. */
function sourceError(error: unknown): unknown {
  if (!isBlockError(error)) return error
  const code = error.code === 'BLOCK_TOO_NEW' ? 'TOO_NEW' : 'UNREADABLE'
  return new RewriteError(code, error.message, { block: error.block, cause: error })
}
