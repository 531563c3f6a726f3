import type { Logger } from '../../lib/log.ts'
import type { CredentialSource, PlannedTarget } from '../targets/decision.ts'
import { shardCredentials } from './shard-credentials.ts'
import type { CredentialsWriter } from './write-credentials.ts'

export interface CredentialsDeliveryOptions {
  readonly writer: Pick<CredentialsWriter, 'ensure'>
  /** What each shard is to scrape now. */
  readonly shards: () => ReadonlyMap<number, readonly PlannedTarget[]>
  /** In base64; undefined where it is not known. */
  readonly readValue: (source: CredentialSource) => string | undefined
  readonly logger: Logger
}

/** Brings credentials to the shards that need them, and takes them away from those that do not any more. */
export class CredentialsDelivery {
  readonly #options: CredentialsDeliveryOptions
  /** Shards whose Secret may hold something; all of them while this is undefined. */
  #filled: Set<number> | undefined
  /** What was said of each shard the last time, so that it is not said every second. */
  readonly #said = new Map<number, ReadonlySet<string>>()

  constructor(options: CredentialsDeliveryOptions) {
    this.#options = options
  }

  /** A leader begins, who cannot know what another has left in the Secrets. */
  begin(): void {
    this.#filled = undefined
  }

  /**
   * Before an object is written: resolves once its shard's Secret holds its keys, beside those that objects refer to
   * which are being replaced. Rejects where one of its own is not there; what others lack is not its business.
   */
  async before(
    { shard, targets }: { readonly shard: number; readonly targets: readonly PlannedTarget[] },
    options: { readonly signal: AbortSignal },
  ): Promise<void> {
    const { data, missingKeys, problem } = this.#of(shard)
    const missing = targets[0]?.job.credentials.find(({ key }) => missingKeys.has(key))
    if (missing !== undefined) {
      const { namespace, ref } = missing
      const what = `write credentials of shard ${shard}: Secret "${namespace}/${ref.name}" key "${ref.key}"`
      throw new Error(`${what}: ${problem ?? 'is not known yet'}`)
    }
    this.#filled?.add(shard)
    await this.#options.writer.ensure(shard, data, { ...options, keepsOthers: true })
  }

  /**
   * From time to time: rotated values, and keys that no object needs any more, change no object. `unwritten`: shards
   * whose objects may yet refer to what is needed no more.
   */
  pass({ unwritten }: { readonly unwritten: ReadonlySet<number> }): void {
    const shards = this.#options.shards()
    this.#filled ??= new Set(shards.keys())
    for (const [shard, targets] of shards) {
      if (targets.some(({ job }) => job.credentials.length > 0)) this.#filled.add(shard)
    }
    for (const shard of this.#filled) void this.#renew(shard, { mayReferToOthers: unwritten.has(shard) })
  }

  async #renew(shard: number, { mayReferToOthers }: { readonly mayReferToOthers: boolean }): Promise<void> {
    const { writer, logger } = this.#options
    const { data, missingKeys, problem } = this.#of(shard)
    // What has not been read is needed all the same, and in the Secret since before.
    const keepsOthers = mayReferToOthers || (missingKeys.size > 0 && problem === undefined)
    const problems = problem === undefined ? [] : [problem]
    try {
      await writer.ensure(shard, data, { keepsOthers })
      if (Object.keys(data).length === 0 && !keepsOthers) this.#filled?.delete(shard)
    } catch (error) {
      problems.push(`bring credentials, will try again: ${(error as Error).message}`)
    }
    const said = this.#said.get(shard)
    this.#said.set(shard, new Set(problems))
    for (const text of problems) if (said?.has(text) !== true) logger.warn({ shard }, text)
  }

  #of(shard: number) {
    const { shards, readValue } = this.#options
    return shardCredentials(shards().get(shard) ?? [], readValue)
  }
}
