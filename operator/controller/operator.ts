import type { Registry } from 'prom-client'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import type { Lease } from '../../lib/kube/lease.ts'
import type { ListWatch } from '../../lib/kube/list-watch.ts'
import { runGroup } from '../../lib/lifecycle/run-group.ts'
import type { Logger } from '../../lib/log.ts'
import type { CollectorAddress, CollectorClient } from '../collector-client.ts'
import { collectorUrl } from '../collector-client.ts'
import { CollectorProbe } from '../collector-probe.ts'
import type { CredentialsProblem } from '../credentials/secret-answer.ts'
import { shardCredentials } from '../credentials/shard-credentials.ts'
import { TargetSecrets } from '../credentials/target-secrets.ts'
import { CredentialsWriter } from '../credentials/write-credentials.ts'
import { meshProblems } from '../events/mesh-problems.ts'
import { ProblemEvents } from '../events/problem-events.ts'
import { EventWriter } from '../events/write-events.ts'
import type { OperatorState } from '../pages/operator-state.ts'
import { ActualObjects } from '../shards/actual-objects.ts'
import type { MemberObservation } from '../shards/members.ts'
import { ScrapeConfigWriter } from '../shards/scrape-config-writer.ts'
import { profileTargetStatus } from '../status/profile-target-status.ts'
import { StatusWriter } from '../status/write-statuses.ts'
import { ownerOf } from '../targets/accept-profile-target.ts'
import type { CredentialSource, Drop, PlannedTarget } from '../targets/decision.ts'
import { limitTargets } from '../targets/limit-targets.ts'
import type { PodView } from '../targets/pod-view.ts'
import type { TargetSettings } from '../targets/settings.ts'
import { Decisions } from './decisions.ts'
import { createOperatorState } from './operator-view.ts'
import { isOwnPod, ownTokenKey, withOwnToken } from './own-token.ts'
import { PassLoop } from './pass-loop.ts'
import { Publisher } from './publisher.ts'
import { statusFacts, tallyOwners } from './status-facts.ts'
import { createWatches, ordinalOf, type StatefulSetView } from './watches.ts'

export interface OperatorOptions {
  readonly client: KubeClient
  readonly lease: Lease
  readonly collectorClient: CollectorClient
  readonly namespace: string
  readonly release: string
  readonly statefulSet: string
  readonly collectorsPort: number
  readonly collectorsScheme: 'http' | 'https'
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
  readonly sinceMs: number
  /** Whether the first plan was made. */
  isSettled: boolean
}

/** How long a first plan waits for Secrets that nobody answers for. */
const maxSecretsWaitMs = 10_000
/** Between two looks at all statuses and credentials. */
const statusPassMs = 1000

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
  readonly #publisher: Publisher
  readonly #writer: ScrapeConfigWriter
  readonly #secrets: TargetSecrets
  readonly #credentials: CredentialsWriter
  readonly #statuses: StatusWriter
  readonly #events: EventWriter
  readonly #problems: ProblemEvents
  readonly #probe: CollectorProbe
  readonly #watches: readonly ListWatch<unknown>[]
  readonly #loop: PassLoop
  readonly #collectorPods = new Map<number, PodView>()
  #statefulSet: StatefulSetView | undefined
  #targets: readonly PlannedTarget[] = []
  #laterDrops: ReadonlyMap<string, readonly Drop[]> = new Map()
  #isTargetsStale = true
  #leading: Leading | undefined
  readonly #shardsWithCredentials = new Set<number>()
  #statusPassMs = 0

  constructor(options: OperatorOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    const { client, namespace, release, logger, registry, lease } = options
    const isLeader = () => lease.isLeader()
    const wake = () => this.#loop.request()
    this.#loop = new PassLoop(async () => this.#pass(), { settleMs: 50, maxWaitMs: 1000 })
    this.#actual = new ActualObjects({ now: this.#now })
    this.#decisions = new Decisions({
      settings: options.settings,
      onDefect: (pod, error) => logger.error({ err: error, pod }, 'decide about a pod'),
    })
    this.#publisher = new Publisher({ release, actual: this.#actual, now: this.#now, registry })
    this.#writer = new ScrapeConfigWriter({
      client,
      namespace,
      release,
      actual: this.#actual,
      onWritten: wake,
      onOutranked: (epoch) => {
        logger.error({ epoch }, 'a ScrapeConfig is of a later epoch: another operator leads')
        lease.abandon({ outrankedBy: epoch })
      },
      ensureCredentials: (shard) => this.#ensureCredentials(shard, { keepsOthers: true }),
      isLeader,
      logger,
      registry,
    })
    this.#secrets = new TargetSecrets({
      client,
      serviceAccount: { namespace, name: `${release}-operator` },
      onChange: () => {
        this.#isTargetsStale = true
        wake()
      },
      logger,
      registry,
    })
    this.#credentials = new CredentialsWriter({
      client,
      namespace,
      release,
      epoch: () => this.#leading?.epoch ?? 0,
      logger,
      registry,
    })
    this.#statuses = new StatusWriter({ client, isLeader, logger, registry })
    this.#events = new EventWriter({ client, instance: options.instance, isLeader, logger, registry })
    this.#problems = new ProblemEvents({ writer: this.#events, isLeader, registry, now: this.#now })
    this.#probe = new CollectorProbe({
      client: options.collectorClient,
      collectors: () => this.collectors(),
      onChange: wake,
      logger,
      registry,
    })
    this.#watches = createWatches({
      ...options,
      onPod: ({ key, before, after }) => {
        if (after === undefined && before !== undefined) this.#problems.forget(before.uid)
        this.#decisions.setPod(key, after)
        wake()
      },
      onNamespace: ({ key, after }) => {
        this.#decisions.setNamespace(key, after)
        wake()
      },
      onProfileTarget: ({ key, before, after }) => {
        if (after === undefined && before !== undefined) {
          this.#statuses.forget(before)
          this.#problems.forget(before.uid)
        }
        this.#decisions.setProfileTarget(key, after)
        this.#isTargetsStale = true
        wake()
      },
      onScrapeConfig: ({ before, after }) => {
        const isNews = after === undefined ? true : this.#actual.observe(after)
        if (after === undefined && before !== undefined) this.#actual.remove(before.name, before.uid)
        if (isNews) wake()
      },
      onStatefulSet: ({ after }) => {
        this.#statefulSet = after
        wake()
      },
      onCollectorPod: ({ before, after }) => {
        const ordinal = ordinalOf(options.statefulSet, (after ?? before)?.name ?? '')
        if (ordinal === undefined) return
        if (after === undefined) this.#collectorPods.delete(ordinal)
        else this.#collectorPods.set(ordinal, after)
        wake()
      },
    })
  }

  /** Until the signal. Rejects where a part ends that should not. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { lease } = this.#options
    const onLeading = (epoch: number) => this.#beginLeading(epoch)
    const onLost = () => this.#endLeading()
    await runGroup(
      [
        ...this.#watches.map((watch) => watch.run.bind(watch)),
        (run) => lease.run({ ...run, onLeading, onLost }),
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
    const missing = this.#watches.filter((watch) => !watch.isSynced).map(({ kind }) => kind)
    return missing.length === 0 ? undefined : `no list of ${missing.join(', ')} yet`
  }

  /** A watch that brings nothing any more while the API server answers; nothing but a restart helps. */
  unhealthy(): string | undefined {
    const stuck = this.#watches.filter((watch) => watch.isStuck()).map(({ kind }) => kind)
    return stuck.length === 0 ? undefined : `the watch of ${stuck.join(', ')} is stuck`
  }

  /** Those whose pods have an address, whether Ready or not. */
  collectors(): CollectorAddress[] {
    const { collectorsPort, collectorsScheme } = this.#options
    return [...this.#collectorPods]
      .filter(([, { ip }]) => ip !== '')
      .map(([ordinal, { ip }]) => ({ ordinal, url: collectorUrl(ip, collectorsPort, collectorsScheme) }))
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
      laterDrops: () => this.#laterDrops,
      targets: () => this.#targets,
      holders: () => this.#actual.holders,
      objects: () => this.#actual.objects.values(),
      members: () => this.#publisher.members,
      collectorPods: () => this.#collectorPods,
      collectors: () => this.collectors(),
      lastAnswerMs: (ordinal) => this.#probe.lastAnswerMs(ordinal),
    })
  }

  #beginLeading(epoch: number): void {
    this.#leading = { epoch, sinceMs: this.#now(), isSettled: false }
    this.#statuses.forgetAll()
    this.#loop.request()
  }

  #endLeading(): void {
    this.#leading = undefined
    this.#writer.stop()
  }

  #pass(): void {
    if (this.notReady() !== undefined) return
    const changed = this.#decisions.refresh()
    this.#observeProblems(changed)
    if (changed.length > 0 || this.#isTargetsStale) this.#collectTargets()
    this.#publisher.observeMembers(this.#observeMembers(), { replicas: this.#statefulSet?.replicas ?? 0 })
    const leading = this.#leading
    if (leading === undefined || !this.#options.lease.isLeader()) return
    if (!leading.isSettled && !this.#settle(leading)) return
    this.#writer.publish(this.#publisher.plan(this.#targets), { epoch: leading.epoch })
    if (this.#now() - this.#statusPassMs < statusPassMs) return
    this.#statusPassMs = this.#now()
    this.#passCredentials()
    this.#observeMesh()
    this.#passStatuses()
  }

  /**
   * Before a leader's first plan: Secrets must have been read, or their targets would be taken away for nothing. And a
   * leader before it may have been moving targets that now nobody holds.
   */
  #settle(leading: Leading): boolean {
    if (this.#secrets.unread > 0 && this.#now() - leading.sinceMs < maxSecretsWaitMs) return false
    leading.isSettled = true
    if (this.#actual.objects.size > 0) {
      const longestSeconds = Math.max(0, ...this.#targets.map(({ job }) => job.longestSeconds))
      this.#actual.releaseUnheld(
        this.#targets.map(({ key }) => key),
        longestSeconds,
      )
    }
    return true
  }

  /** Every target that may be scraped: with credentials, within limits. */
  #collectTargets(): void {
    const { release, namespace, settings, token } = this.#options
    const hasToken = token() !== undefined
    const laterDrops = new Map<string, Drop[]>()
    const drop = (target: PlannedTarget, dropped: Drop) => {
      const pod = `${target.namespace}/${target.target.labels['pod'] ?? ''}`
      laterDrops.set(pod, [...(laterDrops.get(pod) ?? []), dropped])
    }
    const problems = this.#followSecrets()
    const targets: PlannedTarget[] = []
    for (const { view, decision } of this.#decisions.decided.values()) {
      const isOwn = hasToken && isOwnPod(view, { namespace, name: release })
      for (const target of decision.targets) {
        const problem = problems.get(keysOf(target.job.credentials))
        if (problem !== undefined) drop(target, credentialsDrop(target, problem))
        else targets.push(isOwn ? withOwnToken(target) : target)
      }
    }
    const limited = limitTargets(targets, {
      perNamespace: settings.limits.perNamespace.targets,
      maxTargetsOf: (owner) =>
        this.#decisions.acceptance(owner.slice('ProfileTarget/'.length))?.accepted?.maxTargets ?? 0,
    })
    for (const { planned, drop: dropped } of limited.dropped) drop(planned, dropped)
    this.#targets = limited.kept
    this.#laterDrops = laterDrops
    this.#isTargetsStale = false
  }

  /** Reads all that accepted ProfileTargets name. Returns why credentials that cannot be used cannot, by their keys. */
  #followSecrets(): Map<string, CredentialsProblem> {
    const lists = new Map<string, readonly CredentialSource[]>()
    for (const key of this.#decisions.profileTargets.keys()) {
      for (const { access } of this.#decisions.acceptance(key)?.accepted?.asks ?? []) {
        if (access.credentials.length > 0) lists.set(keysOf(access.credentials), access.credentials)
      }
    }
    this.#secrets.follow([...lists.values()].flat())
    const problems = new Map<string, CredentialsProblem>()
    for (const [key, list] of lists) {
      const problem = this.#secrets.problemOf(list)
      if (problem !== undefined) problems.set(key, problem)
    }
    return problems
  }

  #observeMembers(): MemberObservation[] {
    const ordinals = new Set([...this.#collectorPods.keys(), ...this.#publisher.members.keys()])
    return [...ordinals].map((ordinal) => {
      const pod = this.#collectorPods.get(ordinal)
      return {
        ordinal,
        isReady: pod?.isReady === true && !pod.isTerminating,
        lastAnswerMs: this.#probe.lastAnswerMs(ordinal),
      }
    })
  }

  /** Rotated values, and keys that no object needs any more, change no object: they are brought by themselves. */
  #passCredentials(): void {
    const isSettled = this.#writer.unwritten().length === 0
    for (const [shard, targets] of this.#publisher.shards) {
      const isNeeded = targets.some(({ job }) => job.credentials.length > 0)
      if (!isNeeded && !this.#shardsWithCredentials.has(shard)) continue
      this.#shardsWithCredentials.add(shard)
      this.#ensureCredentials(shard, { keepsOthers: !isSettled }).catch((error: Error) =>
        this.#options.logger.warn({ shard }, `bring credentials, will try again: ${error.message}`),
      )
    }
  }

  /** With `keepsOthers` also what the shard's objects refer to that are being replaced. */
  async #ensureCredentials(shard: number, options: { readonly keepsOthers: boolean }): Promise<void> {
    const { data, missingKeys, problem } = shardCredentials(
      this.#publisher.shards.get(shard) ?? [],
      (source) => this.#valueOf(source),
    )
    if (problem !== undefined) this.#options.logger.error({ shard }, problem)
    if (missingKeys.size > 0 && problem === undefined) {
      throw new Error(`write credentials of shard ${shard}: ${missingKeys.size} are not known yet`)
    }
    await this.#credentials.ensure(shard, data, options)
  }

  #valueOf(source: CredentialSource): string | undefined {
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
    if (this.#decisions.profileTargets.size === 0) return
    const nowMs = this.#now()
    const unwritten = new Set(this.#writer.unwritten())
    const written = new Set<PlannedTarget>()
    for (const object of this.#publisher.desired.values()) {
      if (!unwritten.has(object.name)) for (const target of object.targets) written.add(target)
    }
    const tallies = tallyOwners({
      decided: this.#decisions.decided.values(),
      laterDrops: this.#laterDrops,
      shards: this.#publisher.shards,
      isWritten: (target) => written.has(target),
    })
    const health = this.#probe.summaries()
    const unreachable = this.#probe.unreachable()
    for (const [key, view] of this.#decisions.profileTargets) {
      const acceptance = this.#decisions.acceptance(key)!
      this.#problems.observeProfileTarget(view, acceptance.accepted?.problems ?? [])
      const sources = acceptance.accepted?.asks.flatMap(({ access }) => access.credentials) ?? []
      const facts = statusFacts(view, {
        acceptance,
        tally: tallies.get(ownerOf(view)),
        credentials: this.#secrets.problemOf(sources),
        isSuspended: this.#options.settings.suspend,
        writeError: this.#publisher.canAssign ? undefined : 'no collector is Ready',
        health,
        unreachable,
        previous: view.status,
        nowMs,
      })
      this.#statuses.set(view, profileTargetStatus(facts), { current: view.status })
    }
  }
}

function credentialsDrop({ job, group, target }: PlannedTarget, { code, message }: CredentialsProblem): Drop {
  return {
    owner: job.spec.owner,
    port: target.address.slice(target.address.lastIndexOf(':') + 1),
    container: group.labels['container'] ?? '',
    profileType: '',
    code: 'NotAccepted',
    reason: `${code}: ${message}`,
  }
}

function keysOf(sources: readonly CredentialSource[]): string {
  return sources.map(({ key }) => key).join()
}
