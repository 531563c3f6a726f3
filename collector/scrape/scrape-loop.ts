import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attempt } from '../../block/attempt.ts'
import type { HealthClass } from '../../block/health.ts'
import type { Logger } from '../../lib/log.ts'
import type { ProfileStore } from '../profile-store.ts'
import type { Target } from '../target.ts'
import { remedies } from './classify.ts'
import type { DiskPause } from './disk-pause.ts'
import { finish } from './finish.ts'
import type { HttpClients } from './http-clients.ts'
import { type Scrape, scrape } from './scrape.ts'
import type { ScrapeGate } from './scrape-gate.ts'
import type { ScrapeMetrics } from './scrape-metrics.ts'
import type { Turns } from './turns.ts'

/** What a loop says of itself. */
export interface LoopState {
  health: HealthClass | 'unknown'
  reason: string
  remedy: string
  lastScrapeMs: number
  lastDurationMs: number
  lastSizeBytes: number
  nextScrapeMs: number
}

export interface LoopOptions {
  readonly store: ProfileStore
  readonly clients: HttpClients
  /** Shared by all loops: scrapes of one address take turns. */
  readonly turns: Turns
  /** Shared by all loops: while the disk is full none of them scrapes. */
  readonly diskPause: DiskPause
  readonly gate: ScrapeGate
  readonly metrics: ScrapeMetrics
  readonly log: Logger
  readonly now: () => number
}

/** A type that a program does not offer is asked for again this many intervals later. */
const unsupportedPause = 10
/** A mesh lets nobody through until a person acts. */
const meshPauseMs = 5 * 60_000
const maxSleepMs = 60_000
/** Beyond its seconds, for a scrape whose target was dropped: the collector that has it next waits for 5 s. */
const finishMs = 3000

/** Scrapes one target for as long as it runs. */
export class ScrapeLoop {
  readonly state: LoopState = {
    health: 'unknown',
    reason: '',
    remedy: '',
    lastScrapeMs: 0,
    lastDurationMs: 0,
    lastSizeBytes: 0,
    nextScrapeMs: 0,
  }
  readonly #options: LoopOptions
  #target: Target
  /** So often in a row. */
  #unsupported = 0
  #meshBlocked = 0
  /** The first attempt that found no room: a row says so once there is some. */
  #owed: Attempt | undefined
  #signals: { readonly signal: AbortSignal; readonly cut: AbortSignal } | undefined
  /** Something was taken beside the schedule since the last scheduled scrape. */
  #hasTaken = false

  constructor(target: Target, options: LoopOptions) {
    this.#target = target
    this.#options = options
  }

  get target(): Target {
    return this.#target
  }

  /** The same target and interval, with other settings or facts: they count from the next scrape on. */
  update(target: Target): void {
    this.#target = target
  }

  /**
   * Never rejects. No scrape starts after `signal`; one that runs by then may finish, or else a target that moves to
   * another collector would miss this slot and the next. `cut` ends that as well.
   */
  async run({ signal, cut }: { readonly signal: AbortSignal; readonly cut: AbortSignal }): Promise<void> {
    this.#signals = { signal, cut }
    const { now, gate, metrics } = this.#options
    const { intervalMs } = this.#target
    const offsetMs = slotOffsetMs(this.#target)
    let nextMs = nextSlotMs(Math.max(now(), this.#startAfterMs - 1), intervalMs, offsetMs)
    try {
      while (!signal.aborted) {
        this.state.nextScrapeMs = nextMs
        // In bounded steps: a timer may fire early, has a longest time, and knows nothing of a clock that is set.
        while (nextMs > now()) await sleep(Math.min(nextMs - now(), maxSleepMs), undefined, { signal })
        if (this.#startAfterMs > now()) {
          nextMs = nextSlotMs(this.#startAfterMs - 1, intervalMs, offsetMs)
          continue
        }
        const health = await this.#inTurn(() => this.#scrapeOnce(signal, cut))
        if (health === undefined) await gate.opened({ signal })
        const missed = Math.floor((now() - nextMs) / intervalMs)
        if (health === undefined) metrics.skipped.inc({ reason: 'frozen' }, missed + 1)
        else if (missed > 0) metrics.skipped.inc({ reason: this.#hasTaken ? 'capture' : 'late' }, missed)
        this.#hasTaken = false
        nextMs = this.#nextMs(health, offsetMs)
      }
    } catch (error) {
      if (!signal.aborted) this.#options.log.error(`scrape ${this.#target.url}: ${(error as Error).message}`)
    }
    this.state.nextScrapeMs = 0
  }

  /**
   * Takes what `target`, made of this loop's, says: now, beside the schedule and in turn with it. Resolves with undefined
   * where the loop ended before there was an answer; rejects with the reason of `signal`, which ends it at once.
   */
  async takeNow(
    target: Target,
    options: { readonly signal: AbortSignal; readonly accept?: (result: Scrape) => Scrape },
  ): Promise<Scrape | undefined> {
    const { clients, diskPause, gate, now } = this.#options
    if (this.#signals === undefined) return undefined
    // Whoever has this target next does not know that something long is under way.
    const signal = AbortSignal.any([options.signal, this.#signals.signal, this.#signals.cut])
    try {
      while (this.#startAfterMs > now())
        await sleep(Math.min(this.#startAfterMs - now(), maxSleepMs), undefined, { signal })
      return await this.#besideOthers(target, async () => {
        signal.throwIfAborted()
        await gate.opened({ signal })
        this.#hasTaken = true
        if (diskPause.isOn(now())) {
          return { health: 'disk-full', reason: diskPause.reason, ...noAnswer(target, now()) }
        }
        const scraped = await scrape(target, clients, { signal, now })
        const result = options.accept?.(scraped) ?? scraped
        return { ...result, ...(await this.#store(result, target)) }
      })
    } catch (error) {
      options.signal.throwIfAborted()
      if (signal.aborted) return undefined
      throw error
    }
  }

  /**
   * One scrape of an address at a time. Timed ones exclude each other first, so that whoever waits for a long one does
   * not keep the others from their turn.
   */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { turns } = this.#options
    const { address, seconds } = this.#target
    const ofAddress = () => turns.take(address, work)
    return seconds === undefined ? ofAddress() : turns.take(timedKey(address), ofAddress)
  }

  /** A long one that is asked for lets those that take no time go on, as programs can do both. */
  #besideOthers<T>(target: Target, work: () => Promise<T>): Promise<T> {
    const { address, seconds } = target
    return this.#options.turns.take(seconds === undefined ? address : timedKey(address), work)
  }

  /**
   * Holds for a loop that scrapes already as well: it was another collector's meanwhile, and came back before we heard
   * that it was gone.
   */
  get #startAfterMs(): number {
    return this.#target.facts?.startAfterMs ?? 0
  }

  #nextMs(health: HealthClass | undefined, offsetMs: number): number {
    const { now } = this.#options
    const { intervalMs } = this.#target
    if (health === 'busy') {
      // Somebody else's profile is running: soon again, at no fixed distance from theirs.
      const retryMs = Math.min(intervalMs / 2, 5000) * (0.5 + Math.random())
      return Math.min(now() + retryMs, nextSlotMs(now(), intervalMs, offsetMs))
    }
    this.#unsupported = health === 'unsupported' ? this.#unsupported + 1 : 0
    this.#meshBlocked = health === 'mesh-blocked' ? this.#meshBlocked + 1 : 0
    // The first may be a program that just ends, the first few one that is still starting.
    const isMeshPause = this.#meshBlocked > 1
    const pauseMs = isMeshPause ? meshPauseMs : this.#unsupported > 2 ? unsupportedPause * intervalMs : 0
    return nextSlotMs(now() + Math.max(0, pauseMs - intervalMs), intervalMs, offsetMs)
  }

  /** Undefined where the gate is closed and nothing was tried, or where this process stood still before an answer came. */
  async #scrapeOnce(signal: AbortSignal, cut: AbortSignal): Promise<HealthClass | undefined> {
    const { clients, diskPause, gate, metrics, now } = this.#options
    const target = this.#target
    signal.throwIfAborted()
    if (!gate.isOpen()) return undefined
    if (diskPause.isOn(now())) {
      this.#owed ??= this.#withoutRoom(now(), 0)
      this.#report({ health: 'disk-full', reason: diskPause.reason }, now(), 0, 0)
      metrics.scrapes.inc({ health: 'disk-full', profile_type: target.profileType })
      metrics.skipped.inc({ reason: 'disk-full' })
      return 'disk-full'
    }
    const freezes = gate.freezes()
    const result = await finish((signal) => scrape(target, clients, { signal, now }), {
      stop: signal,
      cut,
      limitMs: (target.seconds ?? 0) * 1000 + finishMs,
    })
    // That a process did not answer any more while it went away is no news.
    if (!isWell(result.health)) signal.throwIfAborted()
    const { attempt, receivedBytes } = result
    // Our clock ran out, not the target's; and another collector may have scraped it since.
    if (attempt.body === undefined && gate.freezes() !== freezes) return undefined
    metrics.duration.observe({ profile_type: this.#target.profileType }, attempt.durationMs / 1000)
    metrics.receivedBytes.inc({ profile_type: this.#target.profileType }, receivedBytes)
    const stored = await this.#store(result, this.#target)
    this.#report(stored, attempt.timeMs, attempt.durationMs, receivedBytes)
    metrics.scrapes.inc({ health: stored.health, profile_type: this.#target.profileType })
    return stored.health
  }

  /** Ok only once the store has it. An empty block or mutex profile is the normal case, so no row says it each time. */
  async #store(
    { health, reason, attempt }: Scrape,
    { keepEmpty }: Target,
  ): Promise<{ health: HealthClass; reason: string }> {
    if (health === 'empty' && !keepEmpty) return { health, reason }
    const { store, diskPause, metrics, log, now } = this.#options
    try {
      if (this.#owed !== undefined) await store.append(this.#owed)
      this.#owed = undefined
      await store.append(attempt)
      return { health, reason }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      metrics.storeFailures.inc({ code: code ?? 'OTHER' })
      if (code === 'DISK_FULL') diskPause.begin(now(), message)
      else if (code !== 'CLOSED') log.error(`store the profile of ${this.#target.url}: ${message}`)
      this.#owed ??= this.#withoutRoom(attempt.timeMs, attempt.durationMs)
      // Whatever the disk's trouble is: what is not on it is not ok.
      return { health: 'disk-full', reason: message }
    }
  }

  #withoutRoom(timeMs: number, durationMs: number): Attempt {
    return { labels: this.#target.labels, timeMs, durationMs, health: 'disk-full', httpStatus: 0 }
  }

  #report(
    { health, reason }: { health: HealthClass; reason: string },
    timeMs: number,
    durationMs: number,
    sizeBytes: number,
  ): void {
    const { state } = this
    if (health !== state.health) {
      const { log } = this.#options
      const facts = { url: this.#target.url, profileType: this.#target.profileType, health }
      if (!isWell(health)) log.warn(facts, `scrape ${this.#target.url}: ${health}: ${reason}`)
      // From empty to ok is how every process starts, and nothing to speak of.
      else if (state.health !== 'unknown' && !isWell(state.health)) {
        log.info(facts, `scrape ${this.#target.url}: ${health} again`)
      }
    }
    state.health = health
    state.reason = reason
    const { meshRemedy } = this.#target.facts ?? {}
    state.remedy = (health === 'mesh-blocked' ? meshRemedy : undefined) ?? remedies[health]
    state.lastScrapeMs = timeMs
    state.lastDurationMs = durationMs
    state.lastSizeBytes = sizeBytes
  }
}

function timedKey(address: string): string {
  return `${address} timed`
}

function noAnswer({ labels }: Target, timeMs: number): Pick<Scrape, 'attempt' | 'receivedBytes'> {
  const attempt: Attempt = { labels, timeMs, durationMs: 0, health: 'disk-full', httpStatus: 0 }
  return { attempt, receivedBytes: 0 }
}

function isWell(health: HealthClass): boolean {
  return health === 'ok' || health === 'empty'
}

/** Spreads targets over the interval, the same way after every restart. */
export function slotOffsetMs({ key, intervalMs }: Target): number {
  return createHash('sha256').update(key).digest().readUInt32LE(0) % intervalMs
}

/** The first time after `nowMs` that is `offsetMs` into an interval. */
export function nextSlotMs(nowMs: number, intervalMs: number, offsetMs: number): number {
  const slot = Math.floor((nowMs - offsetMs) / intervalMs) + 1
  return slot * intervalMs + offsetMs
}
