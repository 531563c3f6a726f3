import { open, rename, rm } from 'node:fs/promises'
import { syncDirectory } from '../../lib/sync-directory.ts'
import { type DecodedHeader, decodeRecords, decodeSegmentHeader } from './decode-segment.ts'
import { WalDecodeError } from './payload-reader.ts'
import { maxRecordBytes, type WalEntry } from './record.ts'
import { listSegments, type SegmentFile } from './segment-files.ts'

/** What an earlier process left in the log, before anything is appended to it. */
export interface LogState {
  /** Undefined where there is no log yet. */
  readonly writer: string | undefined
  /** Above every seq that was ever given out. */
  readonly nextSeq: number
  readonly segments: readonly LogSegment[]
  /** The last number in use, and how much of that segment counts: what WalWriter wants to know. */
  readonly previous: { readonly number: number; readonly validBytes: number }
  /** Bytes after the last good record of the last segment: an append that nobody acknowledged. */
  readonly tornBytes: number
  /** Segments that could not be read at all and were moved aside, with the reason. */
  readonly movedAside: readonly { readonly path: string; readonly reason: string }[]
}

export interface LogSegment extends SegmentFile {
  readonly writer: string
  /** What lies behind was never acknowledged. */
  readonly validBytes: number
}

/**
 * Attempts that were appended but not acknowledged may be lost with a torn tail, their seqs unseen; no batch
 * holds as many as this.
 */
const seqGap = 1 << 20

/** The last segment is read whole, of the others only the headers. Throws where a later version wrote one. */
export async function inspectLog(directory: string): Promise<LogState> {
  const movedAside: { path: string; reason: string }[] = []
  const readable: { file: SegmentFile; header: DecodedHeader; sizeBytes: number }[] = []
  const files = await listSegments(directory)
  let lastNumber = 0
  for (const [i, file] of files.entries()) {
    const read = await readHeader(file.path)
    if (!(read instanceof WalDecodeError)) {
      readable.push({ file, ...read })
      lastNumber = file.number
      continue
    }
    const reason = `read log segment "${file.path}": ${read.message}`
    if (read.code === 'TOO_NEW')
      throw new Error(`${reason}; start the conprof that wrote it`, { cause: read })
    if (read.code === 'TORN' && i === files.length - 1) {
      // Its header was not synced, so nothing in it was acknowledged.
      await rm(file.path, { force: true })
    } else {
      movedAside.push({ path: await moveAside(file.path), reason })
      lastNumber = file.number
    }
  }
  await syncDirectory(directory)

  const last = readable.at(-1)
  if (last === undefined) {
    const previous = { number: lastNumber, validBytes: 0 }
    return { writer: undefined, nextSeq: 1, segments: [], previous, tornBytes: 0, movedAside }
  }
  const { goodEnd, maxSeq } = await scanSegment(last.file.path, last.header)
  const segments = readable.map(({ file, header, sizeBytes }, i): LogSegment => {
    const next = readable[i + 1]
    const isFollowed = next !== undefined && next.file.number === file.number + 1
    const validBytes = isFollowed ? Math.min(next.header.previousBytes, sizeBytes) : sizeBytes
    return { ...file, writer: header.writer, validBytes: next === undefined ? goodEnd : validBytes }
  })
  return {
    writer: last.header.writer,
    nextSeq: Math.max(last.header.firstSeq - 1, maxSeq) + seqGap,
    segments,
    previous: { number: lastNumber, validBytes: lastNumber === last.file.number ? goodEnd : 0 },
    tornBytes: last.sizeBytes - goodEnd,
    movedAside,
  }
}

/** Everything readable of one segment. Bodies are views into one buffer: copy what is to stay. */
export async function readSegment(segment: LogSegment): Promise<Iterable<WalEntry>> {
  const bytes = await readStart(segment.path, segment.validBytes)
  return decodeRecords(bytes, decodeSegmentHeader(bytes))
}

/** Each segment and what is in it, in order; the next is read from the disk while one is worked on. */
export function* readAhead(
  segments: readonly LogSegment[],
): Generator<readonly [LogSegment, Promise<Iterable<WalEntry>>], void, undefined> {
  let ahead: Promise<Iterable<WalEntry>> | undefined
  for (const [i, segment] of segments.entries()) {
    const entries = ahead ?? readSegment(segment)
    const next = segments[i + 1]
    ahead = next === undefined ? undefined : readSegment(next)
    // Whoever comes to it sees the error; until then it is no rejection that nobody waited for.
    ahead?.catch(() => {})
    yield [segment, entries]
  }
}

/** For people to look at; nothing ever reads it again. Returns the new path. */
export async function moveAside(path: string): Promise<string> {
  const target = `${path}.corrupt`
  await rename(path, target)
  return target
}

async function scanSegment(
  path: string,
  header: DecodedHeader,
): Promise<{ goodEnd: number; maxSeq: number }> {
  const bytes = await readStart(path, Number.MAX_SAFE_INTEGER)
  const decoding = decodeRecords(bytes, header)
  for (let maxSeq = 0; ; ) {
    const step = decoding.next()
    if (step.done === true) return { goodEnd: step.value, maxSeq }
    const entry = step.value
    if (entry.kind === 'attempt') maxSeq = Math.max(maxSeq, entry.seq)
    if (entry.kind !== 'cut') continue
    for (const { writer, intervals } of entry.cut.covered) {
      if (writer !== header.writer) continue
      for (const { last } of intervals) maxSeq = Math.max(maxSeq, last)
    }
  }
}

async function readHeader(
  path: string,
): Promise<{ header: DecodedHeader; sizeBytes: number } | WalDecodeError> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const bytes = Buffer.alloc(Math.min(size, 1024))
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    return { header: decodeSegmentHeader(bytes.subarray(0, bytesRead)), sizeBytes: size }
  } catch (error) {
    if (error instanceof WalDecodeError) return error
    throw error
  } finally {
    await handle.close()
  }
}

/** A segment is closed at 16 MiB, so it is at most that and one batch long. */
const maxSegmentBytes = 4 * maxRecordBytes

async function readStart(path: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const bytes = Buffer.alloc(Math.min(size, maxBytes, maxSegmentBytes))
    let at = 0
    while (at < bytes.length) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return bytes.subarray(0, at)
  } finally {
    await handle.close()
  }
}
