import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import { throwIfCancelled } from './cancel.ts'
import { type Copy, pendingCopies } from './candidates.ts'
import type { OpenSource } from './catalog.ts'
import type { FailureNotes } from './failure-notes.ts'
import type { HeadRequest, HeadSource } from './head-source.ts'
import { missing } from './missing.ts'
import { Patience } from './patience.ts'
import { type PendingFile, pendingSource } from './pending-files.ts'
import { SettledHeads } from './settled-heads.ts'
import type { TimeRange } from './time.ts'

export interface HeadsViewOptions {
  /** Blocks that this very process cut. */
  readonly pending?: (() => readonly PendingFile[] | Promise<readonly PendingFile[]>) | undefined
  /** A function where collectors come and go: called for each query. */
  readonly heads?: readonly HeadSource[] | (() => readonly HeadSource[]) | undefined
  readonly failures: FailureNotes
}

/** What is not in a bucket, or not for long. */
export interface HeadsAnswer {
  readonly blocks: readonly OpenSource[]
  readonly pending: readonly Copy[]
  /** Whether a listing from before may lack what collectors brought to the bucket and no longer have. */
  readonly isUnsettled: boolean
}

interface NamedHead {
  readonly head: HeadSource
  readonly index: number
  readonly name: string
}

type HeadsRange = TimeRange & { readonly signal?: AbortSignal }

/** Heads and pending blocks, of this process and of others. What cannot be reached becomes a warning. */
export class HeadsView {
  readonly #options: HeadsViewOptions
  readonly #settled = new SettledHeads()

  constructor(options: HeadsViewOptions) {
    this.#options = options
  }

  /** Each collector its head, then what it cut, within its patience. */
  async ask(request: Omit<HeadRequest, 'warn'>, warnings: string[]): Promise<HeadsAnswer> {
    const heads = this.#heads()
    const answers = await Promise.all(heads.map((each) => this.#ask(each, request, warnings)))
    const own = await this.#ownPending(request, warnings)
    return {
      blocks: answers.flatMap(({ blocks }) => blocks),
      pending: [...own, ...answers.flatMap(({ pending }) => pending)],
      isUnsettled: this.#settled.isUnsettled(
        heads.map(({ head, name }, i) => ({
          ...{ name, incarnation: head.incarnation },
          isThere: answers[i]!.isThere,
        })),
      ),
    }
  }

  /** What was cut alone. */
  async pending(range: HeadsRange, warnings: string[]): Promise<Copy[]> {
    const others = await Promise.all(
      this.#heads().map(async (each) => {
        using patience = new Patience(range.signal, each.head.patienceMs)
        return (await this.#pendingOf(each, { ...range, patience }, warnings)) ?? []
      }),
    )
    return [...(await this.#ownPending(range, warnings)), ...others.flat()]
  }

  #heads(): NamedHead[] {
    const { heads = [] } = this.#options
    const all = typeof heads === 'function' ? heads() : heads
    const unnamed = (index: number) => (all.length === 1 ? 'the head' : `head ${index}`)
    return all.map((head, index) => ({ head, index, name: head.name ?? unnamed(index) }))
  }

  async #ask(
    named: NamedHead,
    request: Omit<HeadRequest, 'warn'>,
    warnings: string[],
  ): Promise<{
    readonly blocks: readonly OpenSource[]
    readonly pending: readonly Copy[]
    readonly isThere: boolean
  }> {
    const { signal } = request
    const { head, index, name } = named
    using patience = new Patience(signal, head.patienceMs)
    let blocks: readonly OpenSource[] = []
    let isRead = true
    try {
      const answer = await head.readHead({
        ...request,
        signal: patience.signal,
        warn: (why) => warnings.push(missing(`a part of ${name} is`, why)),
      })
      blocks = await Promise.all(
        answer.map(async (bytes, part): Promise<OpenSource> => {
          const reader = await openBlock(memorySource(`${name}/${part}`, bytes))
          const { covered, partition } = reader.meta
          return { rank: 0, id: `head ${index}/${part}`, covered, partition, place: 'head', reader }
        }),
      )
    } catch (error) {
      throwIfCancelled(signal)
      this.#options.failures.warn('head', `${name} is`, error, warnings)
      if (patience.signal.aborted || isAway(error)) return { blocks: [], pending: [], isThere: false }
      isRead = false
    }
    const pending = await this.#pendingOf(named, { ...request, patience }, warnings)
    return { blocks, pending: pending ?? [], isThere: isRead && pending !== undefined }
  }

  /** Undefined where it does not say. */
  async #pendingOf(
    { head, name }: NamedHead,
    range: HeadsRange & { readonly patience: Patience },
    warnings: string[],
  ): Promise<Copy[] | undefined> {
    if (head.listPending === undefined) return []
    try {
      const blocks = await head.listPending({ signal: range.patience.signal })
      return blocks.flatMap((block) => pendingCopies(block, range, head.collector ?? name))
    } catch (error) {
      throwIfCancelled(range.signal)
      this.#options.failures.warn('listing', `pending blocks of ${name} are`, error, warnings)
      return undefined
    }
  }

  async #ownPending(range: HeadsRange, warnings: string[]): Promise<Copy[]> {
    try {
      const files = (await this.#options.pending?.()) ?? []
      return files.flatMap((file) =>
        pendingCopies({ key: file.key, source: pendingSource(file) }, range, undefined),
      )
    } catch (error) {
      this.#options.failures.warn('listing', 'pending blocks are', error, warnings)
      return []
    }
  }
}

function isAway(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'AWAY'
}
