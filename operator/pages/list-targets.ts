import type { Drop } from '../targets/decision.ts'
import type { OperatorState, PodState } from './operator-state.ts'

export interface TargetsFilter {
  readonly namespace?: string | undefined
  /** A part of the pod's name. */
  readonly pod?: string | undefined
  readonly offset: number
  /** Of each list. */
  readonly limit: number
}

/** GET /api/v1/targets of the operator. */
export interface TargetList {
  /** What is still missing, in words. */
  readonly notReady?: string
  readonly counts: TargetCounts
  /** Of all, whatever the filter says, by name. */
  readonly namespaces: readonly (TargetCounts & { readonly namespace: string })[]
  readonly activeTargets: readonly ActiveTarget[]
  readonly droppedTargets: readonly DroppedTarget[]
  /** Matches of the filter; `offset` and `limit` show some of them. */
  readonly activeTotal: number
  readonly droppedTotal: number
}

export interface TargetCounts {
  readonly pods: number
  readonly active: number
  readonly dropped: number
}

interface PodName {
  readonly namespace: string
  readonly pod: string
  readonly workload: string
}

export interface ActiveTarget extends PodName {
  readonly container: string
  readonly address: string
  readonly pathPrefix: string
  readonly owner: string
  readonly endpoint: string
  readonly profileTypes: readonly string[]
  /** Ordinal of the collector; null until one has it. */
  readonly shard: number | null
  /** Unix ms until which the collector waits for the one that had it; null where it does not. */
  readonly startAfter: number | null
  /** Name of the mesh that its pod is in; "" for none. */
  readonly mesh: string
}

export interface DroppedTarget extends PodName, Drop {}

/** Active and dropped targets of pods that somebody wants scraped, sorted by namespace and pod. */
export function listTargets(state: OperatorState, filter: TargetsFilter): TargetList {
  const namespaces = new Map<string, { pods: number; active: number; dropped: number }>()
  const matching: PodState[] = []
  for (const pod of state.pods()) {
    const { view, decision } = pod
    const counts = namespaces.get(view.namespace) ?? { pods: 0, active: 0, dropped: 0 }
    namespaces.set(view.namespace, counts)
    counts.pods++
    counts.active += decision.targets.length
    counts.dropped += decision.drops.length
    if (matches(pod, filter)) matching.push(pod)
  }
  matching.sort((a, b) => compare(a.view.namespace, b.view.namespace) || compare(a.view.name, b.view.name))
  const active = new Page<ActiveTarget>(filter)
  const dropped = new Page<DroppedTarget>(filter)
  for (const pod of matching) {
    for (const target of pod.decision.targets) active.add(() => activeTarget(pod, target))
    for (const drop of pod.decision.drops) dropped.add(() => ({ ...nameOf(pod), ...drop }))
  }
  const counts = { pods: 0, active: 0, dropped: 0 }
  for (const each of namespaces.values()) {
    counts.pods += each.pods
    counts.active += each.active
    counts.dropped += each.dropped
  }
  const notReady = state.notReady()
  return {
    ...(notReady === undefined ? {} : { notReady }),
    counts,
    namespaces: [...namespaces]
      .sort(([a], [b]) => compare(a, b))
      .map(([namespace, counts]) => ({ namespace, ...counts })),
    activeTargets: active.items,
    droppedTargets: dropped.items,
    activeTotal: active.total,
    droppedTotal: dropped.total,
  }
}

export function activeTarget(pod: PodState, target: PodState['decision']['targets'][number]): ActiveTarget {
  const { job, group, key } = target
  return {
    ...nameOf(pod),
    container: target.target.labels['container'] ?? group.labels['container'] ?? '',
    address: target.target.address,
    pathPrefix: job.spec.pathPrefix,
    owner: job.spec.owner,
    endpoint: job.spec.endpoint ?? '',
    profileTypes: job.spec.profiles.map(({ type }) => type),
    shard: pod.shardOf(key) ?? null,
    startAfter: pod.startAfterMs(key) ?? null,
    mesh: group.mesh?.name ?? '',
  }
}

/** Makes only what is shown. */
class Page<Item> {
  readonly items: Item[] = []
  readonly #from: number
  readonly #to: number
  #total = 0

  constructor({ offset, limit }: TargetsFilter) {
    this.#from = offset
    this.#to = offset + limit
  }

  get total(): number {
    return this.#total
  }

  add(make: () => Item): void {
    if (this.#total >= this.#from && this.#total < this.#to) this.items.push(make())
    this.#total++
  }
}

function nameOf({ view }: PodState): PodName {
  const { kind, name } = view.workload
  return { namespace: view.namespace, pod: view.name, workload: `${kind}/${name}` }
}

function matches({ view, decision }: PodState, { namespace, pod }: TargetsFilter): boolean {
  return (
    decision.targets.length + decision.drops.length > 0 &&
    (namespace === undefined || view.namespace === namespace) &&
    (pod === undefined || view.name.includes(pod))
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
