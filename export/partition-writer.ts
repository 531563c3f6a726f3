import { join } from 'node:path'
import { type Column, ParquetFile, type Value } from './parquet-file.ts'
import { sampleColumns, seriesColumns, stackColumns } from './parquet-tables.ts'
import type { StackFrames } from './stack-ids.ts'
import { StackTable } from './stack-table.ts'

export interface PartitionOptions {
  readonly directory: string
  readonly day: string
  /** "" for none. */
  readonly namespace: string
  /** What each file says about itself. */
  readonly facts: Readonly<Record<string, string>>
  readonly maxFileBytes?: number
}

/** The files of one day and namespace: `samples`, `stacks` and `series`, as many of each as their size wants. */
export class PartitionWriter {
  readonly stacks: StackTable
  readonly #samples: Table
  readonly #stacks: Table
  readonly #series: Table

  constructor(options: PartitionOptions) {
    this.#samples = new Table('samples', sampleColumns, 100_000, options)
    this.#stacks = new Table('stacks', stackColumns, 20_000, options)
    this.#series = new Table('series', seriesColumns, 20_000, options)
    this.stacks = new StackTable((id, frames) => this.#stacks.push(stackRow(id, frames)))
  }

  pushSample(values: readonly Value[]): void {
    this.#samples.push(values)
  }

  pushSeries(values: readonly Value[]): void {
    this.#series.push(values)
  }

  /** Brings to the disk what has piled up: after every profile. */
  async drain(): Promise<void> {
    for (const table of [this.#samples, this.#stacks, this.#series]) await table.drain()
  }

  async finish(): Promise<WrittenPartition> {
    const tables = [this.#stacks, this.#series, this.#samples]
    for (const table of tables) await table.finish()
    return {
      sampleCount: this.#samples.rowCount,
      stackCount: this.#stacks.rowCount,
      fileCount: tables.reduce((sum, { fileCount }) => sum + fileCount, 0),
      sizeBytes: tables.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    }
  }

  async abandon(): Promise<void> {
    for (const table of [this.#samples, this.#stacks, this.#series]) await table.abandon()
  }

  get sampleCount(): number {
    return this.#samples.rowCount
  }
}

export interface WrittenPartition {
  readonly sampleCount: number
  readonly stackCount: number
  readonly fileCount: number
  readonly sizeBytes: number
}

/** Rows of one table: a file at a time, the first once there is a row. */
class Table {
  rowCount = 0
  fileCount = 0
  sizeBytes = 0
  readonly #name: string
  readonly #columns: readonly Column[]
  readonly #rowGroupRows: number
  readonly #options: PartitionOptions
  #waiting: (readonly Value[])[] = []
  #file: ParquetFile | undefined

  constructor(name: string, columns: readonly Column[], rowGroupRows: number, options: PartitionOptions) {
    this.#name = name
    this.#columns = columns
    this.#rowGroupRows = rowGroupRows
    this.#options = options
  }

  push(values: readonly Value[]): void {
    this.#waiting.push(values)
    this.rowCount++
  }

  async finish(): Promise<void> {
    await this.drain()
    await this.#finishFile()
  }

  async abandon(): Promise<void> {
    await this.#file?.abandon()
  }

  async drain(): Promise<void> {
    for (const values of this.#waiting) {
      this.#file ??= await this.#create()
      this.#file.push(values)
      if (!this.#file.isFull) continue
      await this.#file.writeGroup()
      if (this.#file.sizeBytes >= (this.#options.maxFileBytes ?? defaultMaxFileBytes))
        await this.#finishFile()
    }
    this.#waiting = []
  }

  async #create(): Promise<ParquetFile> {
    const { directory, day, namespace, facts } = this.#options
    const name = `${this.#name}-${String(this.fileCount).padStart(4, '0')}.parquet`
    return await ParquetFile.create(join(directory, this.#name, ...partitionPath(day, namespace), name), {
      columns: this.#columns,
      facts,
      rowGroupRows: this.#rowGroupRows,
    })
  }

  async #finishFile(): Promise<void> {
    if (this.#file === undefined) return
    await this.#file.finish()
    this.fileCount++
    this.sizeBytes += this.#file.sizeBytes
    this.#file = undefined
  }
}

/**
 * As Hive names folders: what would end a name is written as % and two digits. A series without namespace is in `_`, which
 * is none: Hive's own name for nothing would be NULL, and NULL joins with nothing.
 */
export function partitionPath(day: string, namespace: string): [date: string, namespace: string] {
  const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  const value = encodeURIComponent(namespace).replaceAll(/[!'()*]|^_$/g, percent)
  return [`date=${day}`, `namespace=${value === '' ? '_' : value}`]
}

function stackRow(id: bigint, { functions, files, lines }: StackFrames): readonly Value[] {
  return [
    id,
    functions[0] ?? null,
    files[0] === undefined || files[0] === '' ? null : files[0],
    functions.at(-1) ?? null,
    functions.length,
    functions,
    files,
    lines,
  ]
}

const defaultMaxFileBytes = 128 * 1024 * 1024
