import { isDeepStrictEqual } from 'node:util'
import { Counter, type Registry } from 'prom-client'
import { retryMs } from '../../lib/kube/backoff.ts'
import { type KubeClient, KubeError } from '../../lib/kube/kube-client.ts'
import type { Logger } from '../../lib/log.ts'
import { group, version } from '../api/profile-target.ts'
import type { ProfileTargetStatus } from '../api/profile-target-status.ts'

export interface StatusWriterOptions {
  readonly client: KubeClient
  readonly isLeader: () => boolean
  readonly logger: Logger
  readonly registry: Registry
  /** For tests. */
  readonly timing?: Partial<StatusWriterTiming>
}

export interface StatusWriterTiming {
  /** Between two writes of one object. */
  readonly minIntervalMs: number
  /**
   * Instead, where people and GitOps tools wait for it: the first one, one of a new generation, and one that says
   * Ready. Long enough for configs to be written, so that most objects begin with the status that stays.
   */
  readonly settleMs: number
  /** After a failed write; doubled with each more, up to `minIntervalMs` or a minute. */
  readonly backoffMs: number
}

/** Which object, as the list-watch has it. */
export interface StatusSubject {
  readonly namespace: string
  readonly name: string
  /** One of the same name that was made later begins anew. */
  readonly uid: string
}

/** Writes statuses of ProfileTargets: only what changed, and not often, since each write is news to every watcher. */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #timing: StatusWriterTiming
  readonly #objects = new Map<string, Written>()
  readonly #writes: Counter<'result'>
  #wake: () => void = () => {}

  constructor(options: StatusWriterOptions) {
    this.#options = options
    this.#timing = { minIntervalMs: 30_000, settleMs: 1000, backoffMs: 1000, ...options.timing }
    this.#writes = new Counter({
      name: 'conprof_operator_status_writes_total',
      help: 'Writes of the status of a ProfileTarget.',
      labelNames: ['result'],
      registers: [options.registry],
    })
  }

  /** Shall be its status; `current` is what the object holds, where nothing was written here before. */
  set(
    subject: StatusSubject,
    status: ProfileTargetStatus,
    options: { readonly current: ProfileTargetStatus | undefined },
  ): void {
    const key = keyOf(subject)
    let written = this.#objects.get(key)
    if (written === undefined || written.subject.uid !== subject.uid) {
      written = {
        subject,
        wanted: status,
        last: options.current,
        lastMs: performance.now(),
        notBeforeMs: 0,
        failures: 0,
        isWriting: false,
      }
      this.#objects.set(key, written)
    }
    written.wanted = status
    this.#wake()
  }

  /** What was set last; undefined where nothing was. */
  wanted({ uid, ...name }: StatusSubject): ProfileTargetStatus | undefined {
    const written = this.#objects.get(keyOf(name))
    return written?.subject.uid === uid ? written.wanted : undefined
  }

  /** It is deleted. */
  forget(subject: Pick<StatusSubject, 'namespace' | 'name'>): void {
    this.#objects.delete(keyOf(subject))
  }

  /** What is written is no longer known, as after a time as no leader: `set` says again what objects hold. */
  forgetAll(): void {
    this.#objects.clear()
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const writing = new Set<Promise<void>>()
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      const nowMs = performance.now()
      let sleepMs = maxSleepMs
      for (const [key, written] of this.#objects) {
        if (!this.#options.isLeader() || writing.size >= maxConcurrent) break
        if (written.isWriting || isDeepStrictEqual(written.wanted, written.last)) continue
        const dueMs = this.#dueMs(written)
        if (dueMs > nowMs) {
          sleepMs = Math.min(sleepMs, dueMs - nowMs)
          continue
        }
        const write = this.#write(key, written, signal).finally(() => {
          writing.delete(write)
          this.#wake()
        })
        writing.add(write)
      }
      const timer = setTimeout(() => this.#wake(), sleepMs)
      signal.addEventListener('abort', this.#wake, { once: true })
      await woken
      clearTimeout(timer)
      signal.removeEventListener('abort', this.#wake)
    }
    await Promise.all(writing)
  }

  async #write(key: string, written: Written, signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#options
    const { namespace, name } = written.subject
    const status = written.wanted
    written.isWriting = true
    try {
      const path = `/apis/${group}/${version}/namespaces/${namespace}/profiletargets/${name}/status`
      const metadata = { namespace, name }
      const object = { apiVersion: `${group}/${version}`, kind: 'ProfileTarget', metadata, status }
      await client.apply(path, object, { signal })
      this.#writes.inc({ result: 'ok' })
      written.last = status
      written.failures = 0
      written.lastMs = performance.now()
    } catch (error) {
      if (signal.aborted) return
      // Deleted meanwhile: whoever watches will hear of it.
      if (error instanceof KubeError && error.code === 'NOT_FOUND') {
        this.#writes.inc({ result: 'gone' })
        if (this.#objects.get(key) === written) this.#objects.delete(key)
        return
      }
      this.#writes.inc({ result: 'error' })
      written.notBeforeMs = performance.now() + this.#retryMs(++written.failures, error)
      if (written.failures === 1) {
        logger.warn({ namespace, name }, `write status of a ProfileTarget: ${(error as Error).message}`)
      }
    } finally {
      written.isWriting = false
    }
  }

  #dueMs({ wanted, last, lastMs, notBeforeMs }: Written): number {
    const { minIntervalMs, settleMs } = this.#timing
    const isAwaited =
      last?.observedGeneration !== wanted.observedGeneration || (isReady(wanted) && !isReady(last))
    return Math.max(notBeforeMs, lastMs + (isAwaited ? settleMs : minIntervalMs))
  }

  #retryMs(failures: number, error: unknown): number {
    const { backoffMs, minIntervalMs } = this.#timing
    return retryMs(failures, error, { minMs: backoffMs, maxMs: Math.max(minIntervalMs, 60_000) })
  }
}

interface Written {
  readonly subject: StatusSubject
  wanted: ProfileTargetStatus
  /** What the object holds, as far as is known. */
  last: ProfileTargetStatus | undefined
  /** When it was written, or seen first. */
  lastMs: number
  notBeforeMs: number
  failures: number
  isWriting: boolean
}

const maxConcurrent = 4
/** How late a new leader may begin. */
const maxSleepMs = 1000

function isReady(status: ProfileTargetStatus | undefined): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}

function keyOf({ namespace, name }: Pick<StatusSubject, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}
