import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'
import { labelsHash, profileId } from '../../profile/labels.ts'
import { remedies } from '../scrape/classify.ts'
import type { Scrape } from '../scrape/scrape.ts'
import type { Scraper } from '../scrape/scraper.ts'
import { Turns } from '../scrape/turns.ts'
import type { Target } from '../target.ts'
import { acceptGoroutineText } from './accept-goroutine-text.ts'
import { CaptureError } from './capture-error.ts'
import { type CaptureMetrics, createCaptureMetrics } from './capture-metrics.ts'
import {
  type CaptureOrder,
  type CaptureReport,
  type CaptureReportItem,
  type CaptureTake,
  maxRunningCaptures,
} from './capture-order.ts'
import { capturedTarget } from './captured-target.ts'

export interface CapturesOptions {
  readonly scraper: Pick<Scraper, 'loops' | 'loopOf'>
  readonly log: Logger
  readonly registry: Registry
  /** How long to try where another profiler runs in the process; 60 s. */
  readonly busyMs?: number
  /** How long what is done is remembered; 1 h. */
  readonly keepMs?: number
}

/** In a row, before what is left of `count` is given up. */
const maxFailures = 3

type Item = { -readonly [Key in keyof CaptureReportItem]: CaptureReportItem[Key] } & {
  readonly take: CaptureTake
  /** Of the scrape loop; undefined where nobody writes the series. */
  readonly key: string | undefined
  readonly profileIds: string[]
}

interface Capture {
  readonly order: CaptureOrder
  readonly items: readonly Item[]
  readonly stop: AbortController
  endedMs: number | undefined
}

/** What was asked to be taken now: each order runs from `begin` on, and ends with `run` at the latest. */
export class Captures {
  readonly #options: CapturesOptions
  readonly #metrics: CaptureMetrics
  readonly #captures = new Map<string, Capture>()
  /** Captures of one target take turns, whole. */
  readonly #turns = new Turns()
  #isStopped = false

  constructor(options: CapturesOptions) {
    this.#options = options
    this.#metrics = createCaptureMetrics(options.registry, () => this.#running.length)
  }

  /** Cancels what is under way at the end. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#isStopped = true
    for (const { order, endedMs } of this.#captures.values())
      if (endedMs === undefined) this.#cancel(order.id, 'this collector stops')
  }

  /** The same order again is the one that runs. Throws a CaptureError where there are too many. */
  begin(order: CaptureOrder): CaptureReport {
    this.#forgetOld()
    const known = this.#captures.get(order.id)
    if (known !== undefined) return report(known)
    if (this.#isStopped) throw new CaptureError('STOPPED', `capture ${order.id}: this collector stops`)
    if (this.#running.length >= maxRunningCaptures) {
      throw new CaptureError('BUSY', `capture ${order.id}: ${maxRunningCaptures} are under way, want less`)
    }
    const targets = new Map(
      this.#options.scraper.loops().map(({ target }) => [labelsHash(target.labels), target]),
    )
    const items = order.takes.map((take) => newItem(order, take, targets.get(take.series)))
    const capture: Capture = { order, items, stop: new AbortController(), endedMs: undefined }
    this.#captures.set(order.id, capture)
    this.#options.log.info({ capture: order.id, takes: items.length }, 'capture begins')
    void this.#runAll(capture)
    return report(capture)
  }

  /** Undefined for what nobody asked for, or long ago. */
  report(id: string): CaptureReport | undefined {
    const capture = this.#captures.get(id)
    return capture && report(capture)
  }

  /** Ends it; what is stored stays. False for what is not under way. */
  cancel(id: string): boolean {
    return this.#cancel(id, 'somebody stopped it')
  }

  get #running(): readonly Capture[] {
    return [...this.#captures.values()].filter(({ endedMs }) => endedMs === undefined)
  }

  #cancel(id: string, reason: string): boolean {
    const capture = this.#captures.get(id)
    if (capture === undefined || capture.endedMs !== undefined) return false
    for (const item of capture.items)
      if (!isEnded(item)) fail(item, { health: 'canceled', reason, remedy: '' })
    this.#end(capture)
    capture.stop.abort()
    return true
  }

  async #runAll(capture: Capture): Promise<void> {
    const { order, items, stop } = capture
    await Promise.all(
      items.map(async (item) => {
        try {
          const before = this.#before(item, capture)
          if (before !== undefined) item.reason = `capture ${before} of the same comes first`
          await this.#turns.take(placeOf(item), async () => {
            stop.signal.throwIfAborted()
            item.reason = ''
            await this.#runItem(item, order, stop.signal)
          })
        } catch (error) {
          if (stop.signal.aborted) return
          this.#options.log.error({ err: error, capture: order.id }, `capture: ${String(error)}`)
          fail(item, { health: 'failed', reason: (error as Error).message, remedy: '' })
        }
      }),
    )
    if (capture.endedMs === undefined) this.#end(capture)
  }

  /** The newest of the others that still want the same. */
  #before(item: Item, capture: Capture): string | undefined {
    const others = this.#running.filter((each) => each !== capture)
    const last = others.findLast(({ items }) =>
      items.some((each) => !isEnded(each) && placeOf(each) === placeOf(item)),
    )
    return last?.order.id
  }

  #end(capture: Capture): void {
    const { order, items } = capture
    capture.endedMs = performance.now()
    const stored = items.reduce((sum, { done }) => sum + done, 0)
    const failed = items.filter(({ state }) => state === 'failed').length
    this.#options.log.info({ capture: order.id, stored, failed }, 'capture ends')
  }

  async #runItem(item: Item, order: CaptureOrder, signal: AbortSignal): Promise<void> {
    item.state = 'running'
    let failures = 0
    let busySinceMs: number | undefined
    for (let tries = 0; tries < order.count; ) {
      const startMs = performance.now()
      const result = await this.#take(item, order, signal)
      signal.throwIfAborted()
      if (result === undefined) return
      if (result.health === 'busy') {
        busySinceMs ??= startMs
        note(item, result)
        if (performance.now() - busySinceMs < (this.#options.busyMs ?? 60_000)) {
          // At no fixed distance from whoever else profiles.
          await sleep(1000 + Math.random() * 1000, undefined, { signal })
          continue
        }
      }
      busySinceMs = undefined
      tries++
      note(item, result)
      if (result.health === 'ok') {
        failures = 0
        item.done++
        item.profileIds.push(profileId(result.attempt.timeMs, result.attempt.labels))
      } else if (++failures === maxFailures || isFinal(result)) break
      if (tries < order.count) {
        // What takes time has taken it by now, unless it failed.
        const waitMs = startMs + order.seconds * 1000 - performance.now()
        if (waitMs > 0) await sleep(waitMs, undefined, { signal })
      }
    }
    item.state = item.done === order.count ? 'done' : 'failed'
    if (item.state === 'done') note(item, { health: 'ok', reason: '' })
  }

  /** Undefined where the target is gone, which the item says then. */
  async #take(item: Item, order: CaptureOrder, signal: AbortSignal): Promise<Scrape | undefined> {
    for (;;) {
      const loop = item.key === undefined ? undefined : this.#options.scraper.loopOf(item.key)
      if (loop === undefined) {
        fail(item, gone)
        return undefined
      }
      const { kind } = item.take
      const target = capturedTarget(loop.target, { ...order, kind })
      const accept = kind === 'goroutine_text' ? { accept: acceptGoroutineText } : {}
      const result = await loop.takeNow(target, { signal, ...accept })
      // One that ended may have a successor, of another interval.
      if (result === undefined) continue
      const { profileType: profile_type } = target
      this.#metrics.profiles.inc({ health: result.health, profile_type })
      this.#metrics.receivedBytes.inc({ profile_type }, result.receivedBytes)
      return result
    }
  }

  #forgetOld(): void {
    const { keepMs = 60 * 60_000 } = this.#options
    for (const [id, { endedMs }] of this.#captures)
      if (endedMs !== undefined && performance.now() - endedMs > keepMs) this.#captures.delete(id)
  }
}

const gone = {
  health: 'gone',
  reason: 'this collector scrapes it no more: it ended, or moved to another collector',
  remedy: 'capture again: what replaced it matches as well, unless the selector names the pod',
}

function newItem(order: CaptureOrder, take: CaptureTake, target: Target | undefined): Item {
  return {
    take,
    key: target?.key,
    labels: target === undefined ? {} : capturedTarget(target, { ...order, ...take }).labels,
    state: 'waiting',
    done: 0,
    count: order.count,
    profileIds: [],
    health: '',
    reason: '',
    remedy: '',
  }
}

function placeOf({ key, take }: Item): string {
  return `${key} ${take.kind}`
}

function note(item: Item, { health, reason }: Pick<Scrape, 'health' | 'reason'>): void {
  item.health = health === 'ok' ? '' : health
  item.reason = reason
  item.remedy = remedies[health]
}

function fail(item: Item, why: Pick<CaptureReportItem, 'health' | 'reason' | 'remedy'>): void {
  Object.assign(item, why, { state: 'failed' })
}

function isEnded({ state }: Item): boolean {
  return state === 'done' || state === 'failed'
}

/** A second try in the next minutes would end as this one did. */
function isFinal({ health }: Scrape): boolean {
  return ['unsupported', 'empty', 'busy', 'http-4xx', 'mesh-blocked', 'not-pprof', 'too-large'].includes(
    health,
  )
}

function report({ order, items, endedMs }: Capture): CaptureReport {
  return {
    id: order.id,
    startedMs: order.startedMs,
    leftOut: order.leftOut,
    state: endedMs === undefined ? 'running' : 'done',
    items: items.map(({ take: _, key: _key, ...item }) => ({ ...item, profileIds: [...item.profileIds] })),
  }
}
