import type { Clock } from './clock.ts'
import { type KubeClient, KubeError } from './kube-client.ts'

export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly leaseTransitions?: number
  readonly acquireTime?: string
  readonly renewTime?: string
}

interface LeaseObject {
  readonly metadata: { readonly resourceVersion: string }
  readonly spec?: LeaseSpec
}

export interface LeaseRecordOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Of each request, so that one that hangs leaves time for another. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The `coordination.k8s.io/v1` Lease as it was last seen, which is the only version that is ever replaced. */
export class LeaseRecord {
  readonly #options: LeaseRecordOptions
  readonly #collection: string
  #seen: { readonly object: LeaseObject; readonly sinceMs: number } | undefined

  constructor(options: LeaseRecordOptions) {
    this.#options = options
    this.#collection = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`
  }

  /** Undefined where there is none. */
  get spec(): LeaseSpec | undefined {
    return this.#seen?.object.spec
  }

  /** How long ago this process saw it change: what clocks of others say does not count. */
  get unchangedMs(): number {
    return this.#options.clock.now() - (this.#seen?.sinceMs ?? Number.NEGATIVE_INFINITY)
  }

  /** Rejects with `NOT_FOUND` where there is none. */
  async read(signal: AbortSignal | undefined): Promise<void> {
    const { client, name, timeoutMs } = this.#options
    try {
      const path = `${this.#collection}/${name}`
      this.#see(
        await client.request<LeaseObject>({ path, timeoutMs, ...(signal !== undefined && { signal }) }),
      )
    } catch (error) {
      if (error instanceof KubeError && error.code === 'NOT_FOUND') this.#seen = undefined
      throw error
    }
  }

  /** In place of the version that was seen, or as a new one where none was; else rejects with `CONFLICT` or `ALREADY_EXISTS`. */
  async write(spec: LeaseSpec, signal: AbortSignal | undefined): Promise<void> {
    const { client, namespace, name, timeoutMs } = this.#options
    const before = this.#seen?.object
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: before?.metadata ?? { namespace, name },
      spec,
    }
    const answer = await client.request<LeaseObject>({
      method: before === undefined ? 'POST' : 'PUT',
      path: before === undefined ? this.#collection : `${this.#collection}/${name}`,
      body,
      timeoutMs,
      ...(signal !== undefined && { signal }),
    })
    this.#see(answer)
  }

  #see(object: LeaseObject): void {
    const isSame = this.#seen?.object.metadata.resourceVersion === object.metadata.resourceVersion
    if (!isSame) this.#seen = { object, sinceMs: this.#options.clock.now() }
  }
}
