import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { ProcessIdentity } from './attempt.ts'
import type { Int64Column, Rows } from './rows.ts'

/**
 * The rows of one series, column after column, each value as its difference from the row before:
 *
 *     count, writers <varint…>, seq, time (difference of differences), duration, covered, health, status,
 *     flags, size, process, then per sample type: wide <1>, totals
 */
export function encodeRows(
  rows: Omit<Rows, 'writers' | 'processes' | 'sampleTypes' | 'defaultSampleType'>,
): Uint8Array {
  const out = new ByteWriter(rows.length * 24 + 64)
  const count = rows.length
  out.varint(count)
  runs(out, rows.writer, count)
  differences(out, rows.seq, count)
  let step = 0
  let time = 0
  for (let i = 0; i < count; i++) {
    const next = rows.timeMs[i]! - time
    out.zigzag(next - step)
    step = i === 0 ? 0 : next
    time = rows.timeMs[i]!
  }
  differences(out, rows.durationMs, count)
  differences(out, rows.coveredMs, count)
  runs(out, rows.health, count)
  runs(out, rows.httpStatus, count)
  runs(out, rows.flags, count)
  differences(out, rows.sizeBytes, count)
  runs(out, rows.process, count)
  for (const totals of rows.totals) {
    if (totals instanceof Float64Array && isNarrow(totals)) {
      out.byte(0)
      differences(out, totals, count)
    } else {
      out.byte(1)
      for (const total of totals) out.zigzag64(BigInt(total))
    }
  }
  return out.bytes()
}

/** `sampleTypes` and the tables come from the tail. */
export function decodeRows(
  bytes: Uint8Array,
  what: string,
  tables: {
    readonly writers: readonly string[]
    readonly processes: readonly ProcessIdentity[]
    readonly sampleTypes: readonly SampleType[]
    readonly defaultSampleType: number
  },
): Rows {
  const reader = new ByteReader(bytes, what)
  const count = reader.varint()
  if (count > maxRows || count > bytes.length * 64) reader.fail(`${count} rows in ${bytes.length} bytes`)
  const writer = readRuns(reader, new Uint32Array(count), tables.writers.length)
  const seq = readDifferences(reader, count)
  const timeMs = new Float64Array(count)
  let step = 0
  let time = 0
  for (let i = 0; i < count; i++) {
    const next = step + reader.zigzag()
    step = i === 0 ? 0 : next
    time += next
    timeMs[i] = time
  }
  const durationMs = readDifferences(reader, count)
  const coveredMs = readDifferences(reader, count)
  const health = readRuns(reader, new Uint8Array(count), 256)
  const httpStatus = readRuns(reader, new Uint16Array(count), 65536)
  const flags = readRuns(reader, new Uint8Array(count), 256)
  const sizeBytes = readDifferences(reader, count)
  const process = readRuns(reader, new Uint32Array(count), tables.processes.length)
  const totals = tables.sampleTypes.map((): Int64Column => {
    if (reader.byte() === 0) return readDifferences(reader, count)
    const wide = new BigInt64Array(count)
    for (let i = 0; i < count; i++) wide[i] = reader.zigzag64()
    return wide
  })
  return {
    length: count,
    timeMs,
    durationMs,
    coveredMs,
    health,
    httpStatus,
    flags,
    sizeBytes,
    writer,
    seq,
    process,
    totals,
    ...tables,
  }
}

/** Differences stay below 2^52, so that zigzag holds them. */
function isNarrow(column: Float64Array): boolean {
  return column.every((value) => Math.abs(value) < 2 ** 50)
}

function differences(out: ByteWriter, column: Float64Array, count: number): void {
  let last = 0
  for (let i = 0; i < count; i++) {
    out.zigzag(column[i]! - last)
    last = column[i]!
  }
}

function readDifferences(reader: ByteReader, count: number): Float64Array {
  if (count > reader.remaining) reader.fail(`${count} values, ${reader.remaining} bytes are left`)
  const column = new Float64Array(count)
  let last = 0
  for (let i = 0; i < count; i++) {
    last += reader.zigzag()
    column[i] = last
  }
  return column
}

/** `length, value` of each run, until all rows have one. */
function runs(out: ByteWriter, column: Uint8Array | Uint16Array | Uint32Array, count: number): void {
  for (let i = 0; i < count; ) {
    const start = i
    while (i < count && column[i] === column[start]) i++
    out.varint(i - start)
    out.varint(column[start]!)
  }
}

function readRuns<T extends Uint8Array | Uint16Array | Uint32Array>(
  reader: ByteReader,
  column: T,
  limit: number,
): T {
  for (let i = 0; i < column.length; ) {
    const length = reader.varint()
    const value = reader.varint()
    if (length === 0 || length > column.length - i)
      reader.fail(`a run of ${length}, ${column.length - i} rows are left`)
    if (value >= limit) reader.fail(`entry ${value} of ${limit}`)
    column.fill(value, i, i + length)
    i += length
  }
  return column
}

const maxRows = 16 * 1024 * 1024
