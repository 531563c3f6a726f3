import { Counter, Gauge, type Registry } from 'prom-client'
import type { Tombstone } from '../block/tombstone.ts'
import type { Logger } from '../lib/log.ts'
import type { DeletionEvents } from './deletions.ts'
import type { DeletionReason } from './policy.ts'
import type { StoredBlock } from './stored-blocks.ts'

/** What was deleted and why, in metrics and in the log. */
export class RetentionMetrics implements DeletionEvents {
  readonly #logger: Logger
  readonly #hidden: Totals
  readonly #gone: Totals
  readonly #failures: Counter
  readonly #halted: Gauge

  constructor({ logger, registry }: { readonly logger: Logger; readonly registry: Registry }) {
    this.#logger = logger
    this.#hidden = new Totals(registry, 'tombstoned', 'Blocks that were deleted and could be brought back')
    this.#gone = new Totals(registry, 'deleted', 'Blocks that are gone for good')
    const registers = [registry]
    this.#failures = new Counter({
      name: 'conprof_retention_failures_total',
      help: 'Passes that ended early, and blocks that were left out; the next pass makes up for it.',
      registers,
    })
    this.#halted = new Gauge({
      name: 'conprof_retention_halted',
      help: '1 while nothing is deleted since it would be too much at once: conprof block confirm-deletion.',
      registers,
    })
  }

  tombstoned(block: StoredBlock, reason: DeletionReason): void {
    this.#hidden.add(reason, block.sizeBytes)
    const newest = new Date(block.maxTimeMs).toISOString()
    const { key, sizeBytes } = block
    this.#logger.info({ block: key, sizeBytes, newest, reason }, 'block deleted; it goes for good later')
  }

  gone(block: string, { reason, sizeBytes }: Tombstone): void {
    this.#gone.add(reason, sizeBytes)
    this.#logger.info({ block, sizeBytes, reason }, 'deleted block is gone for good')
  }

  /** A pass ended early. */
  ended(): void {
    this.#failures.inc()
  }

  /** Something was left out. */
  failed(error: unknown, what: string): void {
    this.#failures.inc()
    this.#logger.warn(`${what}, will try again: ${(error as Error).message}`)
  }

  halted(is: boolean): void {
    this.#halted.set(is ? 1 : 0)
  }
}

class Totals {
  readonly #blocks: Counter<'reason'>
  readonly #bytes: Counter<'reason'>

  constructor(registry: Registry, what: string, help: string) {
    const common = { labelNames: ['reason'] as const, registers: [registry] }
    const blocks = `conprof_retention_${what}_blocks_total`
    this.#blocks = new Counter({ name: blocks, help: `${help}, by reason.`, ...common })
    this.#bytes = new Counter({
      name: `conprof_retention_${what}_bytes_total`,
      help: 'Their bytes.',
      ...common,
    })
    // From the start, so that the first one is an increase.
    for (const reason of ['time', 'selector', 'size', 'thinned', 'erased', 'undone']) {
      this.#blocks.inc({ reason }, 0)
      this.#bytes.inc({ reason }, 0)
    }
  }

  add(reason: string, sizeBytes: number): void {
    this.#blocks.inc({ reason })
    this.#bytes.inc({ reason }, sizeBytes)
  }
}
