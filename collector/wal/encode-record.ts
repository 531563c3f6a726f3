import { crc32 } from 'node:zlib'
import type { Attempt, ProcessIdentity } from '../../block/attempt.ts'
import { healthCode } from '../../block/health.ts'
import { type Labels, labelsKey } from '../../profile/labels.ts'
import {
  type CutRecord,
  headerFixedBytes,
  maxRecordBytes,
  maxWriterBytes,
  recordHeadBytes,
  recordMarker,
  recordTypes,
  type SegmentHeader,
  walMagic,
  walVersion,
} from './record.ts'

/** The bytes a segment starts with. The last four are their checksum and the seed of every record's. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const writer = Buffer.from(header.writer)
  if (writer.length > maxWriterBytes) throw new RangeError(`writer "${header.writer}": longer than 256 bytes`)
  const bytes = Buffer.alloc(headerFixedBytes + writer.length + 4)
  bytes.writeUInt32LE(walMagic, 0)
  bytes.writeUInt16LE(walVersion, 4)
  bytes.writeUInt16LE(writer.length, 6)
  bytes.writeBigUInt64LE(BigInt(header.firstSeq), 8)
  bytes.writeBigUInt64LE(BigInt(header.previousBytes), 16)
  bytes.writeUInt32LE(header.salt, 24)
  writer.copy(bytes, headerFixedBytes)
  const end = headerFixedBytes + writer.length
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end)
  return bytes
}

/**
 * Records for one segment. It remembers which labels and processes the segment already names, so one encoder
 * must not outlive its segment, and what it returns must be written in the order it was made.
 */
export class RecordEncoder {
  readonly #seed: number
  readonly #series = new Map<string, number>()
  readonly #processes = new Map<string, number>()

  /** `header` is what `encodeSegmentHeader` returned. */
  constructor(header: Uint8Array) {
    this.#seed = Buffer.from(header.buffer, header.byteOffset, header.length).readUInt32LE(header.length - 4)
  }

  /** Chunks to write one after the other; the body is among them as it is, not copied. */
  attempt(attempt: Attempt, seq: number): Uint8Array[] {
    const chunks: Uint8Array[] = []
    const series = this.#seriesNumber(attempt.labels, chunks)
    const process = attempt.process === undefined ? 0 : this.#processNumber(attempt.process, chunks)
    const fields = Buffer.alloc(36)
    fields.writeBigUInt64LE(BigInt(seq), 0)
    fields.writeUInt32LE(series, 8)
    fields.writeUInt32LE(process, 12)
    fields.writeDoubleLE(attempt.timeMs, 16)
    fields.writeDoubleLE(attempt.durationMs, 24)
    fields.writeUInt8(healthCode(attempt.health), 32)
    fields.writeUInt16LE(attempt.httpStatus, 33)
    fields.writeUInt8(attempt.body === undefined ? 0 : 1, 35)
    this.#push(chunks, recordTypes.attempt, fields, attempt.body)
    return chunks
  }

  cut(cut: CutRecord): Uint8Array[] {
    const chunks: Uint8Array[] = []
    const parts: Uint8Array[] = [text(cut.key), uint32(cut.covered.length)]
    for (const { writer, intervals } of cut.covered) {
      parts.push(text(writer), uint32(intervals.length))
      const numbers = Buffer.alloc(intervals.length * 16)
      intervals.forEach(({ first, last }, i) => {
        numbers.writeBigUInt64LE(BigInt(first), i * 16)
        numbers.writeBigUInt64LE(BigInt(last), i * 16 + 8)
      })
      parts.push(numbers)
    }
    this.#push(chunks, recordTypes.cut, Buffer.concat(parts))
    return chunks
  }

  #seriesNumber(labels: Labels, chunks: Uint8Array[]): number {
    const key = labelsKey(labels)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const number = this.#series.size + 1
    const entries = Object.entries(labels)
    const parts = [uint32(number), uint32(entries.length)]
    for (const [name, value] of entries) parts.push(text(name), text(value))
    this.#push(chunks, recordTypes.series, Buffer.concat(parts))
    this.#series.set(key, number)
    return number
  }

  #processNumber(process: ProcessIdentity, chunks: Uint8Array[]): number {
    const fields = Buffer.alloc(32)
    fields.writeDoubleLE(process.restartCount, 0)
    fields.writeDoubleLE(process.startTimeMs, 8)
    fields.writeDoubleLE(process.memoryLimitBytes, 16)
    fields.writeDoubleLE(process.cpuLimitMillicores, 24)
    const identity = Buffer.concat([fields, text(process.containerId), text(process.image)])
    const key = identity.toString('latin1')
    const known = this.#processes.get(key)
    if (known !== undefined) return known
    const number = this.#processes.size + 1
    this.#push(chunks, recordTypes.process, Buffer.concat([uint32(number), identity]))
    this.#processes.set(key, number)
    return number
  }

  #push(chunks: Uint8Array[], type: number, payload: Uint8Array, body?: Uint8Array): void {
    const length = payload.length + (body?.length ?? 0)
    if (length > maxRecordBytes) {
      throw new RangeError(`encode a log record: ${length} bytes, want at most ${maxRecordBytes}`)
    }
    const head = Buffer.alloc(recordHeadBytes)
    head.writeUInt32LE(recordMarker, 0)
    head.writeUInt32LE(length, 4)
    head.writeUInt8(type, 8)
    let checksum = crc32(head.subarray(4, 9), this.#seed)
    checksum = crc32(payload, checksum)
    if (body !== undefined) checksum = crc32(body, checksum)
    head.writeUInt32LE(checksum, 9)
    chunks.push(head, payload)
    if (body !== undefined && body.length > 0) chunks.push(body)
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint32(bytes.length), bytes])
}
