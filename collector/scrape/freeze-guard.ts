import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, type Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'
import type { ScrapeGate } from './scrape-gate.ts'

export interface FreezeGuardOptions {
  /** Reads the config anew, and resolves once it is applied; absent where nobody else could have our targets. */
  readonly reread?: ((options: { readonly signal: AbortSignal }) => Promise<void>) | undefined
  readonly logger: Logger
  readonly registry: Registry
  /** A clock that jumps by more was not looked at for as long; 30 s. */
  readonly maxGapMs?: number
  /** Unix ms, and ms that only grow: for tests. */
  readonly now?: () => number
  readonly monotonic?: () => number
}

/**
 * Notices that this process did not run for a while: it was stopped, or its machine was. Others may have its targets
 * by then, so the gate stays closed until the config has been read again, however long that takes.
 */
export class FreezeGuard implements ScrapeGate {
  readonly #options: FreezeGuardOptions
  readonly #frozen: Counter
  #lastMs = 0
  #lastMonotonicMs = 0
  #freezes = 0
  #closed: PromiseWithResolvers<void> | undefined
  #signal: AbortSignal | undefined

  constructor(options: FreezeGuardOptions) {
    this.#options = options
    this.#frozen = new Counter({
      name: 'conprof_collector_frozen_total',
      help: 'Times this process noticed that it had not run for long, and read its config again.',
      registers: [options.registry],
    })
    this.#measure()
  }

  isOpen(): boolean {
    this.#look()
    return this.#closed === undefined
  }

  freezes(): number {
    this.#look()
    return this.#freezes
  }

  async opened({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted()
    if (this.#closed === undefined) return
    const { promise } = this.#closed
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      void promise.then(() => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
    })
  }

  /** Looks at the clocks every second; whoever scrapes looks at them too, as its timer may come first. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    // How long it took to start is no freeze.
    this.#measure()
    this.#signal = signal
    while (!signal.aborted) {
      await sleep(1000, undefined, { signal }).catch(() => {})
      if (!signal.aborted) this.#look()
    }
  }

  /** The longer of both clocks' ways since the last call: one of them stands still while a machine sleeps. */
  #measure(): number {
    const { now = Date.now, monotonic = () => performance.now() } = this.#options
    const [ms, monotonicMs] = [now(), monotonic()]
    const gapMs = Math.max(ms - this.#lastMs, monotonicMs - this.#lastMonotonicMs)
    this.#lastMs = ms
    this.#lastMonotonicMs = monotonicMs
    return gapMs
  }

  #look(): void {
    const { reread, logger, maxGapMs = 30_000 } = this.#options
    const gapMs = this.#measure()
    if (gapMs <= maxGapMs || this.#signal === undefined) return
    this.#frozen.inc()
    this.#freezes++
    const seconds = Math.round(gapMs / 1000)
    if (reread === undefined) {
      logger.warn({ seconds }, 'this process did not run for a while')
      return
    }
    logger.warn(
      { seconds },
      'this process did not run for a while: no scrape starts until its config is read again',
    )
    if (this.#closed !== undefined) return
    this.#closed = Promise.withResolvers()
    void this.#reopen(reread, this.#signal)
  }

  async #reopen(reread: NonNullable<FreezeGuardOptions['reread']>, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options
    const impatience = setInterval(
      () => logger.warn('the config could not be read again yet: no scrape starts until then'),
      30_000,
    ).unref()
    for (let backoffMs = 500; !signal.aborted; backoffMs = Math.min(backoffMs * 2, 10_000)) {
      const before = this.#freezes
      try {
        await reread({ signal })
        this.#look()
        // Frozen once more meanwhile: what was read may be old again.
        if (this.#freezes === before) break
      } catch (error) {
        if (!signal.aborted) logger.warn(`read the config again: ${(error as Error).message}`)
        await sleep(backoffMs, undefined, { signal }).catch(() => {})
      }
    }
    clearInterval(impatience)
    if (signal.aborted) return
    logger.info('the config was read again: scraping goes on')
    this.#closed?.resolve()
    this.#closed = undefined
  }
}
