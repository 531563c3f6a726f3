import { createHash } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { labelsKey } from '../profile/labels.ts'
import { BlockFile } from './block-file.ts'
import { type BlockVersion, type CompressionLevels, compressionLevels } from './block-format.ts'
import { blockId, formatBlockKey } from './block-key.ts'
import type { Covered } from './block-reader.ts'
import type { CompactedBlock, Policy } from './compact-blocks.ts'
import { type CompactedSeries, ServiceCompactor } from './compact-series.ts'
import type { PlannedSeries } from './compaction-plan.ts'
import { unknownProcess } from './create-block-builder.ts'
import { encodeSymbolsAside } from './encode-symbols.ts'
import { FileByteSource } from './file-byte-source.ts'
import { RowTables } from './merge-rows.ts'
import { openBlock } from './open-block.ts'
import type { PartitionRange } from './partition.ts'
import { makePostings, nowhere, type Place, type SeriesEntry } from './tail.ts'

export interface PartOptions {
  readonly path: string
  readonly version: BlockVersion
  readonly level: number
  readonly covered: readonly Covered[]
  /** Of a block without rows. */
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly breathe: () => Promise<void>
  readonly signal: AbortSignal | undefined
}

/** One output of a compaction as it grows: service after service, then the tail. */
export class PartFile {
  readonly #options: PartOptions
  readonly #file: BlockFile
  readonly #tables: RowTables
  readonly #services: Place[] = []
  readonly #entries: (Omit<SeriesEntry, 'sampleTypes'> & Pick<CompactedSeries, 'sampleTypes'>)[] = []
  readonly #digests = new Map<string, readonly number[]>()
  /** What policies took away: another content than the sources', so another id. */
  readonly #altered = createHash('sha256')
  #isAltered = false
  attemptCount = 0
  #profileCount = 0
  #minTimeMs = Number.MAX_SAFE_INTEGER
  #maxTimeMs = 0
  /** Memory that the symbols of all its services take once read. */
  symbolBytes = 0

  private constructor(options: PartOptions, file: BlockFile) {
    this.#options = options
    this.#file = file
    this.#tables = new RowTables(
      options.covered.map(({ writer }) => writer),
      unknownProcess,
    )
  }

  static async create(options: PartOptions): Promise<PartFile> {
    return new PartFile(options, await BlockFile.create(options.path, options.version))
  }

  get #levels(): CompressionLevels {
    return this.#options.level < dayLevel ? compressionLevels.passing : compressionLevels.dense
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes
  }

  /** Series of one service. Those of a type lie side by side, since that is what a merge reads. */
  async addService(planned: readonly PlannedSeries[], policy: Policy | undefined): Promise<void> {
    const { breathe, signal } = this.#options
    const levels = this.#levels
    const service = new ServiceCompactor({ file: this.#file, tables: this.#tables, levels, breathe, signal })
    const read = signal === undefined ? {} : { signal }
    const done: CompactedSeries[] = []
    for (const { labels, sources } of inReadingOrder(planned)) {
      const withRows = await Promise.all(
        sources.map(async ({ reader, series, exclude }) => {
          const [rows] = await reader.rows([series], read)
          return { reader, series, rows: rows!, exclude }
        }),
      )
      const compacted = await service.addSeries(withRows, policy?.(labels))
      if (compacted !== undefined) done.push(compacted)
      if (compacted === undefined || compacted.isAltered) this.#noteAltered(labelsKey(labels), compacted)
    }
    if (done.length === 0) return
    const { frames, rows: rowsLevel, symbols } = levels
    const places: { sums: Place; totals: Place; rows: Place }[] = done.map(() => ({
      sums: nowhere,
      totals: nowhere,
      rows: nowhere,
    }))
    for (const [i, { sums }] of done.entries()) places[i]!.sums = await this.#file.put(sums, frames)
    if (this.#options.version > 1)
      for (const [i, { totals }] of done.entries()) places[i]!.totals = await this.#file.put(totals, frames)
    const hasBodies = done.some(({ groups }) => groups.length > 0)
    this.#services.push(await this.#file.putBytes(await encodeSymbolsAside(service.dictionary, symbols)))
    if (hasBodies) this.symbolBytes += service.dictionary.heldBytes
    for (const [i, { rows }] of done.entries()) places[i]!.rows = await this.#file.put(rows, rowsLevel)
    for (const [i, each] of done.entries()) {
      const { labels, sampleTypes, defaultSampleType, isSummed, period, groups } = each
      const place = places[i]!
      this.#entries.push({
        labels,
        service: this.#services.length - 1,
        sampleTypes,
        defaultSampleType,
        isSummed,
        period,
        ...place,
        groups,
      })
      this.#digests.set(labelsKey(labels), each.digests)
      this.attemptCount += each.attemptCount
      this.#profileCount += each.profileCount
      this.#minTimeMs = Math.min(this.#minTimeMs, each.minTimeMs)
      this.#maxTimeMs = Math.max(this.#maxTimeMs, each.maxTimeMs)
    }
    await breathe()
  }

  /** The block, which holds series of `partition`. It may have none: what it covers is covered all the same. */
  async finish(partition: PartitionRange): Promise<CompactedBlock> {
    const { covered, level, path } = this.#options
    const sampleTypes: { type: string; unit: string }[] = []
    const typeIndex = (type: { type: string; unit: string }) => {
      const known = sampleTypes.findIndex((t) => t.type === type.type && t.unit === type.unit)
      return known >= 0 ? known : sampleTypes.push(type) - 1
    }
    const keyed = this.#entries.map((entry) => [labelsKey(entry.labels), entry] as const)
    const series = keyed
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]): SeriesEntry => ({ ...entry, sampleTypes: entry.sampleTypes.map(typeIndex) }))
    const hasRows = this.attemptCount > 0
    const minTimeMs = hasRows ? this.#minTimeMs : this.#options.minTimeMs
    const maxTimeMs = hasRows ? this.#maxTimeMs : this.#options.maxTimeMs
    await this.#file.finish(
      {
        level,
        minTimeMs,
        maxTimeMs,
        attemptCount: this.attemptCount,
        profileCount: this.#profileCount,
        covered,
        partition,
        processes: this.#tables.processes,
        sampleTypes,
        services: this.#services,
        series,
        postings: makePostings(series),
      },
      this.#levels.rows,
    )
    const altered = this.#isAltered ? this.#altered.digest('hex') : undefined
    const key = formatBlockKey({ minTimeMs, maxTimeMs, level, id: blockId({ covered, partition, altered }) })
    const named = join(dirname(path), key.slice(key.indexOf('/') + 1))
    await rename(path, named)
    const source = await FileByteSource.open(named)
    try {
      const { meta } = await openBlock(source)
      return { key, path: named, meta, digests: this.#digests }
    } finally {
      await source.close()
    }
  }

  async abandon(): Promise<void> {
    await this.#file.abandon()
    await rm(this.#options.path, { force: true })
  }

  #noteAltered(key: string, series: CompactedSeries | undefined): void {
    this.#isAltered = true
    this.#altered.update(`${key}\n`)
    if (series !== undefined) this.#altered.update(series.rows)
  }
}

/** Of blocks of a day, which stay. */
const dayLevel = 3

/** A merge reads one type of all pods. */
function inReadingOrder(planned: readonly PlannedSeries[]): PlannedSeries[] {
  const keyOf = ({ labels }: PlannedSeries) => `${labels['profile_type'] ?? ''}\u00ff${labelsKey(labels)}`
  return planned
    .map((each) => [keyOf(each), each] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => each)
}
