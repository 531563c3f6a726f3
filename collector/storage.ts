import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { Attempt } from '../block/attempt.ts'
import type { BlockVersion } from '../block/block-format.ts'
import type { Bucket } from '../bucket/bucket.ts'
import type { Logger } from '../lib/log.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { type Matcher, matchesLabels } from '../profile/matcher.ts'
import { cutGeneration } from './cut-block.ts'
import { cutInTime } from './cut-in-time.ts'
import type { Generation } from './generation.ts'
import { Head } from './head.ts'
import { type PendingBlock, PendingBlocks } from './pending-blocks.ts'
import type { ProfileStore } from './profile-store.ts'
import { replayLog } from './replay-log.ts'
import { ReserveFile } from './reserve-file.ts'
import { SeqSet } from './seq-set.ts'
import { type LockOptions, lockStorage, type StorageLock } from './storage-lock.ts'
import { createStorageMetrics, type StorageMetrics } from './storage-metrics.ts'
import { isDiskFull, StoreError } from './store-error.ts'
import { type UploadOptions, uploadBlocks } from './upload-blocks.ts'
import { inspectLog, type LogState } from './wal/read-log.ts'
import { type Position, WalWriter, type WalWriterOptions } from './wal/wal-writer.ts'

export interface StorageOptions {
  /** `--storage.path`; gets `wal/` and `pending/`. */
  readonly path: string
  readonly bucket: Bucket
  readonly logger: Logger
  readonly registry: Registry
  /** `--block.duration`: how often the head becomes a block. */
  readonly blockDurationMs?: number
  /** `--storage.write-version`: of the blocks that are cut. */
  readonly writeVersion?: BlockVersion
  /** The head is cut early once it holds this much memory … */
  readonly maxHeadBytes?: number
  /** … or the symbols of one block this much, which is about ten times of what they take in the block … */
  readonly maxSymbolBytes?: number
  /** … or the log is this long. */
  readonly maxLogBytes?: number
  /** Room kept for cutting a block on a disk that is full otherwise; 16 MiB. */
  readonly reserveBytes?: number
  readonly wal?: Pick<WalWriterOptions, 'segmentBytes' | 'flushDelayMs' | 'flushBytes' | 'onSync'>
  /**
   * How long the last upload may take when it ends, of what is in no block yet as well; without it the log is only
   * closed. For those who may not be started again with this folder.
   */
  readonly lastUploadMs?: number
  /** How long to wait for another process that has the folder; 0 unless given. `signal` ends that. */
  readonly lock?: Pick<LockOptions, 'waitMs' | 'signal'>
  readonly upload?: Pick<UploadOptions, 'minBackoffMs' | 'maxBackoffMs' | 'intervalMs' | 'keepUploadedMs'>
}

export interface HeadQuery {
  readonly matchers: readonly Matcher[]
  /** Both inclusive, unix ms. */
  readonly startMs: number
  readonly endMs: number
  readonly withoutBodies?: boolean
  readonly signal?: AbortSignal
  /** Told why the answer is only a part of the head. */
  readonly warn?: (why: string) => void
}

export interface StorageStatus {
  readonly writer: string
  /** False while attempts from before the start are still missing from the head. */
  readonly isReplayed: boolean
  readonly headAttempts: number
  readonly headBytes: number
  readonly pendingBlocks: number
}

/**
 * The collector's durable part: log, head, cut, upload. `open`, then `run` until the signal; appends and
 * queries are served from `open` on. At its end the log is closed: what is not in the bucket by then, the next start
 * replays.
 */
export class Storage implements ProfileStore {
  readonly writer: string
  readonly #options: StorageOptions
  readonly #walDirectory: string
  readonly #lock: StorageLock
  readonly #wal: WalWriter
  readonly #log: LogState
  readonly #pending: PendingBlocks
  readonly #reserve: ReserveFile
  readonly #metrics: StorageMetrics
  readonly #head: Head
  #cutting: Promise<void> | undefined
  #isReplayed = false
  #isRunning = false
  /** The last upload did not work. */
  #isBucketAway = false
  /** An append or a cut found no room since the last cut. */
  #needsRoom = false
  #closing: Promise<void> | undefined

  private constructor(
    options: StorageOptions,
    parts: {
      readonly lock: StorageLock
      readonly log: LogState
      readonly pending: PendingBlocks
      readonly metrics: StorageMetrics
    },
  ) {
    this.#options = options
    this.#walDirectory = join(options.path, 'wal')
    this.#lock = parts.lock
    this.#log = parts.log
    this.#pending = parts.pending
    this.#reserve = new ReserveFile(join(options.path, 'reserve'), options.reserveBytes ?? 16 << 20)
    this.#metrics = parts.metrics
    // A log that is gone takes its numbers along, so the name may not be used again.
    this.writer = parts.log.writer ?? `${hostname().slice(0, 64)}-${randomBytes(4).toString('hex')}`
    this.#wal = new WalWriter({
      ...options.wal,
      directory: this.#walDirectory,
      writer: this.writer,
      nextSeq: parts.log.nextSeq,
      previous: parts.log.previous,
      onSync: (synced) => {
        this.#metrics.walBytes.inc(synced.bytes)
        this.#metrics.walSync.observe(synced.seconds)
        this.#head.addLogBytes(synced.bytes)
        options.wal?.onSync?.(synced)
      },
      onAbandon: (path, error) => {
        this.#metrics.walAbandoned.inc()
        options.logger.error(`write log segment "${path}": ${(error as Error).message}`)
      },
    })
    this.#head = new Head({
      lastReplayed: parts.log.previous.number,
      replayedBytes: parts.log.segments.reduce((sum, { validBytes }) => sum + validBytes, 0),
      onFailure: ({ seq, segment }, error) => {
        this.#metrics.headFailures.inc()
        options.logger.error({ seq, segment }, `take attempt into the head: ${(error as Error).message}`)
      },
    })
  }

  /** Rejects with a StoreError `LOCKED` where another process has the folder. */
  static async open(options: StorageOptions): Promise<Storage> {
    const { path, logger } = options
    const onWait = ({ message }: Error) => logger.warn(`${message}: waiting until it ends`)
    const lock = await openFolder(path, { ...options.lock, onWait })
    try {
      let storage: Storage | undefined
      const metrics = createStorageMetrics(options.registry, path, () => ({
        attempts: storage?.status().headAttempts ?? 0,
        heldBytes: storage?.status().headBytes ?? 0,
        pending: storage === undefined ? [] : storage.#pending.waiting().map(({ sizeBytes }) => sizeBytes),
        oldestPendingMs: storage?.oldestPendingMs(),
      }))
      const log = await inspectLog(join(path, 'wal'))
      for (const { path: aside, reason } of log.movedAside) {
        metrics.walDamage.inc()
        logger.error({ kept: aside }, reason)
      }
      if (log.tornBytes > 0)
        logger.info({ bytes: log.tornBytes }, 'log ends torn: nothing acknowledged was in it')
      const pending = await PendingBlocks.open(join(path, 'pending'), {
        onDamage: (aside, error) => {
          metrics.damagedPending.inc()
          logger.error({ kept: aside }, `open pending block: ${(error as Error).message}`)
        },
      })
      storage = new Storage(options, { lock, log, pending, metrics })
      await storage.#reserve.take()
      return storage
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  async append(attempt: Attempt): Promise<void> {
    await this.appendAt(attempt)
  }

  /** As `append`; says where in the log the attempt is. */
  async appendAt(attempt: Attempt): Promise<Position> {
    try {
      // Else attempts would eat the room that the cut needs.
      if (this.#needsRoom && this.#isRunning) {
        throw new StoreError(
          'DISK_FULL',
          `append to storage "${this.#options.path}": no room until a block is cut`,
        )
      }
      const position = await this.#wal.append(attempt)
      await this.#head.insert(attempt, { ...position, writer: this.writer })
      this.#metrics.appended.inc()
      return position
    } catch (error) {
      const reason = error instanceof StoreError ? error.code.toLowerCase() : 'refused'
      if (reason === 'disk_full') this.#needsRoom = true
      this.#metrics.appendFailures.inc({ reason })
      throw error
    }
  }

  /** Blocks of just what is asked for, of everything that is acknowledged and in no pending block. */
  async readHead(query: HeadQuery): Promise<Uint8Array[]> {
    const { matchers, startMs, endMs, withoutBodies = false } = query
    if (!this.#isReplayed && this.#log.segments.length > 0)
      query.warn?.('its log is still being read, after a start')
    const select = (labels: Attempt['labels']) => matchesLabels(matchers, labels)
    const blocks: Uint8Array[] = []
    query.signal?.throwIfAborted()
    for (const block of this.#head.encode({
      select,
      startMs,
      endMs,
      withoutBodies,
      compression: 'fast',
    })) {
      query.signal?.throwIfAborted()
      blocks.push(block)
    }
    return blocks
  }

  /** Read the head first, then these, then the bucket: then nothing is missed. */
  pendingBlocks(): PendingBlock[] {
    return this.#pending.list()
  }

  /** Unix ms of the last profile in the oldest block that is not in the bucket; undefined where all are. */
  oldestPendingMs(): number | undefined {
    const times = this.#pending.waiting().map(({ maxTimeMs }) => maxTimeMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  status(): StorageStatus {
    const { attemptCount: headAttempts, heldBytes: headBytes } = this.#head
    const pendingBlocks = this.#pending.waiting().length
    return { writer: this.writer, isReplayed: this.#isReplayed, headAttempts, headBytes, pendingBlocks }
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#isRunning = true
    try {
      await Promise.all([this.#replayAndUpload(signal), this.#cutInTime(signal)])
      await this.#uploadLast()
    } finally {
      await this.close()
    }
  }

  /** Syncs what waits, closes the log, gives the folder free. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#cutting?.catch(() => {})
      await this.#wal.close()
      await this.#lock.release()
    })()
    return this.#closing
  }

  /** Cuts now what is in the head, whatever the time. Rejects where it has to be tried again. */
  cut(): Promise<void> {
    this.#cutting ??= this.#cutAll().finally(() => {
      this.#cutting = undefined
    })
    return this.#cutting
  }

  async #replayAndUpload(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options
    const startMs = performance.now()
    const covered = new SeqSet()
    const before = this.#pending.list()
    for (const block of before) covered.add(block.covered)
    const attempts = await replayLog({
      segments: this.#log.segments,
      covered,
      signal,
      append: (attempt, { writer, seq }, segment) => {
        this.#head.replay(attempt, { writer, seq, segment })
        this.#metrics.replayed.inc()
      },
      onDamage: (segment, offset, reason) => {
        this.#head.noteDamage(segment.number)
        this.#metrics.walDamage.inc()
        logger.error(`read log segment "${segment.path}" at offset ${offset}: ${reason}`)
      },
    })
    if (signal.aborted) return
    const seconds = (performance.now() - startMs) / 1000
    this.#metrics.replaySeconds.set(seconds)
    if (this.#log.segments.length > 0) logger.info({ attempts, seconds }, 'log replayed')
    await this.#logCuts(before, signal)
    this.#head.endReplay()
    this.#isReplayed = true
    await this.#upload({ signal })
  }

  #upload(run: { readonly signal: AbortSignal; readonly isLast?: boolean }): Promise<void> {
    return uploadBlocks({
      ...this.#options.upload,
      ...run,
      pending: this.#pending,
      bucket: this.#options.bucket,
      logger: this.#options.logger,
      onUploaded: () => {
        this.#isBucketAway = false
        this.#metrics.uploads.inc()
        this.#metrics.lastUpload.setToCurrentTime()
      },
      onFailure: () => {
        this.#isBucketAway = true
        this.#metrics.uploadFailures.inc()
      },
    })
  }

  /** Where it is scaled down, or its disk goes with it, what stays behind would be missing from every answer. */
  async #uploadLast(): Promise<void> {
    const { lastUploadMs, logger } = this.#options
    // A restart must not wait for a bucket that does not answer, nor for a log that is long.
    if (lastUploadMs === undefined || !this.#isReplayed || this.#isBucketAway) return
    try {
      // One that is under way has not seen the last attempts.
      await this.#cutting?.catch(() => {})
      await this.cut()
    } catch (error) {
      this.#metrics.cutFailures.inc()
      logger.warn(`cut a last block, the next start has it: ${(error as Error).message}`)
    }
    // Not AbortSignal.timeout(), which lets the process end before it is due.
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), lastUploadMs)
    await this.#upload({ signal: stop.signal, isLast: true })
    clearTimeout(timer)
    const pending = this.#pending.waiting().length
    if (pending > 0)
      logger.warn({ pending }, 'ends with blocks that are not in the bucket: the next start uploads them')
  }

  /** A crash may have come between a block and its record; the record must be there before the block may go. */
  async #logCuts(blocks: readonly PendingBlock[], signal: AbortSignal): Promise<void> {
    if (this.#log.segments.length === 0) return
    for (const { key, covered } of blocks) {
      for (let backoffMs = 100; !signal.aborted; backoffMs = Math.min(backoffMs * 2, 10_000)) {
        try {
          await this.#wal.appendCut({ key, covered })
          break
        } catch (error) {
          if (!signal.aborted) this.#options.logger.warn(`log a cut: ${(error as Error).message}`)
          await sleep(backoffMs, undefined, { signal }).catch(() => {})
        }
      }
    }
  }

  #cutInTime(signal: AbortSignal): Promise<void> {
    return cutInTime({
      durationMs: this.#options.blockDurationMs ?? 30 * 60_000,
      writer: this.writer,
      isLarge: () => this.#isLarge(),
      needsRoom: () => this.#needsRoom,
      cut: () => this.cut(),
      makeRoom: () => this.#makeRoom(),
      onFailure: (error) => {
        this.#metrics.cutFailures.inc()
        const code = (error as StoreError).code
        if (isDiskFull(error) || code === 'DISK_FULL') this.#needsRoom = true
        this.#options.logger.error(`cut a block, will try again: ${(error as Error).message}`)
      },
      signal,
    })
  }

  /** What is in the bucket need not wait for its readers now, and what is in the log is smaller in a block. */
  async #makeRoom(): Promise<void> {
    this.#options.logger.warn({ path: this.#options.path }, 'disk is full: cutting a block to make room')
    await this.#pending.deleteUploaded(0)
    await this.#reserve.release()
    await this.cut()
    await this.#reserve.take()
    this.#needsRoom = false
  }

  #isLarge(): boolean {
    const { maxHeadBytes = 384 << 20, maxSymbolBytes = 256 << 20, maxLogBytes = 2 ** 31 } = this.#options
    if (!this.#isReplayed) return false
    const { heldBytes, symbolBytes, logBytes } = this.#head
    return heldBytes >= maxHeadBytes || symbolBytes >= maxSymbolBytes || logBytes >= maxLogBytes
  }

  async #cutAll(): Promise<void> {
    const cut = (generation: Generation) => this.#cutGeneration(generation)
    // What an earlier cut could not finish comes first, and nothing is frozen behind it.
    await this.#head.cutFrozen(cut)
    if (this.#head.hasFrozen || this.#head.isEmpty) return
    this.#head.freeze(await this.#wal.rotate())
    // Attempts that were synced before are on their way into the head.
    await this.#head.inserted()
    await this.#head.cutFrozen(cut)
  }

  async #cutGeneration(generation: Generation): Promise<void> {
    const stop = this.#metrics.cutSeconds.startTimer()
    await cutGeneration(generation, {
      wal: this.#wal,
      walDirectory: this.#walDirectory,
      pending: this.#pending,
      version: this.#options.writeVersion,
      onBlock: ({ key, sizeBytes }, { meta }) => {
        this.#metrics.cuts.inc()
        const { profileCount: profiles, attemptCount: attempts, seriesCount: series } = meta
        this.#options.logger.info({ block: key, sizeBytes, profiles, attempts, series }, 'block cut')
      },
      onKeptAside: (path) =>
        this.#options.logger.error({ kept: path }, 'kept a log segment that was not readable'),
    })
    stop()
  }
}

/** A folder that cannot be written is found here, not at the first scrape. */
async function openFolder(path: string, options: LockOptions): Promise<StorageLock> {
  try {
    await makeDirectory(join(path, 'wal'))
    await makeDirectory(join(path, 'pending'))
    return await lockStorage(path, options)
  } catch (error) {
    if (error instanceof StoreError || options.signal?.aborted === true) throw error
    throw new Error(`open storage "${path}": ${(error as Error).message}`, { cause: error })
  }
}
