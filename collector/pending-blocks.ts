import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EncodedBlock } from '../block/block-builder.ts'
import type { Covered } from '../block/block-reader.ts'
import { FileByteSource } from '../block/file-byte-source.ts'
import { openBlock } from '../block/open-block.ts'
import { replaceFile } from '../lib/replace-file.ts'

/** A block that was cut and that the bucket may not have yet. */
export interface PendingBlock {
  /** Below `blocks/`, as in the bucket. */
  readonly key: string
  readonly path: string
  readonly sizeBytes: number
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly covered: readonly Covered[]
}

/** The folder of blocks that wait for the bucket. A file in it is whole and synced. */
export class PendingBlocks {
  readonly #directory: string
  readonly #blocks = new Map<string, PendingBlock>()
  /** Monotonic ms at which the bucket said that it has the block. */
  readonly #uploadedAtMs = new Map<string, number>()

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** What an earlier process left; a file that is no whole block is moved aside and reported. */
  static async open(
    directory: string,
    options: { readonly onDamage: (path: string, error: unknown) => void },
  ): Promise<PendingBlocks> {
    const pending = new PendingBlocks(directory)
    for (const name of (await readdir(directory)).sort()) {
      const path = join(directory, name)
      if (name.endsWith('.tmp')) await rm(path, { force: true })
      if (!name.endsWith('.block')) continue
      try {
        pending.add(await describeBlock(path, name))
      } catch (error) {
        await rename(path, `${path}.corrupt`)
        options.onDamage(`${path}.corrupt`, error)
      }
    }
    return pending
  }

  /** In the order of their keys, so oldest day first. */
  list(): PendingBlock[] {
    return [...this.#blocks.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  waiting(): PendingBlock[] {
    return this.list().filter(({ key }) => !this.#uploadedAtMs.has(key))
  }

  /** The file is whole and survives a power cut once this resolves; it is listed only after `add`. */
  async write(block: EncodedBlock): Promise<PendingBlock> {
    const name = block.key.slice(block.key.lastIndexOf('/') + 1)
    const path = join(this.#directory, name)
    await replaceFile(path, block.bytes)
    const { minTimeMs, maxTimeMs, covered } = block.meta
    return { key: block.key, path, sizeBytes: block.bytes.length, minTimeMs, maxTimeMs, covered }
  }

  add(block: PendingBlock): void {
    this.#blocks.set(block.key, block)
  }

  markUploaded(key: string): void {
    this.#uploadedAtMs.set(key, performance.now())
  }

  /** Its file is gone, whoever took it. */
  forget(key: string): void {
    this.#blocks.delete(key)
    this.#uploadedAtMs.delete(key)
  }

  /** Deletes what has been in the bucket for `minAgeMs`: by then every reader has listed it there. */
  async deleteUploaded(minAgeMs: number): Promise<void> {
    for (const [key, uploadedAtMs] of this.#uploadedAtMs) {
      if (performance.now() - uploadedAtMs < minAgeMs) continue
      const block = this.#blocks.get(key)
      this.forget(key)
      if (block !== undefined) await rm(block.path, { force: true })
    }
  }
}

async function describeBlock(path: string, name: string): Promise<PendingBlock> {
  const source = await FileByteSource.open(path)
  try {
    const { meta } = await openBlock(source)
    const { minTimeMs, maxTimeMs, covered, sizeBytes } = meta
    const key = `${new Date(minTimeMs).toISOString().slice(0, 10)}/${name}`
    return { key, path, sizeBytes, minTimeMs, maxTimeMs, covered }
  } finally {
    await source.close()
  }
}
