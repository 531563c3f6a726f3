import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Counter, type Registry } from 'prom-client'
import { z } from 'zod'
import {
  credentialsSecretName,
  releaseLabel,
  shardLabel,
} from '../../collector/config/scrape-config-resource.ts'
import { type KubeClient, KubeError } from '../../lib/kube/kube-client.ts'
import type { Logger } from '../../lib/log.ts'

export interface CredentialsWriterOptions {
  readonly client: KubeClient
  /** Where the collectors are. */
  readonly namespace: string
  readonly release: string
  /** Of this leader, see `ScrapeConfigSpec.epoch`; undefined once another leads. */
  readonly epoch: () => number | undefined
  readonly logger: Logger
  readonly registry: Registry
  /** Between two looks at what was written, in case somebody else changed it; 60 s. */
  readonly verifyMs?: number
}

/** In base64, by key. */
export type CredentialsData = Readonly<Record<string, string>>

export interface EnsureOptions {
  readonly keepsOthers?: boolean
  readonly signal?: AbortSignal
}

/**
 * Keeps each shard's credentials in its Secret. A ScrapeConfig must never refer to a key that is not there yet, so
 * `ensure` with `keepsOthers` comes before the ScrapeConfigs of the shard, and `ensure` without it after them.
 */
export class CredentialsWriter {
  readonly #options: CredentialsWriterOptions
  readonly #shards = new Map<number, Shard>()
  readonly #writes: Counter<'result'>

  constructor(options: CredentialsWriterOptions) {
    this.#options = options
    this.#writes = new Counter({
      name: 'conprof_operator_credentials_writes_total',
      help: "Writes of a shard's credentials Secret.",
      labelNames: ['result'],
      registers: [options.registry],
    })
    // There from the start: an alert on an increase must see the first one.
    for (const result of ['ok', 'error']) this.#writes.inc({ result }, 0)
  }

  /**
   * Resolves once the shard's Secret holds just this (base64 by key), or with `keepsOthers` at least this. Writes only
   * what differs, calls for one shard one after the other. Rejects, and may be called again, where the API server
   * refuses or a newer leader has written.
   */
  ensure(shard: number, data: CredentialsData, options: EnsureOptions = {}): Promise<void> {
    const state = this.#shards.get(shard) ?? { known: undefined, wanted: {}, last: Promise.resolve() }
    this.#shards.set(shard, state)
    return this.#afterOthers(state, () => this.#bring(shard, state, data, options))
  }

  #afterOthers(state: Shard, work: () => Promise<void>): Promise<void> {
    const done = state.last.catch(() => {}).then(work)
    state.last = done
    return done
  }

  /** Looks from time to time whether it is still as it was written, while `isLeader`. */
  async run({
    signal,
    isLeader,
  }: {
    readonly signal: AbortSignal
    readonly isLeader: () => boolean
  }): Promise<void> {
    const { logger, verifyMs = 60_000 } = this.#options
    while (!signal.aborted) {
      await sleep(verifyMs * (0.8 + 0.4 * Math.random()), undefined, { signal }).catch(() => {})
      for (const [shard, state] of this.#shards) {
        if (signal.aborted || !isLeader()) break
        const verified = this.#afterOthers(state, () => {
          state.known = undefined
          return this.#bring(shard, state, state.wanted, { signal })
        })
        await verified.catch((error: Error) => {
          if (!signal.aborted) logger.warn({ shard }, error.message)
        })
      }
    }
  }

  async #bring(
    shard: number,
    state: Shard,
    given: CredentialsData,
    { signal, keepsOthers }: EnsureOptions,
  ): Promise<void> {
    const { release, epoch } = this.#options
    const what = `write Secret ${JSON.stringify(credentialsSecretName(release, shard))}`
    for (let attempt = 1; ; attempt++) {
      try {
        state.known ??= await this.#read(shard, signal)
        const { known } = state
        const data = keepsOthers === true ? { ...known.data, ...given } : given
        state.wanted = data
        if (isDeepStrictEqual(known.data, data)) return
        const own = epoch()
        if (own === undefined || known.epoch > own) {
          const ours = own === undefined ? 'leads no more' : `is of ${own}`
          throw new Error(`a leader of epoch ${known.epoch} has written it, this one ${ours}`)
        }
        // What others put there stays, and is none of ours.
        state.known = { ...(await this.#apply(shard, data, { known, epoch: own, signal })), data }
        this.#writes.inc({ result: 'ok' })
        return
      } catch (error) {
        state.known = undefined
        if (signal?.aborted === true) throw error
        this.#writes.inc({ result: 'error' })
        // It is another than the one that was read, or gone: look again.
        const code = error instanceof KubeError ? error.code : undefined
        if ((code === 'CONFLICT' || code === 'NOT_FOUND') && attempt < maxAttempts) continue
        throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
      }
    }
  }

  async #read(shard: number, signal: AbortSignal | undefined): Promise<Known> {
    try {
      const path = this.#pathOf(shard)
      return knownOf(
        await this.#options.client.request({ path, ...(signal === undefined ? {} : { signal }) }),
      )
    } catch (error) {
      // Nothing to write is as good as nothing there.
      if (error instanceof KubeError && error.code === 'NOT_FOUND') {
        return { data: {}, epoch: 0, resourceVersion: undefined }
      }
      throw error
    }
  }

  async #apply(
    shard: number,
    data: CredentialsData,
    options: { readonly known: Known; readonly epoch: number; readonly signal: AbortSignal | undefined },
  ): Promise<Known> {
    const { client, namespace, release } = this.#options
    const { epoch, signal } = options
    const { resourceVersion } = options.known
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: credentialsSecretName(release, shard),
        namespace,
        labels: { [releaseLabel]: release, [shardLabel]: String(shard) },
        annotations: { [epochAnnotation]: String(epoch) },
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      type: 'Opaque',
      data,
    }
    return knownOf(await client.apply(this.#pathOf(shard), object, signal === undefined ? {} : { signal }))
  }

  #pathOf(shard: number): string {
    const { namespace, release } = this.#options
    return `/api/v1/namespaces/${namespace}/secrets/${credentialsSecretName(release, shard)}`
  }
}

interface Shard {
  /** Undefined before it was read, and after a write that may or may not have come through. */
  known: Known | undefined
  /** Of the last call. */
  wanted: CredentialsData
  /** The end of what was asked for last. */
  last: Promise<void>
}

interface Known {
  readonly data: CredentialsData
  readonly epoch: number
  readonly resourceVersion: string | undefined
}

const epochAnnotation = 'conprof.io/epoch'
const maxAttempts = 3

const secretObject = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  data: z.record(z.string(), z.string()).optional(),
})

function knownOf(object: unknown): Known {
  const { metadata, data = {} } = secretObject.parse(object)
  const epoch = Number(metadata.annotations?.[epochAnnotation] ?? 0)
  return {
    data,
    epoch: Number.isSafeInteger(epoch) ? epoch : 0,
    resourceVersion: metadata.resourceVersion,
  }
}
