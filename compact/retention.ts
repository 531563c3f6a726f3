import type { Registry } from 'prom-client'
import { openBlock } from '../block/open-block.ts'
import type { Bucket } from '../bucket/bucket.ts'
import { isBucketError } from '../bucket/errors.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import type { Logger } from '../lib/log.ts'
import { Deletions } from './deletions.ts'
import { eraseFromBlock } from './erase.ts'
import { dropOldErasures } from './erasures.ts'
import { clearHalt, type Halt, readConfirmation, readHalt, writeHalt } from './halt.ts'
import type { Pass } from './pass.ts'
import { readPins } from './pins.ts'
import { type BlockPlan, planBlock } from './plan-block.ts'
import { type Doomed, planRetention, type RetentionLimits, type RetentionPlan } from './plan-retention.ts'
import { noRules, type Rules } from './policy.ts'
import { noPolicyFile, type PolicyFile } from './policy-file.ts'
import { RetentionMetrics } from './retention-metrics.ts'
import { RewriteError, rewriteBlocks } from './rewrite-blocks.ts'
import { listStoredBlocks, type StoredBlock } from './stored-blocks.ts'
import { selectionOf } from './stored-selection.ts'
import { storedSource } from './stored-source.ts'

export interface RetentionOptions {
  readonly bucket: Bucket
  readonly limits: RetentionLimits
  readonly policy?: PolicyFile
  /** For blocks on their way. */
  readonly directory: string
  readonly logger: Logger
  readonly registry: Registry
  /** Between passes; an hour without it. */
  readonly intervalMs?: number
  readonly now?: () => number
}

/** More of what is stored than this goes only once somebody has said so. */
const haltShare = 0.2

/**
 * Deletes what is too old or too much, and what was erased. A block that is deleted gets a tombstone, and goes for good
 * 48 h later. One of which a part stays is rewritten without the rest, and then deleted like any other.
 */
export class Retention implements Pass {
  readonly name = 'delete what is too old or too much'
  readonly #options: RetentionOptions
  readonly #metrics: RetentionMetrics
  readonly #deletions: Deletions
  readonly #now: () => number
  /** Blocks that held nothing of what was to be erased, or to go, by key: when, and by which rules. */
  readonly #clean = new Map<string, string>()
  #nextMs = 0
  #isHalted = false

  constructor(options: RetentionOptions) {
    const { bucket, logger, registry, now = Date.now } = options
    this.#options = options
    this.#now = now
    this.#metrics = new RetentionMetrics({ logger, registry })
    this.#deletions = new Deletions({ bucket, events: this.#metrics })
  }

  /**
   * A pass, where the last one was long enough ago, or somebody confirmed what that one did not do; else only what is to
   * be erased. Rejects as `pass`.
   */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { bucket, intervalMs = 3_600_000 } = this.#options
    const nowMs = this.#now()
    const isDue = nowMs >= this.#nextMs
    const isPass =
      isDue || (this.#isHalted && (await readConfirmation(bucket, { nowMs, signal })) !== undefined)
    if (isPass) this.#nextMs = nowMs + intervalMs
    try {
      if (isPass) await this.pass({ signal })
      // What was erased shall not be seen for an hour because it was being merged just then.
      else await this.#eraseAll({ nowMs, signal })
    } catch (error) {
      signal.throwIfAborted()
      // Not an hour later: the bucket may be back by the next round.
      this.#nextMs = nowMs
      this.#metrics.ended()
      throw error
    }
  }

  /** Rejects where the bucket cannot be listed, or a pin cannot be read. */
  async pass({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { bucket, limits, policy = noPolicyFile } = this.#options
    const nowMs = this.#now()
    await this.#eraseAll({ nowMs, signal })
    await this.#deletions.finish({ nowMs, signal })
    const blocks = await listStoredBlocks(bucket, { signal })
    this.#forget(blocks)
    const rules: Rules = {
      ...noRules,
      ...policy,
      maxAgeMs: limits.maxAgeMs ?? Number.POSITIVE_INFINITY,
      pins: (await readPins(bucket, { signal })).map(selectionOf),
    }
    const plan = await planRetention(blocks, {
      rules,
      limits,
      nowMs,
      plan: (block, age) => this.#look(block, rules, { age, signal }),
    })
    const doomed = await this.#allowed(plan, { nowMs, signal })
    for (const each of doomed) await this.#delete(each, rules, { nowMs, signal })
  }

  /** What a pass may do now: everything, nothing, or as much as was confirmed. */
  async #allowed(plan: RetentionPlan, options: PassOptions): Promise<readonly Doomed[]> {
    const { bucket, logger } = this.#options
    const { doomed, liveBytes, surprisingBytes } = plan
    const { nowMs, signal } = options
    const before = await readHalt(bucket, { signal })
    const confirmed = before && (await readConfirmation(bucket, { nowMs, signal }))
    const isTooMuch = surprisingBytes > haltShare * liveBytes
    this.#isHalted = isTooMuch && confirmed === undefined
    if (!this.#isHalted) {
      this.#metrics.halted(false)
      // Before anything is deleted: it is good for once.
      if (before !== undefined) await clearHalt(bucket, { signal })
      return isTooMuch && confirmed !== undefined ? upTo(doomed, confirmed.bytes) : doomed
    }
    const bytes = doomed.reduce((sum, { goneBytes }) => sum + goneBytes, 0)
    const reasons: Record<string, number> = {}
    for (const { reason } of doomed) reasons[reason] = (reasons[reason] ?? 0) + 1
    const halt: Halt = { atMs: nowMs, blocks: doomed.length, bytes, liveBytes, reasons }
    if (before?.bytes !== bytes || before.blocks !== doomed.length) await writeHalt(bucket, halt, { signal })
    logger.warn(
      { blocks: doomed.length, bytes, liveBytes, reasons },
      `nothing deleted: ${formatByteSize(bytes)} of ${formatByteSize(liveBytes)} would go at once, more than ${haltShare * 100} %; conprof block confirm-deletion where that is meant`,
    )
    // Last of all: who sees it finds what to confirm.
    this.#metrics.halted(true)
    return []
  }

  async #delete(doomed: Doomed, rules: Rules, options: PassOptions): Promise<void> {
    const { bucket, directory } = this.#options
    const { nowMs, signal } = options
    const { block, age, action, reason } = doomed
    try {
      if (action === 'rewrite') {
        const reader = await openBlock(storedSource(bucket, block), { signal })
        const policy = (await planBlock(reader, rules, { block: age, signal }))?.policy
        const level = block.level + 1
        const { outputs } = await rewriteBlocks([block], { bucket, directory, level, policy, signal })
        await this.#deletions.uncover(outputs, { signal })
      }
      await this.#deletions.tombstone(block, reason, { nowMs, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!isAboutBlock(error)) throw error
      this.#metrics.failed(error, `delete a part of block ${block.key}`)
    }
  }

  async #eraseAll(options: PassOptions): Promise<void> {
    const { bucket, directory } = this.#options
    const erasures = (await dropOldErasures(bucket, options)).map(selectionOf)
    if (erasures.length === 0) return
    const id = `erase ${JSON.stringify(erasures)}`
    for (const block of await listStoredBlocks(bucket, { signal: options.signal })) {
      if (this.#clean.get(`erase ${block.key}`) === id) continue
      try {
        const deletions = this.#deletions
        const erased = await eraseFromBlock(block, erasures, { bucket, deletions, directory, ...options })
        if (erased === undefined) this.#clean.set(`erase ${block.key}`, id)
      } catch (error) {
        options.signal.throwIfAborted()
        if (!isAboutBlock(error)) throw error
        this.#metrics.failed(error, `erase from block ${block.key}`)
      }
    }
  }

  /** What a block says does not change, so nor does the answer while the rules that apply are the same. */
  async #look(
    block: StoredBlock,
    rules: Rules,
    { age, signal }: { readonly age: Parameters<typeof planBlock>[2]['block']; readonly signal: AbortSignal },
  ): Promise<BlockPlan | undefined> {
    const ageMs = age.nowMs - age.maxTimeMs
    const id = JSON.stringify([
      rules.retention.map((rule) => ageMs > rule.ageMs),
      rules.thinning.map(({ afterMs }) => ageMs > afterMs),
      ageMs > rules.maxAgeMs,
      age.isTooMuch,
      rules.pins,
    ])
    if (this.#clean.get(block.key) === id) return undefined
    try {
      const reader = await openBlock(storedSource(this.#options.bucket, block), { signal })
      const plan = await planBlock(reader, rules, { block: age, signal })
      if (plan === undefined) this.#clean.set(block.key, id)
      return plan
    } catch (error) {
      signal.throwIfAborted()
      if (!isAboutBlock(error)) throw error
      this.#metrics.failed(error, `look into block ${block.key}`)
      return undefined
    }
  }

  #forget(blocks: readonly StoredBlock[]): void {
    const keys = new Set(blocks.flatMap(({ key }) => [key, `erase ${key}`]))
    for (const key of this.#clean.keys()) if (!keys.has(key)) this.#clean.delete(key)
  }
}

interface PassOptions {
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** What is wrong with one block must not keep the others. */
function isAboutBlock(error: unknown): boolean {
  const { code } = Object(error) as { readonly code?: unknown }
  return (
    error instanceof RewriteError ||
    code === 'BLOCK_CORRUPT' ||
    code === 'BLOCK_TOO_NEW' ||
    isBucketError(error, 'NOT_FOUND')
  )
}

/** The oldest of them. */
function upTo(doomed: readonly Doomed[], maxBytes: number): readonly Doomed[] {
  let bytes = 0
  return doomed.filter(({ goneBytes }) => {
    bytes += goneBytes
    return bytes <= maxBytes
  })
}
