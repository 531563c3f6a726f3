import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import type { Attempt } from '../../block/attempt.ts'
import { healthCode } from '../../block/health.ts'
import { syncDirectory } from '../../lib/sync-directory.ts'
import { isDiskFull, StoreError } from '../store-error.ts'
import { encodeSegmentHeader, RecordEncoder } from './encode-record.ts'
import { type CutRecord, maxLabels, maxRecordBytes, maxTextBytes } from './record.ts'
import { segmentPath } from './segment-files.ts'

export interface WalWriterOptions {
  readonly directory: string
  readonly writer: string
  /** The first attempt gets this seq. */
  readonly nextSeq: number
  /** The last segment there is, and how much of it counts; its number is 0 where there is none. */
  readonly previous: { readonly number: number; readonly validBytes: number }
  /** A segment that is at least this long gets no more records. */
  readonly segmentBytes?: number
  /** How long an attempt waits for company before it is synced. */
  readonly flushDelayMs?: number
  /** Waiting ends once this many bytes wait. */
  readonly flushBytes?: number
  /** After every sync: what it wrote, how long that took, and how far the segment is on disk now. */
  readonly onSync?: (synced: SyncedBatch) => void
  /** A write or a sync went wrong; its segment gets no more records. */
  readonly onAbandon?: (path: string, error: unknown) => void
}

export interface SyncedBatch {
  readonly segment: number
  readonly syncedBytes: number
  readonly bytes: number
  readonly seconds: number
}

export interface Position {
  readonly segment: number
  readonly seq: number
  /** The segment is on disk up to here. */
  readonly syncedBytes: number
}

interface Segment {
  readonly number: number
  readonly path: string
  readonly handle: FileHandle
  readonly encoder: RecordEncoder
  readonly headerBytes: number
  sizeBytes: number
}

type Item = { readonly resolve: (position: Position) => void; readonly reject: (error: unknown) => void } & (
  | { readonly kind: 'attempt'; readonly attempt: Attempt; readonly seq: number }
  | { readonly kind: 'cut'; readonly cut: CutRecord }
  | { readonly kind: 'rotate' }
)

/** The appending end of the log. Call `close` to sync what waits; nothing is written before the first append. */
export class WalWriter {
  readonly #options: WalWriterOptions
  readonly #segmentBytes: number
  readonly #flushDelayMs: number
  readonly #flushBytes: number
  #nextSeq: number
  /** Everything up to here was written or rejected. */
  #handledSeq: number
  /** A segment whose header could be neither written nor removed; nothing in it counts. */
  #leftover = 0
  #previous: { number: number; validBytes: number }
  #segment: Segment | undefined
  #queue: Item[] = []
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #closed = false

  constructor(options: WalWriterOptions) {
    this.#options = options
    this.#segmentBytes = options.segmentBytes ?? 16 * 1024 * 1024
    this.#flushDelayMs = options.flushDelayMs ?? 50
    this.#flushBytes = options.flushBytes ?? 4 * 1024 * 1024
    this.#nextSeq = options.nextSeq
    this.#handledSeq = options.nextSeq - 1
    this.#previous = { ...options.previous }
  }

  /**
   * Resolves once the attempt is on disk. Rejects with a StoreError (`DISK_FULL`, `UNWRITABLE`, `CLOSED`), or a
   * RangeError where it is larger than the log can hold.
   */
  append(attempt: Attempt): Promise<Position> {
    const reason = unstorable(attempt)
    if (reason !== undefined) return Promise.reject(new RangeError(`append to the log: ${reason}`))
    const seq = this.#nextSeq
    return this.#enqueue((resolve, reject) => {
      this.#nextSeq++
      return { kind: 'attempt', attempt, seq, resolve, reject }
    }, attempt.body?.length ?? 0)
  }

  /** Resolves once the record is on disk; with `seq` 0. */
  appendCut(cut: CutRecord): Promise<Position> {
    return this.#enqueue((resolve, reject) => ({ kind: 'cut', cut, resolve, reject }), this.#flushBytes)
  }

  /** Everything appended before lies in segments below the one this resolves with, everything after does not. */
  async rotate(): Promise<number> {
    const position = await this.#enqueue(
      (resolve, reject) => ({ kind: 'rotate', resolve, reject }),
      this.#flushBytes,
    )
    return position.segment
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#kick()
    await this.#flushing
    await this.#finishSegment()
  }

  #enqueue(
    makeItem: (resolve: Item['resolve'], reject: Item['reject']) => Item,
    bytes: number,
  ): Promise<Position> {
    if (this.#closed) return Promise.reject(new StoreError('CLOSED', 'append to the log: it is closed'))
    return new Promise((resolve, reject) => {
      this.#queue.push(makeItem(resolve, reject))
      this.#queuedBytes += bytes
      if (this.#queuedBytes >= this.#flushBytes) this.#kick()
      else this.#timer ??= setTimeout(() => this.#kick(), this.#flushDelayMs)
    })
  }

  #kick(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#flushing !== undefined || this.#queue.length === 0) return
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined
      if (this.#queue.length > 0) this.#kick()
    })
  }

  /** What came in while the disk was busy goes together with the next sync. */
  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const queue = this.#queue
      this.#queue = []
      this.#queuedBytes = 0
      let batch: Item[] = []
      let bytes = 0
      for (const item of queue) {
        if (item.kind === 'rotate') {
          await this.#writeBatch(batch)
          await this.#rotate(item)
          batch = []
          bytes = 0
          continue
        }
        batch.push(item)
        bytes += item.kind === 'attempt' ? (item.attempt.body?.length ?? 0) : 0
        if (bytes < this.#flushBytes) continue
        await this.#writeBatch(batch)
        batch = []
        bytes = 0
      }
      await this.#writeBatch(batch)
    }
  }

  async #rotate(item: Item): Promise<void> {
    try {
      if (this.#segment !== undefined && this.#segment.sizeBytes > this.#segment.headerBytes) {
        await this.#finishSegment()
      }
      this.#segment ??= await this.#openSegment()
      const segment = this.#segment
      item.resolve({ segment: segment.number, seq: 0, syncedBytes: segment.sizeBytes })
    } catch (error) {
      item.reject(storeError(error))
    }
  }

  async #writeBatch(batch: readonly Item[]): Promise<void> {
    if (batch.length === 0) return
    await this.#tryWriteBatch(batch)
    for (const item of batch) if (item.kind === 'attempt') this.#handledSeq = item.seq
  }

  async #tryWriteBatch(batch: readonly Item[]): Promise<void> {
    for (let isRetry = false; ; isRetry = true) {
      try {
        this.#segment ??= await this.#openSegment()
        const segment = this.#segment
        await this.#writeTo(segment, batch)
        for (const item of batch) {
          item.resolve({
            segment: segment.number,
            seq: item.kind === 'attempt' ? item.seq : 0,
            syncedBytes: segment.sizeBytes,
          })
        }
        if (segment.sizeBytes >= this.#segmentBytes) await this.#finishSegment()
        return
      } catch (error) {
        await this.#abandonSegment(error)
        if (!isRetry && !isDiskFull(error)) continue
        for (const item of batch) item.reject(storeError(error))
        return
      }
    }
  }

  async #writeTo(segment: Segment, batch: readonly Item[]): Promise<void> {
    const startMs = performance.now()
    const chunks = batch.flatMap((item) => {
      if (item.kind === 'attempt') return segment.encoder.attempt(item.attempt, item.seq)
      return item.kind === 'cut' ? segment.encoder.cut(item.cut) : []
    })
    const end = await writeAll(segment.handle, chunks, segment.sizeBytes)
    await segment.handle.datasync()
    const bytes = end - segment.sizeBytes
    segment.sizeBytes = end
    const seconds = (performance.now() - startMs) / 1000
    this.#options.onSync?.({ segment: segment.number, syncedBytes: end, bytes, seconds })
  }

  async #openSegment(): Promise<Segment> {
    const number = this.#previous.number + 1
    const path = segmentPath(this.#options.directory, number)
    const header = encodeSegmentHeader({
      writer: this.#options.writer,
      firstSeq: this.#handledSeq + 1,
      previousBytes: this.#previous.validBytes,
      salt: randomBytes(4).readUInt32LE(),
    })
    const handle = await open(path, this.#leftover === number ? 'w' : 'wx')
    try {
      await writeAll(handle, [header], 0)
      await handle.sync()
      await syncDirectory(this.#options.directory)
    } catch (error) {
      await handle.close().catch(() => {})
      await rm(path, { force: true }).catch(() => {
        this.#leftover = number
      })
      throw error
    }
    const encoder = new RecordEncoder(header)
    return { number, path, handle, encoder, headerBytes: header.length, sizeBytes: header.length }
  }

  async #finishSegment(): Promise<void> {
    const segment = this.#segment
    if (segment === undefined) return
    this.#segment = undefined
    this.#previous = { number: segment.number, validBytes: segment.sizeBytes }
    await segment.handle.close().catch(() => {})
  }

  /** Nobody knows what a failed sync left on disk, so the next segment says how much of this one counts. */
  async #abandonSegment(error: unknown): Promise<void> {
    const segment = this.#segment
    if (segment === undefined) return
    this.#options.onAbandon?.(segment.path, error)
    await segment.handle.truncate(segment.sizeBytes).catch(() => {})
    await this.#finishSegment()
  }
}

async function writeAll(
  handle: FileHandle,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<number> {
  let at = position
  let left = [...chunks]
  while (left.length > 0) {
    // Kernels take at most 1,024 buffers in one call.
    const { bytesWritten } = await handle.writev(left.slice(0, 1000), at)
    at += bytesWritten
    left = dropBytes(left, bytesWritten)
  }
  return at
}

function dropBytes(chunks: Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes
  let index = 0
  while (index < chunks.length && left >= chunks[index]!.length) left -= chunks[index++]!.length
  const rest = chunks.slice(index)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}

function storeError(error: unknown): StoreError {
  const reason = error instanceof Error ? error.message : String(error)
  if (isDiskFull(error)) return new StoreError('DISK_FULL', `write the log: ${reason}`, { cause: error })
  return new StoreError('UNWRITABLE', `write the log: ${reason}`, { cause: error })
}

function unstorable(attempt: Attempt): string | undefined {
  const labels = Object.entries(attempt.labels)
  const textLength = labels.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  const bodyBytes = attempt.body?.length ?? 0
  // A UTF-16 unit takes at most three bytes.
  if (labels.length > maxLabels || textLength * 3 > maxTextBytes)
    return `${labels.length} labels are too large`
  if (bodyBytes > maxRecordBytes - 4096)
    return `body of ${bodyBytes} bytes, want at most ${maxRecordBytes - 4096}`
  if (healthCode(attempt.health) < 0) return `health "${attempt.health}" is not known`
  if (!Number.isInteger(attempt.httpStatus) || attempt.httpStatus < 0 || attempt.httpStatus > 0xffff) {
    return `HTTP status ${attempt.httpStatus}, want 0 to 65535`
  }
  if (!Number.isFinite(attempt.timeMs)) return `time ${attempt.timeMs} is no number`
  return undefined
}
