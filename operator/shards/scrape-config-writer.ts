import { Counter, Gauge, type Registry } from 'prom-client'
import {
  releaseLabel,
  type ScrapeConfigSpec,
  scrapeConfigSpec,
  shardLabel,
} from '../../collector/config/scrape-config-resource.ts'
import type { KubeClient, KubeError } from '../../lib/kube/kube-client.ts'
import { WorkQueue } from '../../lib/kube/work-queue.ts'
import type { Logger } from '../../lib/log.ts'
import { group, version } from '../api/profile-target.ts'
import type { ActualObjects } from './actual-objects.ts'
import { type ActualObject, type DesiredObject, hasSameContent } from './plan-objects.ts'

export interface ScrapeConfigWriterOptions {
  readonly client: KubeClient
  /** Where the objects lie: the release's. */
  readonly namespace: string
  readonly release: string
  readonly actual: ActualObjects
  /** Called after each write, as what may be written next can depend on it. */
  readonly onWritten: () => void
  /** Called where an object of a later epoch shows that somebody else leads. */
  readonly onOutranked: (epoch: number) => void
  /**
   * Resolves once the shard's credentials hold all that its objects refer to. A rejection is a failed write, and
   * tried again.
   */
  readonly ensureCredentials: (shard: number) => Promise<void>
  /** Whether this process may write now; asked right before each write. */
  readonly isLeader: () => boolean
  readonly logger: Logger
  readonly registry: Registry
  /** After its first write an object is written again only this much later; 2 s. */
  readonly minIntervalMs?: number
}

/** The object as the API server sends it. */
interface ScrapeConfigObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly spec: unknown
}

/**
 * Brings ScrapeConfigs to what is desired: each object by itself, at once, then at most every 2 s. Every write names the
 * version that it replaces, so a leader of before can replace nothing that it has not seen.
 */
export class ScrapeConfigWriter {
  readonly #options: ScrapeConfigWriterOptions
  readonly #queue: WorkQueue
  readonly #path: string
  readonly #writes: Counter<'operation'>
  readonly #failures: Counter<'code'>
  #desired: ReadonlyMap<string, DesiredObject> = new Map()
  #epoch = 0
  #isPublishing = false

  constructor(options: ScrapeConfigWriterOptions) {
    this.#options = options
    this.#path = `/apis/${group}/${version}/namespaces/${options.namespace}/scrapeconfigs`
    const { registry, logger, minIntervalMs = 2000 } = options
    this.#queue = new WorkQueue({
      name: 'scrapeconfigs',
      workers: 8,
      minIntervalMs,
      minBackoffMs: 200,
      maxBackoffMs: 30_000,
      process: (name) => this.#write(name),
      logger,
      registry,
    })
    const registers = [registry]
    this.#writes = new Counter({
      name: 'conprof_operator_config_writes_total',
      help: 'ScrapeConfigs written.',
      labelNames: ['operation'],
      registers,
    })
    this.#failures = new Counter({
      name: 'conprof_operator_config_write_failures_total',
      help: 'Writes of ScrapeConfigs that did not go well and are tried again.',
      labelNames: ['code'],
      registers,
    })
    const unwritten = () => this.unwritten().length
    new Gauge({
      name: 'conprof_operator_config_unwritten',
      help: 'ScrapeConfigs that are not yet as they should be.',
      registers,
      collect() {
        this.set(unwritten())
      },
    })
  }

  /** From now on this is what should be there. Everything of the release that is not among it goes. */
  publish(desired: ReadonlyMap<string, DesiredObject>, options: { readonly epoch: number }): void {
    this.#desired = desired
    this.#epoch = options.epoch
    this.#isPublishing = true
    for (const name of this.unwritten()) this.#queue.add(name)
  }

  /** Names of objects that differ from what is desired; none before the first `publish`. */
  unwritten(): string[] {
    if (!this.#isPublishing) return []
    const names: string[] = []
    for (const [name, desired] of this.#desired) {
      const actual = this.#options.actual.objects.get(name)
      if (actual === undefined || !hasSameContent(actual, desired)) names.push(name)
    }
    for (const name of this.#options.actual.objects.keys()) if (!this.#desired.has(name)) names.push(name)
    return names
  }

  /** Somebody else leads: what waits is not written. */
  stop(): void {
    this.#isPublishing = false
    this.#desired = new Map()
  }

  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#queue.run(options)
  }

  async #write(name: string): Promise<void> {
    const { actual, isLeader, ensureCredentials, onWritten, logger } = this.#options
    if (!this.#isPublishing || !isLeader()) return
    const desired = this.#desired.get(name)
    const before = actual.objects.get(name)
    if (before !== undefined && before.spec.epoch > this.#epoch) {
      this.#options.onOutranked(before.spec.epoch)
      return
    }
    try {
      if (desired === undefined) {
        if (before === undefined) return
        await this.#delete(before)
      } else {
        if (before !== undefined && hasSameContent(before, desired)) return
        await ensureCredentials(desired.shard)
        // Awaiting may have taken long: who leads may be another by now.
        if (!this.#isPublishing || !isLeader()) return
        await this.#put(desired, before)
      }
      onWritten()
    } catch (error) {
      const { code = 'OTHER', message } = error as KubeError
      if (code === 'CONFLICT' || code === 'ALREADY_EXISTS') await this.#refresh(name)
      this.#failures.inc({ code })
      logger.warn({ scrapeConfig: name, code }, `write scrape config, will try again: ${message}`)
      throw error
    }
  }

  async #put(desired: DesiredObject, before: ActualObject | undefined): Promise<void> {
    const { client, release, namespace } = this.#options
    const { name, shard } = desired
    const spec: ScrapeConfigSpec = { ...desired.spec, epoch: this.#epoch }
    const object = {
      apiVersion: `${group}/${version}`,
      kind: 'ScrapeConfig',
      metadata: {
        name,
        namespace,
        labels: {
          [shardLabel]: String(shard),
          [releaseLabel]: release,
          'app.kubernetes.io/managed-by': 'conprof-operator',
        },
        ...(before !== undefined && { resourceVersion: before.resourceVersion, uid: before.uid }),
      },
      spec,
    }
    // A create, not an apply: what exists already and was not seen yet may be a later epoch's.
    const answer =
      before === undefined
        ? await client.request<ScrapeConfigObject>({
            method: 'POST',
            path: this.#path,
            query: { fieldManager: 'conprof-operator' },
            body: object,
          })
        : await client.apply<ScrapeConfigObject>(`${this.#path}/${name}`, object)
    this.#writes.inc({ operation: before === undefined ? 'create' : 'apply' })
    this.#options.actual.observe({ ...viewOf(answer), spec })
  }

  async #delete({ name, uid, resourceVersion }: ActualObject): Promise<void> {
    try {
      await this.#options.client.request({
        method: 'DELETE',
        path: `${this.#path}/${name}`,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
      })
    } catch (error) {
      if ((error as KubeError).code !== 'NOT_FOUND') throw error
    }
    this.#writes.inc({ operation: 'delete' })
    this.#options.actual.remove(name, uid)
  }

  /** Somebody else wrote it; the watch may not have said so yet. */
  async #refresh(name: string): Promise<void> {
    const { client, actual } = this.#options
    try {
      const object = readScrapeConfig(
        await client.request<ScrapeConfigObject>({ path: `${this.#path}/${name}` }),
      )
      if (object !== undefined) actual.observe(object)
    } catch (error) {
      if ((error as KubeError).code === 'NOT_FOUND') actual.remove(name)
    }
  }
}

/** A ScrapeConfig of a list or an event; undefined where it is none that a collector would read. */
export function readScrapeConfig(object: ScrapeConfigObject): ActualObject | undefined {
  const parsed = scrapeConfigSpec.safeParse(object.spec)
  if (parsed.success) return { ...viewOf(object), spec: parsed.data }
  // Somebody's hand was in it: it is there, and will be replaced, whatever it says.
  const { shard = 0, epoch = 0 } = (object.spec ?? {}) as { shard?: number; epoch?: number }
  return { ...viewOf(object), spec: { shard, epoch, job: brokenJob, groups: [] } }
}

function viewOf({
  metadata: { name, uid, resourceVersion },
}: ScrapeConfigObject): Omit<ActualObject, 'spec'> {
  return { name, uid, resourceVersion }
}

const brokenJob: ScrapeConfigSpec['job'] = {
  owner: 'unreadable',
  jobName: 'unreadable',
  scheme: 'http',
  pathPrefix: '',
  interval: '60s',
  timeout: '10s',
  profiles: [],
}
