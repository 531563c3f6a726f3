import type { Registry } from 'prom-client'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import { ListWatch } from '../../lib/kube/list-watch.ts'
import type { Logger } from '../../lib/log.ts'
import { credentialsSecretName, releaseLabel, shardLabel } from '../config/scrape-config-resource.ts'
import type { ScrapeConfigView } from './accept-objects.ts'
import { type Credentials, readScrapeConfigSpec } from './kubernetes-config.ts'

export interface ShardWatchOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly release: string
  readonly ordinal: number
  /** All there is, each time something changed, a moment after the first of several changes. Must not throw. */
  readonly onChange: (state: {
    readonly objects: Iterable<ScrapeConfigView>
    /** Undefined while the Secret could not be read; empty where there is none. */
    readonly credentials: Credentials | undefined
  }) => void
  readonly logger: Logger
  readonly registry: Registry
}

interface SecretView {
  readonly resourceVersion: string
  readonly data: ReadonlyMap<string, string>
}

interface KubeObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
}

/** So many changes at once are one. */
const gatherMs = 20

/** One shard's ScrapeConfigs and credentials, listed afresh and followed from then on. */
export class ShardWatch {
  /** Resolves once the first lists were told; of the Secret only if it could be read soon. */
  readonly applied: Promise<void>
  readonly #options: ShardWatchOptions
  readonly #objects: ListWatch<ScrapeConfigView>
  readonly #secret: ListWatch<SecretView>
  #timer: NodeJS.Timeout | undefined
  #hasEnded = false
  #setApplied: () => void = () => {}

  constructor(options: ShardWatchOptions) {
    this.#options = options
    const { client, namespace, release, ordinal, logger, registry } = options
    const common = {
      client,
      logger,
      registry,
      onChange: () => this.#gather(),
    }
    this.applied = new Promise((resolve) => {
      this.#setApplied = resolve
    })
    this.#objects = new ListWatch<ScrapeConfigView>({
      ...common,
      kind: 'scrapeconfigs',
      path: `/apis/conprof.io/v1alpha1/namespaces/${namespace}/scrapeconfigs`,
      labelSelector: `${shardLabel}=${ordinal},${releaseLabel}=${release}`,
      project: viewOf,
      isEqual: (a, b) => a.resourceVersion === b.resourceVersion,
    })
    this.#secret = new ListWatch<SecretView>({
      ...common,
      kind: 'credentials',
      path: `/api/v1/namespaces/${namespace}/secrets`,
      fieldSelector: `metadata.name=${credentialsSecretName(release, ordinal)}`,
      project: secretOf,
      isEqual: (a, b) => a.resourceVersion === b.resourceVersion,
    })
  }

  /** Which of the two hear nothing although the API server answers others. */
  stuck(): string[] {
    return [this.#objects, this.#secret].filter((watch) => watch.isStuck()).map(({ kind }) => kind)
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const ended = Promise.all([this.#objects.run({ signal }), this.#secret.run({ signal })])
    void this.#begin(signal)
    await ended
    this.#hasEnded = true
    clearTimeout(this.#timer)
  }

  /** Objects that come together with their credentials are told together; without them they are told alone. */
  async #begin(signal: AbortSignal): Promise<void> {
    await this.#objects.synced
    const late = new Promise((resolve) => setTimeout(resolve, 2000).unref())
    await Promise.race([this.#secret.synced, late])
    if (signal.aborted) return
    this.#tell()
    this.#setApplied()
    // That there is no Secret is no change, and yet news.
    await this.#secret.synced
    this.#gather()
  }

  #gather(): void {
    if (!this.#objects.isSynced) return
    this.#timer ??= setTimeout(() => this.#tell(), gatherMs)
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#hasEnded) return
    const [secret] = this.#secret.items.values()
    const credentials = this.#secret.isSynced ? (secret?.data ?? new Map<string, string>()) : undefined
    this.#options.onChange({ objects: this.#objects.items.values(), credentials })
  }
}

function viewOf(object: KubeObject & { readonly spec?: unknown }): ScrapeConfigView {
  const { name, resourceVersion } = object.metadata
  try {
    return { name, resourceVersion, spec: readScrapeConfigSpec(object.spec) }
  } catch (error) {
    return { name, resourceVersion, problem: (error as Error).message }
  }
}

function secretOf(object: KubeObject & { readonly data?: Readonly<Record<string, string>> }): SecretView {
  const data = Object.entries(object.data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const,
  )
  return { resourceVersion: object.metadata.resourceVersion, data: new Map(data) }
}
