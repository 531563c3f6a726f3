import { Counter, Gauge, type Registry } from 'prom-client'
import {
  releaseLabel,
  type ScrapeConfigSpec,
  shardLabel,
} from '../../collector/config/scrape-config-resource.ts'
import { type KubeClient, type KubeError, kubeErrorCodes } from '../../lib/kube/kube-client.ts'
import { WorkQueue } from '../../lib/kube/work-queue.ts'
import type { Logger } from '../../lib/log.ts'
import { group, version } from '../api/profile-target.ts'
import type { Owner } from '../targets/decision.ts'
import type { ActualObjects } from './actual-objects.ts'
import { type ActualObject, type DesiredObject, hasSameContent } from './plan-objects.ts'
import { type RawScrapeConfig, readActualObject } from './read-actual-object.ts'
import { replacedLater } from './replaced-later.ts'

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
  /** Resolves once the object's credentials are where its collector finds them. A rejection is a failed write. */
  readonly ensureCredentials: (
    object: DesiredObject,
    options: { readonly signal: AbortSignal },
  ) => Promise<void>
  /** Whether this process may write now; asked right before each write. */
  readonly isLeader: () => boolean
  readonly logger: Logger
  readonly registry: Registry
  /** After its first write an object is written again only this much later; 2 s. */
  readonly minIntervalMs?: number
}

/** Of the one that leads: what it wants, and until when. */
interface Reign {
  readonly epoch: number
  readonly end: AbortController
  desired: ReadonlyMap<string, DesiredObject>
  /** Names of objects that are not deleted yet: see `replacedLater`. */
  awaited: ReadonlySet<string>
}

/** A write that went wrong and is tried again by the queue. */
interface Failure {
  readonly desired: DesiredObject | undefined
  readonly owner: Owner
  readonly message: string
}

/**
 * Brings ScrapeConfigs to what is desired: each object by itself, at once, then at most every 2 s. Every write names the
 * version that it replaces, so a leader of before can replace nothing that it has not seen.
 */
export class ScrapeConfigWriter {
  readonly #options: ScrapeConfigWriterOptions
  readonly #queue: WorkQueue
  readonly #path: string
  readonly #metrics: ReturnType<typeof createMetrics>
  readonly #failures = new Map<string, Failure>()
  readonly #underWay = new Set<Promise<void>>()
  #reign: Reign | undefined

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
      process: (name) => this.#work(name),
      logger,
      registry,
    })
    this.#metrics = createMetrics(registry, () => this.unwritten().length)
  }

  /** From now on this is what should be there. Everything of the release that is not among it goes. */
  publish(desired: ReadonlyMap<string, DesiredObject>, { epoch }: { readonly epoch: number }): void {
    if (this.#reign?.epoch !== epoch) {
      this.#reign = { epoch, end: new AbortController(), desired, awaited: new Set() }
    }
    this.#reign.desired = desired
    const unwritten = this.unwritten()
    this.#reign.awaited = replacedLater(unwritten, desired, this.#options.actual.objects)
    for (const name of unwritten) {
      const failure = this.#failures.get(name)
      // The queue tries it again when it is time; only something else is tried at once.
      if (failure !== undefined && isSameWish(failure.desired, desired.get(name))) continue
      if (!this.#reign.awaited.has(name)) this.#queue.add(name)
    }
  }

  /** Names of objects that differ from what is desired; none before the first `publish`. */
  unwritten(): string[] {
    if (this.#reign === undefined) return []
    const { desired } = this.#reign
    const { objects } = this.#options.actual
    const names: string[] = []
    for (const [name, object] of desired) {
      const actual = objects.get(name)
      if (actual === undefined || !hasSameContent(actual, object)) names.push(name)
    }
    for (const name of objects.keys()) if (!desired.has(name)) names.push(name)
    return names
  }

  /** Why something of an owner cannot be written, by owner. */
  failures(): ReadonlyMap<Owner, string> {
    return new Map([...this.#failures.values()].map(({ owner, message }) => [owner, message]))
  }

  /** Somebody else leads: what waits is not written, what is under way is given up. Resolves once nothing is. */
  async stop(): Promise<void> {
    this.#reign?.end.abort(new Error('another leads'))
    this.#reign = undefined
    this.#failures.clear()
    this.#queue.clear()
    await Promise.all(this.#underWay)
  }

  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#queue.run(options)
  }

  async #work(name: string): Promise<void> {
    const reign = this.#reign
    if (reign === undefined || !this.#options.isLeader()) return
    const work = this.#write(name, reign)
    const ended = work.catch(() => {}).finally(() => this.#underWay.delete(ended))
    this.#underWay.add(ended)
    await work
  }

  async #write(name: string, reign: Reign): Promise<void> {
    const { actual, onWritten, onOutranked, logger } = this.#options
    const desired = reign.desired.get(name)
    const before = actual.objects.get(name)
    if (before !== undefined && before.spec.epoch > reign.epoch) {
      onOutranked(before.spec.epoch)
      return
    }
    try {
      if (desired !== undefined) await this.#bring(desired, before, reign)
      else if (before !== undefined && !reign.awaited.has(name)) await this.#delete(before, reign)
      this.#failures.delete(name)
      onWritten()
    } catch (error) {
      // Nobody is to try it again, and whether it came through will be seen.
      if (reign.end.signal.aborted) return
      const { code = 'OTHER', message } = error as KubeError
      if (code === 'CONFLICT' || code === 'ALREADY_EXISTS') await this.#refresh(name, reign)
      this.#metrics.failures.inc({ code })
      const owner = (desired ?? before)?.spec.job.owner ?? ''
      this.#failures.set(name, { desired, owner, message })
      logger.warn({ scrapeConfig: name, code }, `write scrape config, will try again: ${message}`)
      throw error
    }
  }

  async #bring(desired: DesiredObject, before: ActualObject | undefined, reign: Reign): Promise<void> {
    const { isLeader, ensureCredentials } = this.#options
    const { signal } = reign.end
    if (before !== undefined && hasSameContent(before, desired)) return
    if (desired.targets[0]!.job.credentials.length > 0) await ensureCredentials(desired, { signal })
    // Awaiting may have taken long: who leads may be another by now.
    if (signal.aborted || !isLeader()) return
    await this.#put(desired, before, reign)
  }

  async #put(
    desired: DesiredObject,
    before: ActualObject | undefined,
    { epoch, end: { signal } }: Reign,
  ): Promise<void> {
    const { client, release, namespace, actual } = this.#options
    const { name, shard } = desired
    const spec: ScrapeConfigSpec = { ...desired.spec, epoch }
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
        ? await client.request<RawScrapeConfig>({
            method: 'POST',
            path: this.#path,
            query: { fieldManager: 'conprof-operator' },
            body: object,
            signal,
          })
        : await client.apply<RawScrapeConfig>(`${this.#path}/${name}`, object, { signal })
    this.#metrics.writes.inc({ operation: before === undefined ? 'create' : 'apply' })
    const { uid, resourceVersion } = answer.metadata
    actual.observe({ name, uid, resourceVersion, spec })
  }

  async #delete({ name, uid, resourceVersion }: ActualObject, { end: { signal } }: Reign): Promise<void> {
    const { client, actual } = this.#options
    try {
      await client.request({
        method: 'DELETE',
        path: `${this.#path}/${name}`,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
        signal,
      })
    } catch (error) {
      if ((error as KubeError).code !== 'NOT_FOUND') throw error
    }
    this.#metrics.writes.inc({ operation: 'delete' })
    actual.remove(name, uid)
  }

  /** Somebody else wrote it; the watch may not have said so yet. */
  async #refresh(name: string, { end: { signal } }: Reign): Promise<void> {
    const { client, actual } = this.#options
    try {
      const path = `${this.#path}/${name}`
      actual.observeRead(readActualObject(await client.request<RawScrapeConfig>({ path, signal })))
    } catch (error) {
      if ((error as KubeError).code === 'NOT_FOUND') actual.remove(name)
    }
  }
}

function isSameWish(a: DesiredObject | undefined, b: DesiredObject | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && hasSameContent(a, b))
}

function createMetrics(registry: Registry, unwritten: () => number) {
  const registers = [registry]
  new Gauge({
    name: 'conprof_operator_config_unwritten',
    help: 'ScrapeConfigs that are not yet as they should be.',
    registers,
    collect() {
      this.set(unwritten())
    },
  })
  const failures = new Counter({
    name: 'conprof_operator_config_write_failures_total',
    help: 'Writes of ScrapeConfigs that did not go well and are tried again.',
    labelNames: ['code'],
    registers,
  })
  // There from the start: an alert on an increase must see the first one.
  for (const code of [...kubeErrorCodes, 'OTHER']) failures.inc({ code }, 0)
  return {
    failures,
    writes: new Counter({
      name: 'conprof_operator_config_writes_total',
      help: 'ScrapeConfigs written.',
      labelNames: ['operation'],
      registers,
    }),
  }
}
