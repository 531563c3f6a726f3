import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, type Registry } from 'prom-client'
import { type KubeClient, KubeError } from '../../lib/kube/kube-client.ts'
import type { Logger } from '../../lib/log.ts'
import type { PlannedEvent } from './plan-events.ts'
import { TokenBucket } from './token-bucket.ts'

export interface EventWriterOptions {
  readonly client: KubeClient
  /** Of this process, such as its pod's name. */
  readonly instance: string
  readonly isLeader: () => boolean
  readonly logger: Logger
  readonly registry: Registry
  readonly now?: () => number
  readonly perSecond?: number
  readonly burst?: number
}

/** Writes Events. They are help, not duty: what does not come through is counted and left. */
export class EventWriter {
  readonly #options: EventWriterOptions
  readonly #now: () => number
  readonly #bucket: TokenBucket
  #queue: PlannedEvent[] = []
  /** Namespaces where the operator may not, and until when it does not try again. */
  readonly #forbidden = new Map<string, number>()
  readonly #metrics: ReturnType<typeof createMetrics>
  #wake: () => void = () => {}

  constructor(options: EventWriterOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#bucket = new TokenBucket({ perSecond: options.perSecond ?? 5, burst: options.burst ?? 25 })
    this.#metrics = createMetrics(options.registry)
  }

  /** Returns at once. Those of a replica that does not lead are dropped: the leader sees the same. */
  add(events: readonly PlannedEvent[]): void {
    for (const event of events) {
      if (!this.#options.isLeader()) continue
      if (this.#isForbidden(event)) this.#metrics.lost.inc({ why: 'forbidden' })
      else if (this.#queue.length >= maxQueued) this.#metrics.lost.inc({ why: 'too_many' })
      else this.#queue.push(event)
    }
    this.#wake()
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      const event = this.#queue.shift()
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
          signal.addEventListener('abort', this.#wake, { once: true })
        })
        signal.removeEventListener('abort', this.#wake)
        continue
      }
      await sleep(this.#bucket.take(this.#now()), undefined, { signal }).catch(() => {})
      if (!signal.aborted && this.#options.isLeader()) await this.#write(event, signal)
    }
  }

  #isForbidden({ regarding: { namespace } }: PlannedEvent): boolean {
    return (this.#forbidden.get(namespace) ?? 0) > this.#now()
  }

  /** A right is missing until a person gives it. */
  #forbid(namespace: string, message: string): void {
    this.#forbidden.set(namespace, this.#now() + forbiddenMs)
    const waiting = this.#queue.length
    this.#queue = this.#queue.filter((event) => !this.#isForbidden(event))
    this.#metrics.lost.inc({ why: 'forbidden' }, 1 + waiting - this.#queue.length)
    const what = `no events are written in namespace "${namespace}" for ${forbiddenMs / 60_000} minutes`
    this.#options.logger.warn(`${what}, since the operator may not: ${message}`)
  }

  async #write(event: PlannedEvent, signal: AbortSignal): Promise<void> {
    const { client, instance, logger } = this.#options
    const body = eventObject(event, { instance, nowMs: this.#now() })
    try {
      const path = `/apis/events.k8s.io/v1/namespaces/${body.metadata.namespace}/events`
      await client.request({ method: 'POST', path, body, signal, timeoutMs: 10_000 })
      this.#metrics.events.inc({ reason: event.problem.reason })
    } catch (error) {
      if (signal.aborted) return
      const { code, message } = error as KubeError
      // An operator that was started again within the hour says what it said.
      if (code === 'ALREADY_EXISTS') return
      // A namespace that is on its way out, or at its quota, forbids as well, and says so in other words.
      if (code === 'FORBIDDEN' && message.includes('cannot create resource "events"')) {
        this.#forbid(body.metadata.namespace, message)
        return
      }
      this.#metrics.lost.inc({ why: error instanceof KubeError ? 'refused' : 'error' })
      logger.debug(`write an event: ${message}`)
    }
  }
}

/** As the API wants it. */
function eventObject(
  { regarding, problem, note }: PlannedEvent,
  options: { readonly instance: string; readonly nowMs: number },
) {
  const { uid } = regarding
  const hour = Math.floor(options.nowMs / 3_600_000)
  const id = createHash('sha256')
    .update(JSON.stringify([uid, problem.reason, problem.key, problem.value, hour]))
    .digest('hex')
    .slice(0, 16)
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // Equal for all who say the same in one hour, so that it is there once.
    metadata: { namespace: regarding.namespace, name: `${regarding.name.slice(0, 200)}.${id}` },
    eventTime: new Date(options.nowMs).toISOString().replace('Z', '000Z'),
    regarding,
    reason: problem.reason.slice(0, 128),
    action: 'FindTargets',
    type: 'Warning',
    note: cutBytes(note, 1024),
    reportingController: 'conprof.io/operator',
    reportingInstance: options.instance.slice(0, 128),
  } as const
}

/** Not in the middle of a character. */
function cutBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  const cut = bytes.subarray(0, maxBytes - 3).toString('utf8')
  return `${cut.replace(/\ufffd+$/, '')}…`
}

const maxQueued = 1000
const forbiddenMs = 10 * 60_000

function createMetrics(registry: Registry) {
  return {
    events: new Counter({
      name: 'conprof_operator_events_total',
      help: 'Events that were written, by their reason.',
      labelNames: ['reason'],
      registers: [registry],
    }),
    lost: new Counter({
      name: 'conprof_operator_events_lost_total',
      help: 'Events that were not written.',
      labelNames: ['why'],
      registers: [registry],
    }),
  }
}
