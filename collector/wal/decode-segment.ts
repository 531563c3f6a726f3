import { crc32 } from 'node:zlib'
import type { Attempt, ProcessIdentity } from '../../block/attempt.ts'
import type { Covered, SeqInterval } from '../../block/block-reader.ts'
import { healthClasses } from '../../block/health.ts'
import { type Labels, sortLabels } from '../../profile/labels.ts'
import { PayloadReader, WalDecodeError } from './payload-reader.ts'
import {
  type CutRecord,
  headerFixedBytes,
  maxIntervals,
  maxLabels,
  maxRecordBytes,
  maxTextBytes,
  maxWriterBytes,
  recordHeadBytes,
  recordMarker,
  recordTypes,
  type SegmentHeader,
  type WalEntry,
  walMagic,
  walVersion,
} from './record.ts'

export interface DecodedHeader extends SegmentHeader {
  readonly sizeBytes: number
  readonly checksum: number
}

/** Throws a WalDecodeError; code `TORN` where the bytes end before the header does, `TOO_NEW` for later versions. */
export function decodeSegmentHeader(bytes: Uint8Array): DecodedHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.length < headerFixedBytes) {
    throw new WalDecodeError('TORN', 0, `segment header: ends after ${view.length} bytes`)
  }
  const magic = view.readUInt32LE(0)
  if (magic !== walMagic) {
    throw new WalDecodeError('DAMAGED', 0, `segment header: magic is ${hex(magic)}, want ${hex(walMagic)}`)
  }
  const version = view.readUInt16LE(4)
  if (version > walVersion) {
    throw new WalDecodeError(
      'TOO_NEW',
      4,
      `segment header: version is ${version}, want at most ${walVersion}`,
    )
  }
  const writerBytes = view.readUInt16LE(6)
  if (writerBytes > maxWriterBytes) {
    throw new WalDecodeError('DAMAGED', 6, `segment header: writer of ${writerBytes} bytes, want at most 256`)
  }
  const end = headerFixedBytes + writerBytes
  if (view.length < end + 4) {
    throw new WalDecodeError('TORN', 0, `segment header: ends after ${view.length} bytes, want ${end + 4}`)
  }
  const checksum = view.readUInt32LE(end)
  const computed = crc32(view.subarray(0, end))
  if (checksum !== computed) {
    throw new WalDecodeError(
      'DAMAGED',
      end,
      `segment header: checksum is ${hex(checksum)}, want ${hex(computed)}`,
    )
  }
  const reader = new PayloadReader(view.subarray(8, headerFixedBytes), 8)
  return {
    writer: view.toString('utf8', headerFixedBytes, end),
    firstSeq: reader.uint64(),
    previousBytes: reader.uint64(),
    salt: reader.uint32(),
    sizeBytes: end + 4,
    checksum,
  }
}

/**
 * Everything readable behind the header, in the order it was written; damage is an entry too, and reading goes
 * on at the next record that proves itself. Bodies are views into `bytes`. Never throws.
 * Returns the end of the last good record: in the last segment of a log, damage at that place is a torn tail.
 */
export function* decodeRecords(
  bytes: Uint8Array,
  header: DecodedHeader,
): Generator<WalEntry, number, undefined> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const names: Names = { series: new Map(), processes: new Map() }
  let offset = header.sizeBytes
  let goodEnd = offset
  while (offset < view.length) {
    const found = recordAt(view, offset, header.checksum)
    if (typeof found !== 'string') {
      try {
        const entry = decodePayload(view, offset, found, names)
        if (entry !== undefined) yield entry
      } catch (error) {
        if (!(error instanceof WalDecodeError)) throw error
        yield { kind: 'damage', offset, sizeBytes: found.end - offset, reason: error.message }
      }
      offset = found.end
      goodEnd = offset
      continue
    }
    const next = nextRecord(view, offset + 1, header.checksum)
    yield { kind: 'damage', offset, sizeBytes: next - offset, reason: found }
    offset = next
  }
  return goodEnd
}

interface FoundRecord {
  readonly type: number
  readonly end: number
}

interface Names {
  readonly series: Map<number, Labels>
  readonly processes: Map<number, ProcessIdentity>
}

/** The record at `offset`, or why there is none. */
function recordAt(view: Buffer, offset: number, seed: number): FoundRecord | string {
  if (offset + recordHeadBytes > view.length) return `record ends after ${view.length - offset} bytes`
  const marker = view.readUInt32LE(offset)
  if (marker !== recordMarker) return `record marker is ${hex(marker)}, want ${hex(recordMarker)}`
  const length = view.readUInt32LE(offset + 4)
  if (length > maxRecordBytes) return `record of ${length} bytes, want at most ${maxRecordBytes}`
  const end = offset + recordHeadBytes + length
  if (end > view.length) return `record of ${length} bytes ends after ${view.length - offset} bytes`
  const checksum = view.readUInt32LE(offset + 9)
  const head = crc32(view.subarray(offset + 4, offset + 9), seed)
  const computed = crc32(view.subarray(offset + recordHeadBytes, end), head)
  if (checksum !== computed) return `record checksum is ${hex(checksum)}, want ${hex(computed)}`
  return { type: view.readUInt8(offset + 8), end }
}

/**
 * Where the next provable record starts, else the end. Checksums are tried for at most 1 GiB of claimed bytes,
 * so that bytes made to look like markers cannot make this take for ever.
 */
function nextRecord(view: Buffer, from: number, seed: number): number {
  let budget = 1024 * 1024 * 1024
  for (let at = view.indexOf(markerBytes, from); at !== -1; at = view.indexOf(markerBytes, at + 1)) {
    if (at + recordHeadBytes > view.length) break
    const length = view.readUInt32LE(at + 4)
    if (length > maxRecordBytes || at + recordHeadBytes + length > view.length) continue
    budget -= length
    if (budget < 0) break
    if (typeof recordAt(view, at, seed) !== 'string') return at
  }
  return view.length
}

const markerBytes = Buffer.alloc(4)
markerBytes.writeUInt32LE(recordMarker)

function decodePayload(view: Buffer, offset: number, found: FoundRecord, names: Names): WalEntry | undefined {
  const start = offset + recordHeadBytes
  const reader = new PayloadReader(view.subarray(start, found.end), start)
  switch (found.type) {
    case recordTypes.series: {
      const number = reader.uint32()
      names.series.set(number, decodeLabels(reader))
      return undefined
    }
    case recordTypes.process:
      names.processes.set(reader.uint32(), decodeProcess(reader))
      return undefined
    case recordTypes.attempt: {
      const { seq, attempt } = decodeAttempt(reader, names)
      return { kind: 'attempt', seq, attempt, offset }
    }
    case recordTypes.cut:
      return { kind: 'cut', cut: decodeCut(reader), offset }
    default:
      throw reader.error(`record type is ${found.type}, want 1 to 4`)
  }
}

function decodeLabels(reader: PayloadReader): Labels {
  const count = reader.uint32()
  if (count > maxLabels) throw reader.error(`${count} labels, want at most ${maxLabels}`)
  const entries: [string, string][] = []
  for (let i = 0; i < count; i++) entries.push([reader.text(maxTextBytes), reader.text(maxTextBytes)])
  reader.end()
  return sortLabels(entries)
}

function decodeProcess(reader: PayloadReader): ProcessIdentity {
  const restartCount = reader.double()
  const startTimeMs = reader.double()
  const memoryLimitBytes = reader.double()
  const cpuLimitMillicores = reader.double()
  const containerId = reader.text(maxTextBytes)
  const image = reader.text(maxTextBytes)
  reader.end()
  return { containerId, restartCount, startTimeMs, image, memoryLimitBytes, cpuLimitMillicores }
}

function decodeAttempt(reader: PayloadReader, names: Names): { seq: number; attempt: Attempt } {
  const seq = reader.uint64()
  const seriesNumber = reader.uint32()
  const labels = names.series.get(seriesNumber)
  if (labels === undefined) throw reader.error(`attempt ${seq} of series ${seriesNumber}, which is not named`)
  const processNumber = reader.uint32()
  const process = names.processes.get(processNumber)
  if (processNumber !== 0 && process === undefined) {
    throw reader.error(`attempt ${seq} of process ${processNumber}, which is not named`)
  }
  const timeMs = reader.double()
  const durationMs = reader.double()
  const code = reader.uint8()
  const health = healthClasses[code]
  if (health === undefined) throw reader.error(`attempt ${seq}: health code ${code} is not known`)
  const httpStatus = reader.uint16()
  const hasBody = reader.uint8() === 1
  const rest = reader.rest()
  const attempt: Attempt = {
    labels,
    timeMs,
    durationMs,
    health,
    httpStatus,
    ...(hasBody ? { body: rest } : {}),
    ...(process === undefined ? {} : { process }),
  }
  return { seq, attempt }
}

function decodeCut(reader: PayloadReader): CutRecord {
  const key = reader.text(maxTextBytes)
  const writers = reader.uint32()
  if (writers > maxLabels) throw reader.error(`${writers} writers, want at most ${maxLabels}`)
  const covered: Covered[] = []
  for (let i = 0; i < writers; i++) {
    const writer = reader.text(maxWriterBytes)
    const count = reader.uint32()
    if (count > maxIntervals) throw reader.error(`${count} intervals, want at most ${maxIntervals}`)
    const intervals: SeqInterval[] = []
    for (let n = 0; n < count; n++) intervals.push({ first: reader.uint64(), last: reader.uint64() })
    covered.push({ writer, intervals })
  }
  reader.end()
  return { key, covered }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
