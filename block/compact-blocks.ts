import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { breathing } from '../lib/breathing.ts'
import type { Labels } from '../profile/labels.ts'
import { type BlockVersion, defaultWriteVersion } from './block-format.ts'
import type { BlockMeta, BlockReader } from './block-reader.ts'
import {
  chooseOrigins,
  type PlannedSeries,
  planSeries,
  runsOf,
  type Stretch,
  stretchesOf,
} from './compaction-plan.ts'
import type { RowFate } from './merge-rows.ts'
import { PartFile } from './part-file.ts'

export type { RowFate } from './merge-rows.ts'

/** Per series: what becomes of its rows; undefined keeps all. */
export type Policy = (labels: Labels) => ((timeMs: number, flags: number) => RowFate) | undefined

export interface CompactOptions {
  /** Of one UTC day. Blocks that others among them cover are left out. Read much: local files. */
  readonly sources: readonly BlockReader[]
  /** Of the outputs: higher than any source's. */
  readonly level: number
  /** Where the outputs are written, one file each. */
  readonly directory: string
  readonly policy?: Policy | undefined
  /** Outputs are split before they are larger. */
  readonly maxBlockBytes?: number
  /** Memory of an output's symbols; a single service may be beyond it. */
  readonly maxSymbolBytes?: number
  readonly version?: BlockVersion
  readonly signal?: AbortSignal | undefined
  /** Series done, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

export interface CompactedBlock {
  /** Below `blocks/`. */
  readonly key: string
  readonly path: string
  readonly meta: BlockMeta
  /** What `verifyCompaction` compares chains with: by `labelsKey`, of each group's last profile as it was read. */
  readonly digests: ReadonlyMap<string, readonly number[]>
}

/**
 * Blocks become fewer and larger ones that hold the same: every attempt once, every profile byte for byte. One service
 * after the other, so memory holds one service's symbols; the outputs grow in files. Outputs cover what their sources
 * cover, dropped rows too, so one may hold nothing. None where every row was dropped. Rejects with BLOCK_CORRUPT of a
 * source, and leaves no file then.
 */
export async function compactBlocks(options: CompactOptions): Promise<readonly CompactedBlock[]> {
  const { sources, level, signal } = options
  const highest = Math.max(0, ...sources.map(({ meta }) => meta.level))
  if (level <= highest)
    throw new RangeError(`compact blocks to level ${level}: want more than ${highest}, a source's`)
  // What newer sources say cannot be said in an older version.
  const isNewer = sources.some((source) => source.meta.version > 1)
  const version = isNewer ? 2 : (options.version ?? defaultWriteVersion)
  const origins = chooseOrigins(sources)
  const blocks: CompactedBlock[] = []
  const paths: string[] = []
  const breathe = breathing(signal)
  const all = planSeries(origins)
  let done = 0
  const open = async ({ covered, minTimeMs, maxTimeMs }: Stretch) => {
    const path = join(options.directory, `part-${paths.length}`)
    paths.push(path)
    return PartFile.create({ path, version, level, covered, minTimeMs, maxTimeMs, breathe, signal })
  }
  let part: PartFile | undefined
  try {
    for (const stretch of stretchesOf(origins)) {
      let first = stretch.first
      let last = -1
      part = await open(stretch)
      for (const run of runsOf(all, stretch, options.maxBlockBytes ?? maxBlockBytes)) {
        const isFull =
          part.sizeBytes + run.estimateBytes > (options.maxBlockBytes ?? maxBlockBytes) ||
          part.symbolBytes > (options.maxSymbolBytes ?? maxSymbolBytes)
        if (isFull && part.attemptCount > 0 && run.first > last && version > 1) {
          blocks.push(await part.finish({ first, last: run.first - 1 }))
          first = run.first
          part = await open(stretch)
        }
        await part.addService(run.series, options.policy)
        releaseDictionaries(run.series)
        last = run.series.at(-1)?.partition ?? last
        done += run.series.length
        options.onProgress?.(done, all.length)
      }
      blocks.push(await part.finish({ first, last: stretch.last }))
    }
    if (blocks.some(({ meta }) => meta.attemptCount > 0)) return blocks
    for (const { path } of blocks) await rm(path)
    return []
  } catch (error) {
    await part?.abandon().catch(() => {})
    for (const path of [...paths, ...blocks.map((block) => block.path)]) await rm(path, { force: true })
    throw error
  }
}

function releaseDictionaries(all: readonly PlannedSeries[]): void {
  for (const { sources } of all)
    for (const { reader, series } of sources) reader.releaseDictionary(reader.entry(series).service)
}

const maxBlockBytes = 1 << 30
const maxSymbolBytes = 64 << 20
