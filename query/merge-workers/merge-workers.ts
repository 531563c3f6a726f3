import { availableParallelism } from 'node:os'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { BlockReader, ByteSource } from '../../block/block-reader.ts'
import type { Rows } from '../../block/rows.ts'
import type { MergeOptions } from '../merge-profiles.ts'
import { type MergedView, mergedView, type ViewRequest } from '../merged-view.ts'
import { TurnQueue } from '../turn-queue.ts'
import type { ViewSide, ViewSides } from '../view-sides.ts'
import { isSmallMerge } from './is-small-merge.ts'
import type { JobPart, JobSide, MergeJob } from './messages.ts'
import { fromPlainError } from './plain-error.ts'
import { WorkerThread } from './worker-thread.ts'

export interface MergeWorkersOptions {
  /** At most so many threads; 0 merges in this one. */
  readonly size: number
  readonly registry: Registry
  /** What all workers together keep of blocks between merges; 96 MiB without it. */
  readonly cacheBytes?: number
  /** A worker that had nothing to do for so long ends; a minute without it. */
  readonly idleMs?: number
  /** Which merges are not worth a thread. */
  readonly isSmall?: (sides: ViewSides, type: string | undefined) => boolean
}

/** A core is left for everything else. */
export function defaultWorkerCount(): number {
  return Math.min(4, Math.max(1, availableParallelism() - 1))
}

/**
 * Merges off the event loop. Threads start with the first merge that is worth one, and end when there are none for a
 * while; beyond their number merges wait in order.
 */
export class MergeWorkers {
  readonly #options: MergeWorkersOptions
  readonly #threads = new Map<WorkerThread, NodeJS.Timeout | undefined>()
  readonly #turns: TurnQueue
  readonly #ids = new WeakMap<BlockReader, number>()
  #nextId = 0
  readonly #merges: Counter<'thread'>

  constructor(options: MergeWorkersOptions) {
    this.#options = options
    this.#turns = new TurnQueue(Math.max(1, options.size))
    const registers = [options.registry]
    this.#merges = new Counter({
      name: 'conprof_query_merges_total',
      help: 'Merges of profiles, by the kind of thread that did them; small ones are done in the main one.',
      labelNames: ['thread'],
      registers,
    })
    for (const thread of ['main', 'worker']) this.#merges.inc({ thread }, 0)
    const threads = this.#threads
    const turns = this.#turns
    new Gauge({
      name: 'conprof_query_merge_workers',
      help: 'Worker threads for merges that run now; they end when there is nothing to merge.',
      registers,
      collect() {
        this.set(threads.size)
      },
    })
    new Gauge({
      name: 'conprof_query_merges_waiting',
      help: 'Merges that wait for a worker thread.',
      registers,
      collect() {
        this.set(turns.waiting)
      },
    })
  }

  /** Threads that are there now, and those that merge. */
  get threads(): readonly WorkerThread[] {
    return [...this.#threads.keys()]
  }

  /** As `mergedView`. Rejects with WORKER_ENDED where the worker died of it. */
  async merge(
    sides: ViewSides,
    view: ViewRequest,
    options: Pick<MergeOptions, 'signal' | 'maxBytes'> = {},
  ): Promise<MergedView> {
    const { size, isSmall = isSmallMerge } = this.#options
    if (size === 0 || isSmall(sides, view.format === 'pprof' ? undefined : view.type)) {
      this.#merges.inc({ thread: 'main' })
      return mergedView(sides, view, options)
    }
    const { signal, ...rest } = options
    const turn = await this.#turns.enter(signal)
    this.#merges.inc({ thread: 'worker' })
    let leave = () => turn.leave()
    try {
      const { job, readers } = this.#jobOf(sides, view, rest)
      const thread = this.#threadFor(job)
      const { answer, freed } = thread.run(job, {
        sources: new Map(readers.map(({ source }, i): [number, ByteSource] => [job.blocks[i]!.id, source])),
        signal,
        onUnreadable: ({ id, error }) => {
          const reader = readers[job.blocks.findIndex((block) => block.id === id)]
          for (const side of [sides.profile, sides.base])
            if (side?.kind === 'stored')
              side.parts.find((part) => part.reader === reader)?.onUnreadable?.(fromPlainError(error))
        },
      })
      // From here on the turn ends with the thread's work, which may be after the answer was given up.
      leave = () => {}
      void freed.then(() => {
        this.#rest(thread)
        turn.leave()
      })
      return await answer
    } finally {
      leave()
    }
  }

  /** Ends all threads; merges that run fail. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()))
  }

  /** One that is free and has most of the blocks open; a new one where all are at work. */
  #threadFor(job: MergeJob): WorkerThread {
    const free = this.threads.filter((thread) => !thread.isBusy)
    let best = free[0]
    for (const thread of free) if (thread.countKnown(job) > best!.countKnown(job)) best = thread
    best ??= new WorkerThread({
      cacheBytes: (this.#options.cacheBytes ?? 96 * 1024 * 1024) / this.#options.size,
      onEnd: (ended) => {
        clearTimeout(this.#threads.get(ended))
        this.#threads.delete(ended)
      },
    })
    clearTimeout(this.#threads.get(best))
    this.#threads.set(best, undefined)
    return best
  }

  #rest(thread: WorkerThread): void {
    if (!this.#threads.has(thread)) return
    const end = setTimeout(() => {
      // From now on it takes no merge.
      this.#threads.delete(thread)
      void thread.terminate()
    }, this.#options.idleMs ?? 60_000)
    end.unref()
    this.#threads.set(thread, end)
  }

  #jobOf(
    { profile, base }: ViewSides,
    view: ViewRequest,
    options: MergeJob['options'],
  ): { readonly job: MergeJob; readonly readers: readonly BlockReader[] } {
    const places = new Map<BlockReader, number>()
    const rowsOf = new Map<Rows, Rows>()
    const sideOf = (side: ViewSide): JobSide => {
      if (side.kind === 'file') return side
      const parts = side.parts.map(({ reader, series, rows, firstRow, lastRow }): JobPart => {
        const block = places.get(reader) ?? places.size
        places.set(reader, block)
        const merged = rowsOf.get(rows) ?? rowsForMerge(rows)
        rowsOf.set(rows, merged)
        return { block, series, rows: merged, firstRow, lastRow }
      })
      return { ...side, parts }
    }
    const sides = { profile: sideOf(profile), ...(base === undefined ? {} : { base: sideOf(base) }) }
    const readers = [...places.keys()]
    const blocks = readers.map((reader) => ({
      id: this.#idOf(reader),
      name: reader.name,
      sizeBytes: reader.source.sizeBytes,
    }))
    return { job: { blocks, ...sides, options, view }, readers }
  }

  #idOf(reader: BlockReader): number {
    let id = this.#ids.get(reader)
    if (id === undefined) {
      id = this.#nextId++
      this.#ids.set(reader, id)
    }
    return id
  }
}

/** Without the columns that no merge looks at, which would be copied for nothing. */
function rowsForMerge(rows: Rows): Rows {
  const none = new Float64Array(0)
  return {
    ...rows,
    durationMs: none,
    sizeBytes: none,
    seq: none,
    health: new Uint8Array(0),
    httpStatus: new Uint16Array(0),
    writer: new Uint32Array(0),
    writers: [],
  }
}
