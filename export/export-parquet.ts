import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessIdentity } from '../block/attempt.ts'
import type { Rows } from '../block/rows.ts'
import { formatDuration } from '../lib/duration.ts'
import { sampleKind } from '../profile/kind.ts'
import { formatLabels } from '../profile/labels.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import type { SampleType } from '../profile/symbols.ts'
import { mergeProfiles } from '../query/merge-profiles.ts'
import type { SelectedSeries } from '../query/select.ts'
import { PartitionWriter } from './partition-writer.ts'
import { readProfiles } from './read-profiles.ts'
import { SampleRows } from './sample-rows.ts'
import { countThinned, daysOf, type ExportRequest, selectUnits, type Unit } from './select-units.ts'
import { stepsOf } from './steps.ts'

export interface ParquetExportOptions extends ExportRequest {
  readonly directory: string
  /** Sums over steps of this length instead of single profiles. */
  readonly stepMs?: number
  /** Replaces what an export wrote there of these days before. */
  readonly overwrite?: boolean
  readonly maxFileBytes?: number
  readonly onProgress?: (done: ParquetProgress) => void
}

export interface ParquetProgress {
  readonly day: string
  readonly serviceName: string
  readonly profileCount: number
  readonly sampleCount: number
}

export interface ParquetExport {
  readonly profileCount: number
  readonly seriesCount: number
  readonly sampleCount: number
  readonly stackCount: number
  readonly fileCount: number
  readonly sizeBytes: number
}

/**
 * Writes what is selected as Parquet files below `directory`, by table, date and namespace. Memory holds one service's
 * day of rows and one row group, whatever the range. Rejects where a day is there already, before anything is written.
 */
export async function exportParquet(options: ParquetExportOptions): Promise<ParquetExport> {
  await clearDays(options)
  const writer = new Exporter(options)
  let thinned = 0
  try {
    for await (const unit of selectUnits(options, options.stepMs === undefined ? {} : { lookbackMs })) {
      thinned += countThinned(unit.series, unit.startMs)
      await writer.add(unit)
    }
    if (thinned > 0) options.note(`${thinned} profiles were thinned out and are not in it`)
    return await writer.finish()
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

async function clearDays(options: ParquetExportOptions): Promise<void> {
  const folders = daysOf(options).flatMap(({ day }) =>
    ['samples', 'stacks', 'series'].map((table) => join(options.directory, table, `date=${day}`)),
  )
  for (const folder of folders) {
    if (options.overwrite === true) await rm(folder, { recursive: true, force: true })
    else if (await isThere(folder)) {
      throw new Error(
        `export to ${JSON.stringify(folder)}: it is there already, want another folder or --overwrite`,
      )
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

class Exporter {
  readonly #options: ParquetExportOptions
  #partition: { readonly name: string; readonly writer: PartitionWriter } | undefined
  readonly #total = {
    profileCount: 0,
    seriesCount: 0,
    sampleCount: 0,
    stackCount: 0,
    fileCount: 0,
    sizeBytes: 0,
  }

  constructor(options: ParquetExportOptions) {
    this.#options = options
  }

  async add(unit: Unit): Promise<void> {
    const { directory, stepMs, maxFileBytes, onProgress } = this.#options
    const name = `${unit.day} ${unit.namespace}`
    if (this.#partition?.name !== name) {
      await this.#finishPartition()
      const writer = new PartitionWriter({
        ...{ directory, day: unit.day, namespace: unit.namespace },
        facts: {
          'conprof.schema': '1',
          'conprof.step': stepMs === undefined ? 'profile' : formatDuration(stepMs),
        },
        ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
      })
      this.#partition = { name, writer }
    }
    const { writer } = this.#partition
    for (const series of unit.series) {
      const rows = new SampleRows(series.labels, writer)
      try {
        if (stepMs === undefined) await this.#addProfiles(series, rows, writer)
        else await this.#addSteps(series, rows, { writer, stepMs, startMs: unit.startMs })
      } catch (error) {
        this.#options.signal?.throwIfAborted()
        if ((error as { readonly code?: unknown }).code !== 'BLOCK_CORRUPT') throw error
        // What was read before is exported; that the rest is not must be known.
        const name = `${formatLabels(series.labels)} on ${unit.day}`
        this.#options.warn(`a part of ${name} is missing: ${(error as Error).message}`)
      }
      rows.finish()
      this.#total.profileCount += rows.profileCount
      if (rows.profileCount > 0) this.#total.seriesCount++
      onProgress?.({
        day: unit.day,
        serviceName: unit.serviceName,
        profileCount: this.#total.profileCount,
        sampleCount: this.#total.sampleCount + writer.sampleCount,
      })
    }
  }

  async finish(): Promise<ParquetExport> {
    await this.#finishPartition()
    return this.#total
  }

  async abandon(): Promise<void> {
    await this.#partition?.writer.abandon()
  }

  async #addProfiles({ parts }: SelectedSeries, rows: SampleRows, writer: PartitionWriter): Promise<void> {
    const { signal } = this.#options
    for (const part of parts) {
      for await (const profile of readProfiles(part, signal === undefined ? {} : { signal })) {
        const { row, state, dictionary, sampleTypes } = profile
        const { timeMs, coveredMs } = part.rows
        const process = processOf(part.rows, row)
        rows.begin({ timeMs: timeMs[row]!, profileCount: 1, coveredMs: coveredMs[row]!, process })
        const add = rows.adder(dictionary, 'value')
        const count = state.keys.length
        for (const [type, sampleType] of sampleTypes.entries()) {
          for (let i = 0; i < count; i++) {
            const at = type * count + i
            const value = state.wideValues === undefined ? state.values[at]! : state.wideValues[at]!
            if (value !== 0 && value !== 0n) add(state.keys[i]!, value)
          }
          rows.end(sampleType, { hasDelta: false })
        }
        await writer.drain()
      }
    }
  }

  async #addSteps(
    { parts, labels }: SelectedSeries,
    rows: SampleRows,
    options: { readonly writer: PartitionWriter; readonly stepMs: number; readonly startMs: number },
  ): Promise<void> {
    const { signal } = this.#options
    const isCounter = (type: SampleType) => sampleKind(type, labels['profile_type'] ?? '') === 'counter'
    for (const step of stepsOf(parts, options)) {
      const merging = {
        startMs: Math.max(step.timeMs, this.#options.startMs),
        endMs: step.timeMs + options.stepMs - 1,
        ...(signal === undefined ? {} : { signal }),
      }
      const sums = await mergeProfiles(step.parts, { ...merging, agg: 'sum' })
      const deltas = sums.sampleTypes.some(isCounter)
        ? await mergeProfiles(step.partsSinceLast, { ...merging, agg: 'delta' })
        : undefined
      rows.begin({ ...step, process: processOf(step.last.part.rows, step.last.row) })
      for (const sampleType of sums.sampleTypes) {
        const hasDelta = deltas !== undefined && isCounter(sampleType)
        addColumn(sums, sampleType, rows.adder(sums.symbols, 'value'))
        if (hasDelta) addColumn(deltas, sampleType, rows.adder(deltas.symbols, 'delta'))
        rows.end(sampleType, { hasDelta })
      }
      await options.writer.drain()
    }
  }

  async #finishPartition(): Promise<void> {
    if (this.#partition === undefined) return
    const written = await this.#partition.writer.finish()
    this.#partition = undefined
    this.#total.sampleCount += written.sampleCount
    this.#total.stackCount += written.stackCount
    this.#total.fileCount += written.fileCount
    this.#total.sizeBytes += written.sizeBytes
  }
}

function addColumn(
  merged: MergedProfile,
  { type, unit }: SampleType,
  add: (key: number, value: bigint) => void,
): void {
  const column = merged.values[merged.sampleTypes.findIndex((t) => t.type === type && t.unit === unit)]
  for (let key = 0; key < (column?.length ?? 0); key++)
    if (!column!.isZero(key)) add(key, column!.getBig(key))
}

function processOf(rows: Rows, row: number): ProcessIdentity | undefined {
  return rows.processes[rows.process[row]!]
}

/** A counter's growth is taken from the profile before the day, where there was one this recently. */
const lookbackMs = 60 * 60 * 1000
