import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

/** What a column holds: `text` and `int64` and so on may be absent where `isOptional`. */
export interface Column {
  readonly name: string
  readonly type: 'text' | 'int32' | 'int64' | 'time' | 'texts' | 'int64s' | 'map'
  readonly isOptional?: boolean
}

/** A value of a column: null where there is none, times as unix ms. */
export type Value =
  | string
  | number
  | bigint
  | null
  | readonly string[]
  | readonly bigint[]
  | Readonly<Record<string, string>>

export interface ParquetFileOptions {
  readonly columns: readonly Column[]
  /** What the file says about itself, beside the schema. */
  readonly facts?: Readonly<Record<string, string>>
  /** Rows that are held before they are written. */
  readonly rowGroupRows: number
}

/**
 * One Parquet file as it is written, row by row; a row group at a time is held. It appears under its name once it is
 * whole; before, and where it fails, it is `….tmp`.
 */
export class ParquetFile {
  readonly path: string
  rowCount = 0
  readonly #handle: FileHandle
  readonly #bytes = new ByteWriter(1 << 16)
  readonly #writer: ParquetWriter
  readonly #columns: readonly Column[]
  readonly #data: Value[][]
  readonly #rowGroupRows: number

  private constructor(path: string, handle: FileHandle, options: ParquetFileOptions) {
    this.path = path
    this.#handle = handle
    this.#columns = options.columns
    this.#rowGroupRows = options.rowGroupRows
    this.#data = options.columns.map(() => [])
    const writer = Object.assign(this.#bytes, { flush: () => this.#flush() })
    this.#writer = new ParquetWriter({
      writer,
      schema: schemaOf(options.columns),
      codec: 'ZSTD',
      compressors: { ZSTD: compress },
      createdBy: 'conprof',
      kvMetadata: Object.entries(options.facts ?? {}).map(([key, value]) => ({ key, value })),
    })
  }

  /** Makes the folder, too. */
  static async create(path: string, options: ParquetFileOptions): Promise<ParquetFile> {
    await mkdir(dirname(path), { recursive: true })
    return new ParquetFile(path, await open(`${path}.tmp`, 'w'), options)
  }

  /** How much of it is written. */
  get sizeBytes(): number {
    return this.#bytes.offset
  }

  /** One value per column. Before `isFull` rows may be pushed without waiting. */
  push(values: readonly Value[]): void {
    for (let column = 0; column < this.#data.length; column++) this.#data[column]!.push(values[column]!)
    this.rowCount++
  }

  get isFull(): boolean {
    return this.#data[0]!.length >= this.#rowGroupRows
  }

  /** Brings what is held to the disk, as a row group. */
  async writeGroup(): Promise<void> {
    const count = this.#data[0]!.length
    if (count === 0) return
    const columnData = this.#columns.map(({ name }, index) => ({ name, data: this.#data[index]! }))
    await this.#writer.write({ columnData, rowGroupSize: count })
    for (const list of this.#data) list.length = 0
  }

  /** Ends the file and gives it its name. */
  async finish(): Promise<void> {
    await this.writeGroup()
    await this.#writer.finish()
    await this.#flush()
    await this.#handle.sync()
    await this.#handle.close()
    await rename(`${this.path}.tmp`, this.path)
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#handle.close()
    await rm(`${this.path}.tmp`, { force: true })
  }

  async #flush(): Promise<void> {
    const bytes = new Uint8Array(this.#bytes.buffer, 0, this.#bytes.index)
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at)
      at += bytesWritten
    }
    this.#bytes.index = 0
  }
}

function compress(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } })
}

function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [{ name: 'conprof', num_children: columns.length }, ...columns.flatMap(elementsOf)]
}

function elementsOf({ name, type, isOptional = false }: Column): SchemaElement[] {
  const repetition_type = isOptional ? 'OPTIONAL' : 'REQUIRED'
  switch (type) {
    case 'text':
      return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }]
    case 'int32':
      return [{ name, type: 'INT32', repetition_type }]
    case 'int64':
      return [{ name, type: 'INT64', repetition_type }]
    case 'time':
      return [
        {
          name,
          type: 'INT64',
          converted_type: 'TIMESTAMP_MILLIS',
          logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
          repetition_type,
        },
      ]
    case 'texts':
    case 'int64s':
      return [
        { name, converted_type: 'LIST', num_children: 1, repetition_type },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        type === 'texts'
          ? { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }
          : { name: 'element', type: 'INT64', repetition_type: 'REQUIRED' },
      ]
    case 'map':
      return [
        { name, converted_type: 'MAP', num_children: 1, repetition_type },
        { name: 'key_value', num_children: 2, repetition_type: 'REPEATED' },
        { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'value', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      ]
  }
}
