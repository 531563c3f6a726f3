import { Counter, Gauge, type Registry } from 'prom-client'
import type { ActualObjects } from '../shards/actual-objects.ts'
import {
  isGathering,
  type Member,
  type MemberObservation,
  memberOrdinals,
  nextMembers,
} from '../shards/members.ts'
import { assignTargets, type DesiredObject, keepTargets, planObjects } from '../shards/plan-objects.ts'
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
  /** Since when there has been a member; undefined while there is none. */
  #sinceMs: number | undefined
  #canAssign = false

  constructor(options: PublisherOptions) {
    this.#options = options
    const registers = [options.registry]
    this.#moves = new Counter({
      name: 'conprof_operator_targets_moved_total',
      help: 'Targets that a collector got while another may have been scraping them yet.',
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

  /** Whether there are collectors that targets can be given to now. */
  get canAssign(): boolean {
    return this.#canAssign
  }

  /**
   * What is seen of the collectors now. The first time, those that have ScrapeConfigs are taken for alive, as nobody
   * can say how long they have not been.
   */
  observeMembers(observed: readonly MemberObservation[], options: { readonly replicas: number }): void {
    const { actual, now } = this.#options
    const nowMs = now()
    // Whether this process leads or not.
    actual.prune()
    if (!this.#isSeeded) {
      this.#isSeeded = true
      const seeds = new Set([...actual.objects.values()].map(({ spec }) => spec.shard))
      this.#members = new Map(
        [...seeds].map((ordinal) => [ordinal, { ordinal, isMember: true, lastAliveMs: nowMs }]),
      )
      // Who scrapes already waits for nobody.
      if (seeds.size > 0) this.#sinceMs = Number.NEGATIVE_INFINITY
    }
    const { replicas } = options
    this.#members = nextMembers(this.#members, observed, { replicas, nowMs })
    if (memberOrdinals(this.#members).length === 0) this.#sinceMs = undefined
    else this.#sinceMs ??= nowMs
    this.#canAssign =
      this.#sinceMs !== undefined && !isGathering(this.#members, { replicas, sinceMs: this.#sinceMs, nowMs })
    if (this.#canAssign) this.#sinceMs = Number.NEGATIVE_INFINITY
  }

  /** The objects as they should be now, by name. */
  plan(targets: readonly PlannedTarget[]): ReadonlyMap<string, DesiredObject> {
    const { actual, release, now } = this.#options
    this.#shards = this.#canAssign
      ? assignTargets(targets, memberOrdinals(this.#members))
      : keepTargets(targets, actual.holders)
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
    for (const { name, startAfterMs } of desired) {
      const before = this.#desired.get(name)?.startAfterMs
      for (const [key, ms] of startAfterMs) if (before?.get(key) !== ms) this.#moves.inc()
    }
  }
}
