import { randomUUID } from 'node:crypto'
import { Gauge, type Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { type Clock, pause, systemClock } from './clock.ts'
import type { KubeClient, KubeError } from './kube-client.ts'
import { LeaseRecord } from './lease-record.ts'

export interface LeaseOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Says who leads, to people: the pod's name. What is written also holds what makes this process unique. */
  readonly identity: string
  readonly logger: Logger
  readonly registry: Registry
  /** Name of the gauge that says who leads; the operator's without it. */
  readonly metric?: string
  readonly timing?: Partial<LeaseTiming>
  /** Monotonic; all decisions are by it. */
  readonly clock?: Clock
  /** Unix ms; only written down. */
  readonly wallNow?: () => number
}

export interface LeaseTiming {
  /** Others wait so long after the last change that they saw; written in whole seconds. */
  readonly leaseMs: number
  /** Without a renewal for so long, a leader stops. Less than `leaseMs`, or two lead. */
  readonly renewDeadlineMs: number
  /** Between tries. */
  readonly retryMs: number
}

export interface LeadOptions {
  readonly signal: AbortSignal
  /**
   * Begins to lead. The signal aborts when that ends; what is returned is waited for before it could begin again.
   * `epoch` is higher than that of any leader before.
   */
  readonly onLeading: (epoch: number, options: { readonly signal: AbortSignal }) => void | Promise<void>
  /** Right after that signal. */
  readonly onLost?: () => void
}

const defaultTiming: LeaseTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 }

/** Between warnings that say the same. */
const repeatWarningMs = 60_000

interface Held {
  readonly epoch: number
  readonly abort: AbortController
  /** When the last renewal that went well was sent: from then on others count. */
  renewedMs: number
  cancelFence: () => void
}

/**
 * One leader among processes, by a `coordination.k8s.io/v1` Lease. Never trusts another machine's clock: what counts is
 * how long ago this process saw the record change. Two can still lead for a moment, so writes must carry the epoch.
 */
export class Lease {
  /** As it is written. */
  readonly identity: string
  readonly #options: LeaseOptions
  readonly #timing: LeaseTiming
  readonly #clock: Clock
  readonly #record: LeaseRecord
  #held: Held | undefined
  #lowestEpoch = 1
  #leave: (() => void) | undefined
  #warned: { readonly message: string; readonly atMs: number } | undefined

  constructor(options: LeaseOptions) {
    this.identity = `${options.identity}_${randomUUID()}`
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#clock = options.clock ?? systemClock
    const { client, namespace, name } = options
    const timeoutMs = this.#timing.renewDeadlineMs / 2
    this.#record = new LeaseRecord({ client, namespace, name, timeoutMs, clock: this.#clock })
    const isLeader = () => Number(this.isLeader())
    new Gauge({
      name: options.metric ?? 'conprof_operator_leader',
      help: 'Whether this process leads.',
      registers: [options.registry],
      collect() {
        this.set(isLeader())
      },
    })
  }

  /** Of the moment, by the time alone: also where every timer is late. */
  isLeader(nowMs: number = this.#clock.now()): boolean {
    if (this.#held === undefined || this.#held.abort.signal.aborted) return false
    return nowMs - this.#held.renewedMs <= this.#timing.renewDeadlineMs
  }

  /** Undefined unless it leads. */
  get epoch(): number | undefined {
    return this.isLeader() ? this.#held?.epoch : undefined
  }

  /** Stops leading, and runs for it again; the next epoch is above `outrankedBy`. */
  abandon(options: { readonly outrankedBy?: number } = {}): void {
    this.#lowestEpoch = Math.max(this.#lowestEpoch, (options.outrankedBy ?? 0) + 1)
    this.#leave?.()
  }

  /** Until the signal; then gives the Lease back. Rejects where `onLeading` does. */
  async run(options: LeadOptions): Promise<void> {
    const { signal } = options
    while (!signal.aborted) {
      const held = await this.#tryToAcquire(signal)
      if (held !== undefined) await this.#lead(held, options)
      if (signal.aborted) return
      await this.#pause(signal)
    }
  }

  async #lead(held: Held, { signal, onLeading, onLost }: LeadOptions): Promise<void> {
    const { logger } = this.#options
    this.#held = held
    const { epoch } = held
    // It took so long to hear of it that it is over.
    if (!this.isLeader()) {
      this.#held = undefined
      return
    }
    logger.info({ lease: this.#options.name, epoch }, 'leads')
    let workError: { readonly error: unknown } | undefined
    const work = (async () => onLeading(epoch, { signal: held.abort.signal }))().catch((error: unknown) => {
      workError = { error }
      held.abort.abort(error)
    })
    const stop = (reason: string) => held.abort.abort(new Error(reason))
    const onAbort = () => stop('asked to stop')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    this.#leave = () => stop('abandoned')
    this.#fence(held)
    try {
      await this.#renewUntil(held)
    } finally {
      signal.removeEventListener('abort', onAbort)
      held.cancelFence()
      this.#leave = undefined
      this.#held = undefined
      stop('lost')
      logger.info(
        { lease: this.#options.name, epoch },
        `leads no more: ${messageOf(held.abort.signal.reason)}`,
      )
      onLost?.()
      await work
      // Only once nothing is written any more.
      await this.#release(held)
    }
    if (workError !== undefined) throw workError.error
  }

  /** Aborts when time is up, even while a renewal hangs. */
  #fence(held: Held): void {
    held.cancelFence()
    const leftMs = held.renewedMs + this.#timing.renewDeadlineMs - this.#clock.now()
    held.cancelFence = this.#clock.after(leftMs, () => held.abort.abort(new Error('not renewed in time')))
  }

  async #renewUntil(held: Held): Promise<void> {
    const ended = held.abort.signal
    for (;;) {
      await pause(this.#clock, this.#timing.retryMs, ended)
      // The timers may have stood still for longer than the Lease is good for.
      if (ended.aborted || !this.isLeader()) return
      const isKept = await this.#renew(held)
      if (!isKept) return
    }
  }

  /** Whether it may still be ours. */
  async #renew(held: Held): Promise<boolean> {
    const sentMs = this.#clock.now()
    const signal = held.abort.signal
    try {
      await this.#record.write({ ...this.#record.spec, renewTime: this.#wallTime() }, signal)
    } catch (error) {
      if (signal.aborted) return false
      const { code } = error as KubeError
      if (code !== 'CONFLICT' && code !== 'NOT_FOUND') {
        this.#warn(`renew the lease, will try again: ${(error as Error).message}`)
        return true
      }
      // Either another took it, or a renewal of ours arrived whose answer did not.
      return this.#isStillOurs(held, signal)
    }
    held.renewedMs = sentMs
    this.#warned = undefined
    this.#fence(held)
    return true
  }

  async #isStillOurs(held: Held, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#record.read(signal)
    } catch (error) {
      return !signal.aborted && (error as KubeError).code !== 'NOT_FOUND'
    }
    return this.#isOurs(held)
  }

  /** As the record was last seen. */
  #isOurs({ epoch }: Held): boolean {
    const { holderIdentity, leaseTransitions } = this.#record.spec ?? {}
    return holderIdentity === this.identity && leaseTransitions === epoch
  }

  async #tryToAcquire(signal: AbortSignal): Promise<Held | undefined> {
    try {
      await this.#record.read(signal).catch((error: KubeError) => {
        if (error.code !== 'NOT_FOUND') throw error
      })
      this.#warned = undefined
      const before = this.#record.spec
      if (before?.holderIdentity && before.holderIdentity !== this.identity && !this.#isOver())
        return undefined
      const sentMs = this.#clock.now()
      const epoch = Math.max(this.#lowestEpoch, (before?.leaseTransitions ?? 0) + 1)
      const time = this.#wallTime()
      await this.#record.write(
        {
          holderIdentity: this.identity,
          leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000),
          leaseTransitions: epoch,
          acquireTime: time,
          renewTime: time,
        },
        signal,
      )
      this.#lowestEpoch = epoch + 1
      return { epoch, abort: new AbortController(), renewedMs: sentMs, cancelFence: () => {} }
    } catch (error) {
      if (signal.aborted) return undefined
      const { code } = error as KubeError
      // Another was quicker.
      if (code !== 'CONFLICT' && code !== 'ALREADY_EXISTS')
        this.#warn(`acquire the lease, will try again: ${(error as Error).message}`)
      return undefined
    }
  }

  /** The same every two seconds of an outage of hours is no news. */
  #warn(message: string): void {
    const now = this.#clock.now()
    if (message === this.#warned?.message && now - this.#warned.atMs < repeatWarningMs) return
    this.#warned = { message, atMs: now }
    this.#options.logger.warn({ lease: this.#options.name }, message)
  }

  #isOver(): boolean {
    // As long as its holder promised, and no shorter than we would.
    const promisedMs = (this.#record.spec?.leaseDurationSeconds ?? 0) * 1000
    return this.#record.unchangedMs > Math.max(promisedMs, this.#timing.leaseMs)
  }

  /** Never what is another's, or may be by now. */
  async #release(held: Held): Promise<void> {
    const { logger, name } = this.#options
    const isGood = () => this.#clock.now() - held.renewedMs <= this.#timing.renewDeadlineMs
    try {
      while (this.#isOurs(held) && isGood()) {
        if (await this.#giveBack()) return
        // A renewal was under way when it ended, and arrived.
        await this.#record.read(undefined)
      }
    } catch (error) {
      logger.info({ lease: name }, `release the lease: ${(error as Error).message}`)
    }
  }

  /** False where the record is another than was seen. */
  async #giveBack(): Promise<boolean> {
    const { holderIdentity, ...spec } = this.#record.spec ?? {}
    try {
      await this.#record.write({ ...spec, leaseDurationSeconds: 1, renewTime: this.#wallTime() }, undefined)
      return true
    } catch (error) {
      if ((error as KubeError).code === 'CONFLICT') return false
      throw error
    }
  }

  #wallTime(): string {
    const ms = this.#options.wallNow?.() ?? Date.now()
    return new Date(ms).toISOString().replace(/Z$/, '000Z')
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await pause(this.#clock, this.#timing.retryMs * (1 + Math.random() / 5), signal)
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}
