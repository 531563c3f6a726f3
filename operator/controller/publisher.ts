import { Counter, Gauge, type Registry } from 'prom-client'
import type { ActualObjects } from '../shards/actual-objects.ts'
import { type Member, type MemberObservation, memberOrdinals, nextMembers } from '../shards/members.ts'
import { assignTargets, type DesiredObject, planObjects } from '../shards/plan-objects.ts'
import type { PlannedTarget } from '../targets/decision.ts'

export interface PublisherOptions {
  readonly release: string
  readonly actual: ActualObjects
  readonly now: () => number
  readonly registry: Registry
}

/** Which collector has which targets, and so which ScrapeConfigs there should be. Writes nothing itself. */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #moves: Counter
  readonly #shardTargets: Gauge<'shard'>
  #members: ReadonlyMap<number, Member> = new Map()
  #desired: ReadonlyMap<string, DesiredObject> = new Map()
  #shards: ReadonlyMap<number, readonly PlannedTarget[]> = new Map()
  #isSeeded = false

  constructor(options: PublisherOptions) {
    this.#options = options
    const registers = [options.registry]
    this.#moves = new Counter({
      name: 'conprof_operator_targets_moved_total',
      help: 'Targets that went from one collector to another.',
      registers,
    })
    this.#shardTargets = new Gauge({
      name: 'conprof_operator_shard_targets',
      help: 'Targets of each collector.',
      labelNames: ['shard'],
      registers,
    })
    const members = () => memberOrdinals(this.#members).length
    new Gauge({
      name: 'conprof_operator_members',
      help: 'Collectors that get targets.',
      registers,
      collect() {
        this.set(members())
      },
    })
  }

  get members(): ReadonlyMap<number, Member> {
    return this.#members
  }

  get desired(): ReadonlyMap<string, DesiredObject> {
    return this.#desired
  }

  get shards(): ReadonlyMap<number, readonly PlannedTarget[]> {
    return this.#shards
  }

  /**
   * What is seen of the collectors now. Returns whether others get targets than before. The first time, those that have
   * ScrapeConfigs are taken for alive, as nobody can say how long they have not been.
   */
  observeMembers(observed: readonly MemberObservation[], options: { readonly replicas: number }): boolean {
    const nowMs = this.#options.now()
    if (!this.#isSeeded) {
      this.#isSeeded = true
      const seeds = new Set([...this.#options.actual.objects.values()].map(({ spec }) => spec.shard))
      this.#members = new Map(
        [...seeds].map((ordinal) => [ordinal, { ordinal, isMember: true, lastAliveMs: nowMs }]),
      )
    }
    const before = memberOrdinals(this.#members).join()
    this.#members = nextMembers(this.#members, observed, { ...options, nowMs })
    return memberOrdinals(this.#members).join() !== before
  }

  /**
   * The objects as they should be now, by name. Without a member nothing is said: there is nobody to scrape, and what
   * is written may be scraped yet.
   */
  plan(targets: readonly PlannedTarget[]): ReadonlyMap<string, DesiredObject> | undefined {
    const { actual, release, now } = this.#options
    const members = memberOrdinals(this.#members)
    if (members.length === 0) return undefined
    actual.prune()
    this.#shards = assignTargets(targets, members)
    const desired = planObjects(this.#shards, {
      release,
      holders: actual.holders,
      releases: actual.releases,
      nowMs: now(),
      before: this.#desired,
    })
    this.#countTargets(desired)
    this.#desired = new Map(desired.map((object) => [object.name, object]))
    return this.#desired
  }

  #countTargets(desired: readonly DesiredObject[]): void {
    this.#shardTargets.reset()
    for (const [shard, { length }] of this.#shards) this.#shardTargets.set({ shard }, length)
    for (const object of desired) {
      const before = this.#desired.get(object.name)
      if (before === object) continue
      for (const { targets } of object.spec.groups) {
        for (const { startAfterMs } of targets) if (startAfterMs !== undefined) this.#moves.inc()
      }
    }
  }
}
