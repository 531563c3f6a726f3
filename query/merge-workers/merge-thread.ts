import type { BlockReader, ByteSource } from '../../block/block-reader.ts'
import { openBlock } from '../../block/open-block.ts'
import { throwIfCancelled } from '../cancel.ts'
import { coalescing } from '../coalescing-source.ts'
import { LruCache } from '../lru-cache.ts'
import { mergedView } from '../merged-view.ts'
import { missing } from '../missing.ts'
import type { SeriesPart } from '../select.ts'
import type { ViewSide } from '../view-sides.ts'
import type { FromWorker, JobBlock, JobSide, MergeJob, ToWorker, UnreadableBlock } from './messages.ts'
import { fromPlainError, toPlainError } from './plain-error.ts'

type Send = (message: FromWorker, transfer: ArrayBuffer[]) => void

/** The worker's side: what it is sent goes to `receive`. Keeps blocks open from one merge to the next. */
export class MergeThread {
  readonly #send: Send
  readonly #readers: LruCache<BlockReader>
  readonly #reads = new Map<number, PromiseWithResolvers<Uint8Array>>()
  #readCount = 0
  #stop = new AbortController()

  constructor({ cacheBytes, send }: { readonly cacheBytes: number; readonly send: Send }) {
    this.#send = send
    this.#readers = new LruCache(cacheBytes)
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'job':
        void this.#run(message.job)
        break
      case 'abort':
        this.#abort(
          message.isTimeout
            ? new DOMException('the time was up', 'TimeoutError')
            : new Error('the client went away'),
        )
        break
      case 'bytes':
        this.#answerOf(message.read)?.resolve(message.bytes)
        break
      case 'read-failed':
        this.#answerOf(message.read)?.reject(fromPlainError(message.error))
        break
    }
  }

  #abort(reason: Error): void {
    this.#stop.abort(reason)
    for (const answer of this.#reads.values()) answer.reject(reason)
    this.#reads.clear()
  }

  async #run({ blocks, profile, base, options, view }: MergeJob): Promise<void> {
    this.#stop = new AbortController()
    const { signal } = this.#stop
    const unreadable: UnreadableBlock[] = []
    try {
      const { readers, warnings } = await this.#openAll(blocks, { signal, unreadable })
      const sideOf = (side: JobSide): ViewSide => {
        if (side.kind === 'file') return side
        const parts = side.parts.flatMap(({ block, ...part }): SeriesPart[] => {
          const reader = readers[block]
          if (reader === undefined) return []
          const { id } = blocks[block]!
          const onUnreadable = (error: unknown) => unreadable.push({ id, error: toPlainError(error) })
          return [{ ...part, reader, onUnreadable }]
        })
        return { ...side, parts }
      }
      const sides = { profile: sideOf(profile), ...(base === undefined ? {} : { base: sideOf(base) }) }
      const merged = await mergedView(sides, view, { ...options, signal })
      await this.#keep(blocks, readers, [profile, base])
      const { bytes } = merged
      const answer = { bytes, warnings: [...warnings, ...merged.warnings] }
      this.#send({ kind: 'done', view: answer, unreadable }, [bytes.buffer])
    } catch (error) {
      this.#send({ kind: 'failed', error: toPlainError(error), unreadable }, [])
    }
  }

  /** A block that cannot be opened is left out, unless it is the only one. */
  async #openAll(
    blocks: readonly JobBlock[],
    { signal, unreadable }: { readonly signal: AbortSignal; readonly unreadable: UnreadableBlock[] },
  ): Promise<{
    readonly readers: readonly (BlockReader | undefined)[]
    readonly warnings: readonly string[]
  }> {
    const warnings: string[] = []
    let failure: unknown
    const readers = await Promise.all(
      blocks.map(async (block) => {
        try {
          return (
            this.#readers.get(String(block.id)) ??
            (await openBlock(coalescing(this.#sourceOf(block)), { signal }))
          )
        } catch (error) {
          throwIfCancelled(signal)
          failure ??= error
          if (!signal.aborted) unreadable.push({ id: block.id, error: toPlainError(error) })
          warnings.push(missing(`block ${block.name} is`, error))
          return undefined
        }
      }),
    )
    if (failure !== undefined && readers.every((reader) => reader === undefined)) throw failure
    return { readers, warnings }
  }

  /** Afterwards it is known what a reader holds: its tail, and the symbols of the services that were merged. */
  async #keep(
    blocks: readonly JobBlock[],
    readers: readonly (BlockReader | undefined)[],
    sides: readonly (JobSide | undefined)[],
  ): Promise<void> {
    const services = blocks.map(() => new Set<number>())
    for (const { block, series } of sides.flatMap((side) => (side?.kind === 'stored' ? side.parts : []))) {
      const service = readers[block]?.entry(series).service
      if (service !== undefined) services[block]!.add(service)
    }
    for (const [i, { id }] of blocks.entries()) {
      const reader = readers[i]
      if (reader === undefined) continue
      const { sectionBytes, seriesCount } = reader.meta
      let cost = 4 * (sectionBytes['tail'] ?? 0) + 512 * seriesCount
      for (const service of services[i]!) {
        // Those that the merge did without, because of an error or a limit, are not read for this.
        const held = await reader.dictionary(service, { signal: AbortSignal.abort() }).catch(() => undefined)
        cost += held?.heldBytes ?? 0
      }
      this.#readers.set(String(id), reader, cost)
    }
  }

  #sourceOf({ id, name, sizeBytes }: JobBlock): ByteSource {
    return {
      name,
      sizeBytes,
      read: async (offset, length, options) => {
        options?.signal?.throwIfAborted()
        const read = this.#readCount++
        const answer = Promise.withResolvers<Uint8Array>()
        this.#reads.set(read, answer)
        this.#send({ kind: 'read', read, id, offset, length }, [])
        return answer.promise
      },
    }
  }

  #answerOf(read: number): PromiseWithResolvers<Uint8Array> | undefined {
    const answer = this.#reads.get(read)
    this.#reads.delete(read)
    return answer
  }
}
