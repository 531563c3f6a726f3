import { setImmediate } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { retryMs } from './backoff.ts'
import { pause, systemClock } from './clock.ts'
import { eventError } from './kube-answer-error.ts'
import type { KubeClient } from './kube-client.ts'
import { LineSplitter } from './line-splitter.ts'
import { type ListedObject, listPages } from './list-pages.ts'
import { createListWatchMetrics, type ListWatchMetrics } from './list-watch-metrics.ts'
import { defaultTiming, type ListWatchTiming } from './list-watch-timing.ts'
import { parseEvent, Restart, type RestartReason, reasonOf, splitLines } from './watch-event.ts'

export type { ListWatchTiming }

/** What is known of one object: its projection. */
export interface Change<View> {
  /** `namespace/name`, or the name of what has no namespace. */
  readonly key: string
  /** Undefined where it is new. */
  readonly before: View | undefined
  /** Undefined where it is gone, or where `project` keeps nothing of it. */
  readonly after: View | undefined
}

export interface ListWatchOptions<View> {
  readonly client: KubeClient
  /** Names metrics and messages: `pods`. */
  readonly kind: string
  /** Of the collection: `/api/v1/pods`, `/apis/conprof.io/v1alpha1/namespaces/shop/profiletargets`. */
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Keeps only what is used; undefined keeps nothing of this object. Must be quick; a throw is counted and logged. */
  readonly project: (object: never) => View | undefined
  /** Equal projections are no change; by JSON without it. */
  readonly isEqual?: (a: View, b: View) => boolean
  /** Called for each change, in order, never while another call runs. Must not throw. */
  readonly onChange: (change: Change<View>) => void
  readonly logger: Logger
  readonly registry: Registry
  /** For tests. */
  readonly timing?: Partial<ListWatchTiming>
}

const maxLineBytes = 16 << 20

/**
 * Follows a collection: `items` is what the server has, a moment ago. Goes on for ever, whatever the server or the
 * network do; nothing but the signal ends it.
 */
export class ListWatch<View> {
  readonly kind: string
  /** Resolves once the first list is in `items`, and its changes were told. */
  readonly synced: Promise<void>
  readonly #options: ListWatchOptions<View>
  readonly #timing: ListWatchTiming
  readonly #metrics: ListWatchMetrics
  readonly #items = new Map<string, View>()
  readonly #isEqual: (a: View, b: View) => boolean
  #setSynced: () => void = () => {}
  #isSynced = false
  #lastActivityMs: number
  /** Opaque: where to watch from. Undefined: list first. */
  #resourceVersion: string | undefined
  /** Grows with each list that was taken over: what was found out about the one before is void. */
  #generation = 0
  /** Keys that the watch told of since an audit began. */
  #touched: Set<string> | undefined
  /** Of the watch that runs. */
  #endStream: ((reason: RestartReason) => void) | undefined
  #failures = 0
  #problem: string | undefined
  #lastProjectionLogMs = Number.NEGATIVE_INFINITY

  constructor(options: ListWatchOptions<View>) {
    this.kind = options.kind
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#isEqual = options.isEqual ?? ((a, b) => JSON.stringify(a) === JSON.stringify(b))
    this.#lastActivityMs = performance.now()
    this.synced = new Promise((resolve) => {
      this.#setSynced = resolve
    })
    this.#metrics = createListWatchMetrics(options.registry, this.kind, {
      objects: () => this.#items.size,
      lastActivityMs: () => this.#lastActivityMs,
      isStuck: () => this.isStuck(),
    })
  }

  /** By `namespace/name`. Changes as events come, right before `onChange` is told. */
  get items(): ReadonlyMap<string, View> {
    return this.#items
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  /** Why the last list or watch ended, unless by itself; undefined once the next goes well. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Of the last page or event, by `performance.now()`; of its making before that. */
  get lastActivityMs(): number {
    return this.#lastActivityMs
  }

  /**
   * Hears nothing although the server answers, and has answered for long enough to come back by itself: then starting
   * afresh may help. Never because the server is, or was, away.
   */
  isStuck(nowMs: number = performance.now()): boolean {
    const { stuckMs } = this.#timing
    const { lastAnswerMs, answeringSinceMs } = this.#options.client
    if (nowMs - lastAnswerMs > Math.min(stuckMs, 120_000)) return false
    return nowMs - Math.max(this.#lastActivityMs, answeringSinceMs) > stuckMs
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#noteActivity()
    const audits = this.#audit(signal)
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list(signal)
        await this.#watch(signal)
      } catch (error) {
        if (signal.aborted) break
        await this.#recover(error, signal)
      }
    }
    await audits
    this.#metrics.end()
  }

  async #list(signal: AbortSignal): Promise<void> {
    const next = new Map<string, View>()
    const { resourceVersion } = await this.#listPages(signal, (key, view) => {
      if (view !== undefined) next.set(key, view)
    })
    this.#generation++
    this.#metrics.relists.inc({ kind: this.kind })
    await this.#replace(next, signal)
    this.#resourceVersion = resourceVersion
    if (this.#isSynced) return
    this.#isSynced = true
    this.#setSynced()
  }

  async #listPages(signal: AbortSignal, onView: (key: string, view: View | undefined) => void) {
    const { client, path } = this.#options
    return listPages({
      client,
      path,
      query: this.#selectors(),
      pageSize: this.#timing.pageSize,
      signal,
      onPage: () => this.#noteActivity(),
      onObject: (object) => onView(keyOf(object), this.#project(object)),
    })
  }

  /** Tells what differs; what a list no longer has was deleted while nobody watched. */
  async #replace(next: ReadonlyMap<string, View>, signal: AbortSignal): Promise<void> {
    let told = 0
    for (const key of [...this.#items.keys()]) if (!next.has(key)) this.#set(key, undefined)
    for (const [key, view] of next) {
      if (!this.#set(key, view)) continue
      // So that a large list's changes do not hold up everything else.
      if (++told % this.#timing.pageSize === 0) await setImmediate()
      if (signal.aborted) throw signal.reason
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, path } = this.#options
    const { minWatchMs, maxWatchMs, stallMs } = this.#timing
    const watchMs = minWatchMs + Math.random() * (maxWatchMs - minWatchMs)
    const abort = new AbortController()
    const onAbort = () => abort.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    this.#endStream = (reason) => abort.abort(new Restart(reason))
    const stalled = () => abort.abort(new Restart('stalled'))
    let watchdog = setTimeout(stalled, stallMs)
    const startMs = performance.now()
    try {
      const chunks = await client.stream({
        path,
        query: {
          ...this.#selectors(),
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: this.#resourceVersion,
          timeoutSeconds: String(Math.ceil(watchMs / 1000)),
        },
        timeoutMs: Math.min(stallMs, 30_000),
        signal: abort.signal,
      })
      const splitter = new LineSplitter({ maxLineBytes })
      for await (const chunk of chunks) {
        clearTimeout(watchdog)
        watchdog = setTimeout(stalled, stallMs)
        for (const line of splitLines(splitter, chunk)) this.#handle(line)
      }
      if (signal.aborted) return
      // A short one that told nothing may be a server that ends all of them: that waits as a failure does.
      if (performance.now() - startMs > this.#timing.maxBackoffMs) this.#failures = 0
      throw new Restart('ended')
    } finally {
      clearTimeout(watchdog)
      signal.removeEventListener('abort', onAbort)
      this.#endStream = undefined
    }
  }

  #handle(line: string): void {
    const { type, object } = parseEvent(line)
    if (type === 'ERROR') throw eventError(this.#options.path, object)
    const key = type === 'BOOKMARK' ? undefined : keyOf(object)
    if (key !== undefined) {
      this.#touched?.add(key)
      this.#set(key, type === 'DELETED' ? undefined : this.#project(object))
    }
    this.#resourceVersion = object.metadata.resourceVersion
    this.#failures = 0
    this.#noteActivity()
  }

  /** Waits as the failure demands, and forgets the version where it is of no use any more. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { kind } = this
    const { minBackoffMs, maxBackoffMs } = this.#timing
    const reason = reasonOf(error)
    const isListing = this.#resourceVersion === undefined
    if (reason === 'gone' || reason === 'unreadable' || reason === 'drift') this.#resourceVersion = undefined
    if (reason === 'unreadable') this.#metrics.parseErrors.inc({ kind })
    this.#metrics.restarts.inc({ kind, reason })
    this.#failures++
    // A watch that did its time is followed by the next, only not by all at once.
    const waitMs = retryMs(this.#failures, error, { minMs: minBackoffMs, maxMs: maxBackoffMs })
    const facts = { kind, reason, failures: this.#failures, waitMs: Math.round(waitMs) }
    const message = `${isListing ? 'list' : 'watch'} ${kind}, will try again: ${(error as Error).message}`
    this.#problem = reason === 'ended' ? undefined : (error as Error).message
    // One failure is a connection's end; several are news.
    if (reason === 'ended' || this.#failures < 3) this.#options.logger.debug(facts, message)
    else this.#options.logger.warn(facts, message)
    await pause(systemClock, waitMs, signal)
  }

  /** Lists now and then beside the watch: what only the list knows, the watch has lost. */
  async #audit(signal: AbortSignal): Promise<void> {
    const { relistMs, driftGraceMs } = this.#timing
    for (;;) {
      await pause(systemClock, relistMs * (1 + Math.random() / 2), signal)
      if (signal.aborted) return
      if (this.#resourceVersion === undefined) continue
      const generation = this.#generation
      const touched = new Set<string>()
      this.#touched = touched
      try {
        const suspects = await this.#findSuspects(touched, signal)
        this.#metrics.relists.inc({ kind: this.kind })
        // An event may be on its way still.
        if (suspects.size > 0) await pause(systemClock, driftGraceMs, signal)
        if (generation !== this.#generation || signal.aborted) continue
        const drifted = [...suspects].filter((key) => !touched.has(key))
        if (drifted.length === 0) continue
        this.#metrics.drift.inc({ kind: this.kind }, drifted.length)
        const examples = drifted.slice(0, 5)
        this.#options.logger.warn(
          { kind: this.kind, drifted: drifted.length, examples },
          'the watch lost changes',
        )
        this.#endStream?.('drift')
      } catch (error) {
        if (signal.aborted) return
        this.#options.logger.debug(
          { kind: this.kind },
          `list ${this.kind} again: ${(error as Error).message}`,
        )
      } finally {
        this.#touched = undefined
      }
    }
  }

  async #findSuspects(touched: ReadonlySet<string>, signal: AbortSignal): Promise<Set<string>> {
    const suspects = new Set<string>()
    const listed = new Set<string>()
    const before = [...this.#items.keys()]
    await this.#listPages(signal, (key, view) => {
      listed.add(key)
      if (!touched.has(key) && !this.#isSame(this.#items.get(key), view)) suspects.add(key)
    })
    for (const key of before) if (!listed.has(key)) suspects.add(key)
    return suspects
  }

  #isSame(a: View | undefined, b: View | undefined): boolean {
    return a === undefined || b === undefined ? a === b : this.#isEqual(a, b)
  }

  /** Whether that was a change. */
  #set(key: string, after: View | undefined): boolean {
    const before = this.#items.get(key)
    if (this.#isSame(before, after)) return false
    if (after === undefined) this.#items.delete(key)
    else this.#items.set(key, after)
    try {
      this.#options.onChange({ key, before, after })
    } catch (error) {
      this.#options.logger.error({ err: error, kind: this.kind, key }, 'follow a change')
    }
    return true
  }

  #project(object: ListedObject): View | undefined {
    const { kind } = this
    // Half of an object, and nobody's business.
    delete (object.metadata as { managedFields?: unknown }).managedFields
    try {
      return this.#options.project(object as never)
    } catch (error) {
      this.#metrics.projectionErrors.inc({ kind })
      const nowMs = performance.now()
      if (nowMs - this.#lastProjectionLogMs > 10_000) {
        this.#lastProjectionLogMs = nowMs
        this.#options.logger.error({ err: error, kind, key: keyOf(object) }, 'project an object')
      }
      return undefined
    }
  }

  #selectors() {
    const { labelSelector, fieldSelector } = this.#options
    return { labelSelector, fieldSelector }
  }

  #noteActivity(): void {
    this.#problem = undefined
    this.#lastActivityMs = performance.now()
  }
}

function keyOf({ metadata: { namespace, name } }: ListedObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}
