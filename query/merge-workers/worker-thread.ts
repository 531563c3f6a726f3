import { AsyncLocalStorage } from 'node:async_hooks'
import { Worker } from 'node:worker_threads'
import type { ByteSource } from '../../block/block-reader.ts'
import { isTimeout } from '../cancel.ts'
import type { MergedView } from '../merged-view.ts'
import type { FromWorker, MergeJob, ToWorker, UnreadableBlock } from './messages.ts'
import { fromPlainError, toPlainError } from './plain-error.ts'

/** What a merge in a worker needs of the main thread. */
export interface JobAccess {
  /** Where the blocks' bytes lie, by their ids. */
  readonly sources: ReadonlyMap<number, ByteSource>
  readonly onUnreadable: (block: UnreadableBlock) => void
  readonly signal: AbortSignal | undefined
}

interface Running {
  readonly access: JobAccess
  readonly answer: PromiseWithResolvers<MergedView>
  readonly freed: PromiseWithResolvers<void>
  /** In the context of the query, which counts what it reads. */
  readonly inContext: <R>(run: () => R) => R
}

/** One worker thread, from the main thread's side. It runs one merge at a time. */
export class WorkerThread {
  readonly #worker: Worker
  readonly #onEnd: (thread: WorkerThread) => void
  #running: Running | undefined
  #blocks: ReadonlySet<number> = new Set()
  #failure: Error | undefined
  #grace: NodeJS.Timeout | undefined

  constructor(options: { readonly cacheBytes: number; readonly onEnd: (thread: WorkerThread) => void }) {
    this.#onEnd = options.onEnd
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'merge',
      workerData: { cacheBytes: options.cacheBytes },
      resourceLimits: { maxOldGenerationSizeMb, maxYoungGenerationSizeMb },
    })
    this.#worker.on('message', (message: FromWorker) => this.#receive(message))
    this.#worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    })
    this.#worker.on('exit', (code) => this.#ended(code))
    this.#worker.unref()
  }

  get isBusy(): boolean {
    return this.#running !== undefined
  }

  /** Of the operating system's threads; for tests. -1 once it has ended. */
  get threadId(): number {
    return this.#worker.threadId
  }

  /** How many of the blocks it had open last. */
  countKnown(job: MergeJob): number {
    return job.blocks.reduce((count, { id }) => count + (this.#blocks.has(id) ? 1 : 0), 0)
  }

  /** `freed` resolves once it can take the next job, or has ended: later than `answer` where nobody waits any more. */
  run(
    job: MergeJob,
    access: JobAccess,
  ): { readonly answer: Promise<MergedView>; readonly freed: Promise<void> } {
    const answer = Promise.withResolvers<MergedView>()
    const freed = Promise.withResolvers<void>()
    const running: Running = { access, answer, freed, inContext: AsyncLocalStorage.snapshot() }
    this.#send({ kind: 'job', job })
    this.#running = running
    this.#blocks = new Set(job.blocks.map(({ id }) => id))
    this.#worker.ref()
    const { signal } = access
    const onAbort = () => this.#abort(running, signal!.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    void freed.promise.then(() => signal?.removeEventListener('abort', onAbort))
    return { answer: answer.promise, freed: freed.promise }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #abort(running: Running, reason: unknown): void {
    const isLate = isTimeout(reason)
    this.#send({ kind: 'abort', isTimeout: isLate })
    // Out of time, it answers what it has; where nobody waits any more, nothing has to be waited for.
    if (!isLate) running.answer.reject(reason)
    this.#grace ??= setTimeout(() => {
      this.#failure = new Error(`it did not stop within ${graceMs / 1000} s`)
      void this.#worker.terminate()
    }, graceMs)
  }

  #receive(message: FromWorker): void {
    const running = this.#running
    if (running === undefined) return
    if (message.kind === 'read') {
      running.inContext(() => void this.#read(running, message))
      return
    }
    clearTimeout(this.#grace)
    this.#grace = undefined
    this.#running = undefined
    this.#worker.unref()
    running.inContext(() => {
      for (const block of message.unreadable) running.access.onUnreadable(block)
    })
    if (message.kind === 'done') running.answer.resolve(message.view)
    else running.answer.reject(fromPlainError(message.error))
    running.freed.resolve()
  }

  async #read(
    { access: { sources, signal } }: Running,
    { read, id, offset, length }: FromWorker & { readonly kind: 'read' },
  ): Promise<void> {
    try {
      const source = sources.get(id)
      if (source === undefined) throw new Error(`read block ${id}: it is not of this merge`)
      const found = await source.read(offset, length, signal === undefined ? {} : { signal })
      // A copy, since caches and heads keep theirs.
      const bytes = found.slice()
      this.#send({ kind: 'bytes', read, bytes }, [bytes.buffer])
    } catch (error) {
      this.#send({ kind: 'read-failed', read, error: toPlainError(error) })
    }
  }

  #send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #ended(code: number): void {
    const running = this.#running
    clearTimeout(this.#grace)
    this.#running = undefined
    const why = this.#failure?.message ?? `it ended with code ${code}`
    this.#onEnd(this)
    running?.answer.reject(new WorkerEndedError(`merge in a worker thread: ${why}`, { cause: this.#failure }))
    running?.freed.resolve()
  }
}

export class WorkerEndedError extends Error {
  override readonly name = 'WorkerEndedError'
  readonly code = 'WORKER_ENDED'
}

/** How long a worker may go on after it was told to stop: one step of it, such as decoding symbols, is not cut. */
const graceMs = 5000
/** A merge beyond it ends its own thread, not the program. */
const maxOldGenerationSizeMb = 512
/** As the programs are started with: larger ones are memory that is seldom used. */
const maxYoungGenerationSizeMb = 12
