import { once } from 'node:events'
import type { Registry } from 'prom-client'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import type { Lease } from '../../lib/kube/lease.ts'
import { runGroup } from '../../lib/lifecycle/run-group.ts'
import type { Logger } from '../../lib/log.ts'
import type { CollectorClient } from '../collector-client.ts'
import { CollectorProbe } from '../collector-probe.ts'
import { CredentialsDelivery } from '../credentials/deliver-credentials.ts'
import { TargetSecrets } from '../credentials/target-secrets.ts'
import { CredentialsWriter } from '../credentials/write-credentials.ts'
import { meshProblems } from '../events/mesh-problems.ts'
import { ProblemEvents } from '../events/problem-events.ts'
import { EventWriter } from '../events/write-events.ts'
import type { OperatorState } from '../pages/operator-state.ts'
import { ActualObjects } from '../shards/actual-objects.ts'
import { ScrapeConfigWriter } from '../shards/scrape-config-writer.ts'
import { StatusWriter } from '../status/write-statuses.ts'
import type { CredentialSource } from '../targets/decision.ts'
import type { TargetSettings } from '../targets/settings.ts'
import { CollectorPods } from './collector-pods.ts'
import { Decisions } from './decisions.ts'
import { Defects } from './defects.ts'
import { createOperatorState } from './operator-view.ts'
import { ownTokenKey } from './own-token.ts'
import { PassLoop } from './pass-loop.ts'
import { Publisher } from './publisher.ts'
import { passStatuses } from './status-pass.ts'
import { TargetSet } from './target-set.ts'
import { createWatches, type Followed } from './watches.ts'

export interface OperatorOptions {
  readonly client: KubeClient
  readonly lease: Lease
  readonly collectorClient: CollectorClient
  readonly namespace: string
  readonly release: string
  readonly statefulSet: string
  readonly collectorsPort: number
  readonly collectorsScheme: 'http' | 'https'
  /** Before the paths of their API: `` or `/conprof`. */
  readonly collectorsPrefix: string
  readonly watchNamespaces: readonly string[]
  readonly podLabelSelector?: string | undefined
  readonly settings: TargetSettings
  /** What our own programs ask for; undefined where they ask for nothing. */
  readonly token: () => string | undefined
  /** Of this process, in Events. */
  readonly instance: string
  readonly logger: Logger
  readonly registry: Registry
  readonly now?: () => number
}

interface Leading {
  readonly epoch: number
  /** Whether the first plan was made. */
  hasPlanned: boolean
}

/** Between two looks at all statuses and credentials. */
const statusPassMs = 1000
/** Passes that throw for so long do so for what this process remembers, perhaps. */
const maxFailingMs = 300_000

/**
 * Kubernetes in, scrape configs out. Every change makes a pass over all that is known: which pods are targets, which
 * collector has which of them, which objects there should be. Nothing depends on what came before but who holds a
 * target now, so an operator that starts anew goes on where another ended.
 */
export class Operator {
  readonly #options: OperatorOptions
  readonly #now: () => number
  readonly #actual: ActualObjects
  readonly #decisions: Decisions
  readonly #targetSet: TargetSet
  readonly #publisher: Publisher
  readonly #writer: ScrapeConfigWriter
  readonly #secrets: TargetSecrets
  readonly #credentials: CredentialsWriter
  readonly #delivery: CredentialsDelivery
  readonly #statuses: StatusWriter
  readonly #events: EventWriter
  readonly #problems: ProblemEvents
  readonly #probe: CollectorProbe
  readonly #watches: readonly Followed[]
  readonly #loop: PassLoop
  readonly #defects: Defects
  readonly #collectors: CollectorPods
  #leading: Leading | undefined
  #statusPassMs = Number.NEGATIVE_INFINITY

  constructor(options: OperatorOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    const { client, namespace, release, logger, registry, lease, settings } = options
    const common = { client, logger, registry }
    const isLeader = () => lease.isLeader()
    const wake = () => this.#loop.request()
    this.#defects = new Defects({ logger, registry })
    this.#collectors = new CollectorPods(options)
    this.#loop = new PassLoop(() => this.#pass(), {
      settleMs: 50,
      maxWaitMs: 1000,
      onDefect: (error) => this.#defects.note('pass', error),
    })
    this.#actual = new ActualObjects({ now: this.#now })
    this.#decisions = new Decisions({
      settings,
      onDefect: (pod, error) => this.#defects.note('pod', error, { pod }),
    })
    this.#publisher = new Publisher({ release, actual: this.#actual, now: this.#now, registry })
    this.#secrets = new TargetSecrets({
      ...common,
      serviceAccount: { namespace, name: `${release}-operator` },
      onChange: () => {
        this.#targetSet.markStale()
        wake()
      },
    })
    this.#targetSet = new TargetSet({
      ...options,
      decisions: this.#decisions,
      secrets: this.#secrets,
      hasToken: () => options.token() !== undefined,
      isHeld: (key) => this.#actual.holders.has(key),
    })
    this.#credentials = new CredentialsWriter({
      ...common,
      namespace,
      release,
      epoch: () => this.#leading?.epoch,
    })
    this.#delivery = new CredentialsDelivery({
      writer: this.#credentials,
      shards: () => this.#publisher.shards,
      readValue: (source) => this.#readCredential(source),
      logger,
    })
    this.#writer = new ScrapeConfigWriter({
      ...common,
      namespace,
      release,
      actual: this.#actual,
      isLeader,
      onWritten: wake,
      onOutranked: (epoch) => {
        logger.error({ epoch }, 'a ScrapeConfig is of a later epoch: another operator leads')
        lease.abandon({ outrankedBy: epoch })
      },
      ensureCredentials: (object, run) => this.#delivery.before(object, run),
    })
    this.#statuses = new StatusWriter({ ...common, isLeader })
    this.#events = new EventWriter({ ...common, isLeader, instance: options.instance })
    this.#problems = new ProblemEvents({ writer: this.#events, isLeader, registry, now: this.#now })
    this.#probe = new CollectorProbe({
      client: options.collectorClient,
      collectors: () => this.#collectors.addresses(),
      onChange: wake,
      logger,
      registry,
    })
    this.#watches = createWatches({
      ...options,
      onPod: ({ key, before, after }) => {
        if (before !== undefined && before.uid !== after?.uid) this.#problems.forget(before.uid)
        this.#decisions.setPod(key, after)
        wake()
      },
      onNamespace: ({ key, after }) => {
        this.#decisions.setNamespace(key, after)
        wake()
      },
      onProfileTarget: ({ key, before, after }) => {
        if (before !== undefined && before.uid !== after?.uid) this.#problems.forget(before.uid)
        if (after === undefined && before !== undefined) this.#statuses.forget(before)
        if (!this.#decisions.setProfileTarget(key, after)) return
        this.#targetSet.markStale()
        wake()
      },
      onScrapeConfig: ({ before, after }) => {
        if (after === undefined && before !== undefined) this.#actual.remove(before.name, before.uid)
        if (after === undefined || this.#actual.observe(after)) wake()
      },
      onStatefulSet: ({ after }) => {
        this.#collectors.replicas = after?.replicas ?? 0
        wake()
      },
      onCollectorPod: (change) => {
        this.#collectors.change(change)
        wake()
      },
    })
  }

  /** Until the signal. Rejects where a part ends that should not. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { lease } = this.#options
    await runGroup(
      [
        ...this.#watches.map((watch) => watch.run.bind(watch)),
        (run) => lease.run({ ...run, onLeading: (epoch, { signal }) => this.#lead(epoch, signal) }),
        this.#writer.run.bind(this.#writer),
        this.#secrets.run.bind(this.#secrets),
        (run) => this.#credentials.run({ ...run, isLeader: () => lease.isLeader() }),
        this.#statuses.run.bind(this.#statuses),
        this.#events.run.bind(this.#events),
        this.#problems.run.bind(this.#problems),
        this.#probe.run.bind(this.#probe),
        this.#loop.run.bind(this.#loop),
      ],
      { signal },
    )
  }

  /** What is still missing before it works, in words. */
  notReady(): string | undefined {
    const missing = this.#watches.filter((watch) => !watch.isSynced)
    if (missing.length === 0) return undefined
    const kinds = new Set(missing.map(({ kind }) => kind))
    const problem = missing.find((watch) => watch.problem !== undefined)?.problem
    return `no list of ${[...kinds].join(', ')} yet${problem === undefined ? '' : `: ${problem}`}`
  }

  /** What only a restart may mend: a watch that brings nothing while the API server answers, a pass that throws. */
  unhealthy(): string | undefined {
    const stuck = new Set(this.#watches.filter((watch) => watch.isStuck()).map(({ kind }) => kind))
    if (stuck.size > 0) return `the watch of ${[...stuck].join(', ')} is stuck`
    const failingMs = performance.now() - (this.#loop.failingSinceMs ?? Number.POSITIVE_INFINITY)
    return failingMs > maxFailingMs ? 'no pass goes well any more; the log says why' : undefined
  }

  /** For the pages. */
  state(): OperatorState {
    const { release, namespace, collectorClient } = this.#options
    return createOperatorState({
      release,
      namespace,
      collectorClient,
      decisions: this.#decisions,
      notReady: () => this.notReady(),
      laterDrops: () => this.#targetSet.laterDrops,
      targets: () => this.#targetSet.targets,
      credentialsProblem: (sources) => this.#secrets.problemOf(sources),
      holders: () => this.#actual.holders,
      objects: () => this.#actual.objects.values(),
      members: () => this.#publisher.members,
      collectorPods: () => this.#collectors.pods,
      collectors: () => this.#collectors.addresses(),
      lastAnswerMs: (ordinal) => this.#probe.lastAnswerMs(ordinal),
    })
  }

  /** Until the signal, and until nothing is being written any more: only then may another begin. */
  async #lead(epoch: number, signal: AbortSignal): Promise<void> {
    this.#leading = { epoch, hasPlanned: false }
    this.#statuses.forgetAll()
    this.#delivery.begin()
    this.#loop.request()
    if (!signal.aborted) await once(signal, 'abort')
    this.#leading = undefined
    await this.#writer.stop()
  }

  #pass(): void {
    if (this.notReady() !== undefined) return
    const changed = this.#decisions.refresh()
    this.#observeProblems(changed)
    if (changed.length > 0) this.#targetSet.markStale()
    this.#targetSet.refresh()
    this.#observeMembers()
    const leading = this.#leading
    if (leading === undefined || !this.#options.lease.isLeader()) return
    if (!leading.hasPlanned) this.#takeOver()
    leading.hasPlanned = true
    this.#writer.publish(this.#publisher.plan(this.#targetSet.targets), { epoch: leading.epoch })
    if (performance.now() - this.#statusPassMs < statusPassMs) return
    this.#statusPassMs = performance.now()
    this.#delivery.pass({ unwritten: this.#unwrittenShards() })
    this.#observeMesh()
    this.#passStatuses()
  }

  /** Before a leader's first plan: one before it may have been moving targets that nobody holds now. */
  #takeOver(): void {
    if (this.#actual.objects.size === 0) return
    this.#actual.releaseUnheld(this.#targetSet.targets)
  }

  #observeMembers(): void {
    const { members } = this.#publisher
    const observed = this.#collectors.observe(members.keys(), (ordinal) => this.#probe.lastAnswerMs(ordinal))
    this.#publisher.observeMembers(observed, this.#collectors)
  }

  #unwrittenShards(): Set<number> {
    const { objects } = this.#actual
    const { desired } = this.#publisher
    return new Set(
      this.#writer
        .unwritten()
        .flatMap((name) => desired.get(name)?.shard ?? objects.get(name)?.spec.shard ?? []),
    )
  }

  #readCredential(source: CredentialSource): string | undefined {
    if (source.key !== ownTokenKey) return this.#secrets.valueOf(source)
    const token = this.#options.token()
    return token === undefined ? undefined : Buffer.from(token).toString('base64')
  }

  #observeProblems(changed: readonly string[]): void {
    const { decided } = this.#decisions
    for (const key of changed) {
      const pod = decided.get(key)
      if (pod !== undefined) this.#problems.observePod(pod.view, pod.decision.problems)
    }
  }

  #observeMesh(): void {
    const refused = [...meshProblems(this.#probe.summaries())].flatMap(([key, problem]) => {
      const pod = this.#decisions.decided.get(key)
      return pod === undefined ? [] : [[pod.view, problem] as const]
    })
    this.#problems.observeMesh(new Map(refused))
  }

  #passStatuses(): void {
    for (const [key, view] of this.#decisions.profileTargets) {
      this.#problems.observeProfileTarget(view, this.#decisions.acceptance(key)?.accepted?.problems ?? [])
    }
    passStatuses(
      {
        decisions: this.#decisions,
        targetSet: this.#targetSet,
        actual: this.#actual,
        publisher: this.#publisher,
        writer: this.#writer,
        secrets: this.#secrets,
        probe: this.#probe,
        statuses: this.#statuses,
        settings: this.#options.settings,
        onDefect: (profileTarget, error) => this.#defects.note('status', error, { profileTarget }),
      },
      this.#now(),
    )
  }
}
