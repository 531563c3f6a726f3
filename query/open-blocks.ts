import { Counter, Gauge, type Registry } from 'prom-client'
import type { BlockReader } from '../block/block-reader.ts'
import { type OpenOptions, openBlock } from '../block/open-block.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import type { BlockSource } from './block-source.ts'
import { type BlockSummary, summarize } from './block-summary.ts'
import { coalescing } from './coalescing-source.ts'
import { LruCache } from './lru-cache.ts'
import { readerCost } from './reader-cost.ts'
import { SharedWork } from './shared-work.ts'

/** A block that is open, and where its reader reads. */
export interface OpenedBlock {
  readonly reader: BlockReader
  readonly source: BlockSource
}

/** Blocks that are open: their tails in memory, and symbols that were read; the least recently used are dropped. */
export class OpenBlocks {
  readonly #blocks: LruCache<OpenedBlock>
  readonly #summaries: LruCache<BlockSummary>
  readonly #opening = new Map<string, SharedWork<OpenedBlock>>()
  readonly #opened: Counter<'result'>

  /** `maxBytes` for what is open, and half as much for summaries. */
  constructor(options: { readonly maxBytes: number; readonly registry: Registry }) {
    const registers = [options.registry]
    const blocks = new LruCache<OpenedBlock>(options.maxBytes)
    this.#blocks = blocks
    const summaries = new LruCache<BlockSummary>(options.maxBytes / 2)
    this.#summaries = summaries
    this.#opened = new Counter({
      name: 'conprof_query_blocks_opened_total',
      help: 'Blocks that queries used, by whether their tail was in memory.',
      labelNames: ['result'],
      registers,
    })
    new Gauge({
      name: 'conprof_query_cached_block_bytes',
      help: 'Estimate of the memory that open blocks hold.',
      registers,
      collect() {
        this.set(blocks.cost + summaries.cost)
      },
    })
  }

  /** Only if it is open. */
  get(id: string): BlockReader | undefined {
    return this.#blocks.get(id)?.reader
  }

  /** As `open`, of what is kept the longest: months of blocks are planned without opening them again. */
  async summary(id: string, source: BlockSource, signal: AbortSignal | undefined): Promise<BlockSummary> {
    const known = this.#summaries.get(id)
    if (known !== undefined) return known
    const { reader } = await this.open(id, source, signal)
    const summary = this.#summaries.get(id) ?? summarize(reader)
    this.#summaries.set(id, summary, summary.costBytes)
    return summary
  }

  /** `id` says where the block is; of many who ask for it at once, one opens it. Rejects as `openBlock`. */
  async open(id: string, source: BlockSource, signal: AbortSignal | undefined): Promise<OpenedBlock> {
    const known = this.#blocks.get(id)
    if (known !== undefined && !known.source.isGone) {
      this.#opened.inc({ result: 'cached' })
      return known
    }
    this.#opened.inc({ result: 'read' })
    const joined = this.#opening.get(id)
    if (joined !== undefined && !joined.isAbandoned) return joined.wait(signal)
    const work = new SharedWork(async (own) => {
      try {
        let dictionaryBytes = 0
        const onDictionary = (dictionary: Dictionary) => {
          dictionaryBytes += dictionary.heldBytes
          // One that was dropped meanwhile holds nothing for those to come.
          if (this.#blocks.get(id) === block)
            this.#blocks.set(id, block, readerCost(reader) + dictionaryBytes)
        }
        const reader = await openChecked(source, { signal: own, onDictionary })
        source.opened()
        const block = { reader, source }
        this.#blocks.set(id, block, readerCost(reader))
        return block
      } finally {
        if (this.#opening.get(id) === work) this.#opening.delete(id)
      }
    })
    this.#opening.set(id, work)
    return work.wait(signal)
  }
}

/** Once more, past what the cache keeps of it, where the block seems broken. */
async function openChecked(source: BlockSource, options: OpenOptions): Promise<BlockReader> {
  try {
    return await openBlock(coalescing(source), options)
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'BLOCK_CORRUPT') throw error
    await source.forget()
    return await openBlock(coalescing(source), options)
  }
}
