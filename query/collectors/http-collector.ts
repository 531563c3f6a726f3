import { z } from 'zod'
import type { CollectorItem, CollectorStatusAnswer, TargetsAnswer } from '../api/types.ts'
import type { HeadRequest, HeadSource, PendingBlock } from '../head-source.ts'
import { Patience, SilentError } from '../patience.ts'
import {
  CollectorAwayError,
  type CollectorClient,
  CollectorRefusedError,
  type GetOptions,
} from './collector-client.ts'
import type { CollectorMetrics, HeadResult } from './collector-metrics.ts'
import { readHttpHead } from './http-head-source.ts'
import { listHttpPending } from './http-pending.ts'
import { readAnswer } from './read-answer.ts'

export interface HttpCollectorOptions {
  readonly url: string
  readonly client: CollectorClient
  readonly metrics: CollectorMetrics
  /** The most that one question waits for its answer. */
  readonly patienceMs: number
  /** It did not answer: it may have moved. */
  readonly onAway: () => void
}

/** One collector in another process: what queries read of it, and how it is. */
export class HttpCollector implements HeadSource {
  /** What people call it; shorter or longer as others come and go. */
  collector = ''
  readonly url: string
  readonly #options: HttpCollectorOptions
  #isReachable = false
  #isSilent = false
  #lastSeenMs = 0
  #error = 'it was not asked yet'
  #incarnation: string | undefined
  #said: Partial<CollectorStatusAnswer> = {}

  constructor(options: HttpCollectorOptions) {
    this.url = options.url
    this.#options = options
  }

  get name(): string {
    return `collector ${this.collector}`
  }

  get incarnation(): string | undefined {
    return this.#incarnation
  }

  /** One that did not answer just now does not hold up every query; `poll` finds out when it does again. */
  get patienceMs(): number {
    const { patienceMs } = this.#options
    return this.#isSilent ? Math.min(patienceMs, silentPatienceMs) : patienceMs
  }

  get isReachable(): boolean {
    return this.#isReachable
  }

  async readHead(request: HeadRequest): Promise<readonly Uint8Array[]> {
    const { metrics, client } = this.#options
    const startMs = performance.now()
    let result: HeadResult = 'unreadable'
    try {
      const signal = request.signal ?? AbortSignal.timeout(this.patienceMs)
      const blocks = await this.#ask(() => readHttpHead(client, this.url, { ...request, signal }))
      metrics.headSeconds.observe((performance.now() - startMs) / 1000)
      result = 'ok'
      return blocks
    } catch (error) {
      result = request.signal?.aborted && !(error instanceof SilentError) ? 'canceled' : resultOf(error)
      throw error
    } finally {
      metrics.headRequests.inc({ result })
    }
  }

  async listPending(options: { readonly signal?: AbortSignal }): Promise<readonly PendingBlock[]> {
    const signal = options.signal ?? AbortSignal.timeout(this.patienceMs)
    const patienceMs = () => this.patienceMs
    const { client } = this.#options
    const { blocks, startedMs } = await this.#ask(() =>
      listHttpPending(client, this.url, { signal, patienceMs }),
    )
    this.#incarnation = startedMs === undefined ? undefined : String(startedMs)
    return blocks
  }

  async targets(options: { readonly signal: AbortSignal }): Promise<TargetsAnswer> {
    using patience = new Patience(options.signal, this.patienceMs)
    const body = await this.#get('targets', patience.signal, 64 * 1024 * 1024)
    const { data } = readAnswer(body, 'its targets', targetsAnswer)
    const by = { collector: this.collector }
    // What is in a target is its collector's affair, perhaps of another version.
    return {
      activeTargets: data.activeTargets.map((target) => ({ ...target, ...by })),
      droppedTargets: data.droppedTargets.map((target) => ({ ...target, ...by })),
    } as unknown as TargetsAnswer
  }

  /** Asks how it is, with all patience. Never rejects. */
  async poll(signal: AbortSignal): Promise<void> {
    using patience = new Patience(signal, this.#options.patienceMs)
    try {
      const body = await this.#get('status/collector', patience.signal, 64 * 1024)
      const { data } = readAnswer(body, 'its state', statusAnswer)
      this.#said = data as Partial<CollectorStatusAnswer>
    } catch {
      // `#ask` has noted it; one of another version may say less.
    }
  }

  status(): CollectorItem {
    return {
      ...this.#said,
      name: this.collector,
      address: this.url,
      reachable: this.#isReachable,
      lastSeen: this.#lastSeenMs,
      error: this.#error,
    }
  }

  /** One more question, which goes to a path below `/api/v1`. */
  async ask(
    path: string,
    options: Pick<GetOptions, 'signal' | 'method' | 'json'> & { readonly patienceMs?: number },
  ): Promise<Buffer> {
    const { signal, patienceMs = this.patienceMs, ...more } = options
    using patience = new Patience(signal, patienceMs)
    const { client } = this.#options
    const url = `${this.url}/api/v1/${path}`
    const question = { ...more, signal: patience.signal, maxBytes: 16 * 1024 * 1024 }
    return (await this.#ask(() => client.get(url, question))).body
  }

  async #get(path: string, signal: AbortSignal, maxBytes: number): Promise<Buffer> {
    const { client } = this.#options
    const { body } = await this.#ask(() => client.get(`${this.url}/api/v1/${path}`, { signal, maxBytes }))
    return body
  }

  /** Every question goes through here, so that each answer says how the collector is. */
  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await question()
      this.#seen('')
      return answer
    } catch (error) {
      if (error instanceof CollectorRefusedError) this.#seen(error.message)
      else if (error instanceof SilentError || error instanceof CollectorAwayError) {
        this.#isReachable = false
        this.#isSilent = error instanceof SilentError
        this.#error = error.message
        this.#options.onAway()
      }
      // Else whoever asked went away, which says nothing about the collector.
      throw error
    }
  }

  #seen(error: string): void {
    this.#isReachable = true
    this.#isSilent = false
    this.#lastSeenMs = Date.now()
    this.#error = error
  }
}

function resultOf(error: unknown): HeadResult {
  if (error instanceof SilentError) return 'silent'
  if (error instanceof CollectorAwayError) return 'away'
  return error instanceof CollectorRefusedError ? 'refused' : 'unreadable'
}

const silentPatienceMs = 1000

const targetsAnswer = z.object({
  data: z.object({
    activeTargets: z.array(z.record(z.string(), z.unknown())),
    droppedTargets: z.array(z.record(z.string(), z.unknown())),
  }),
})

const statusAnswer = z.object({
  data: z
    .object({
      version: z.string(),
      writer: z.string(),
      targets: z.number(),
      headAttempts: z.number(),
      headBytes: z.number(),
      pendingBlocks: z.number(),
      isReplayed: z.boolean(),
    })
    .partial(),
})
