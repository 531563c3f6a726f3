import type { CollectorAddress, CollectorClient } from '../collector-client.ts'
import type { CredentialsProblem } from '../credentials/secret-answer.ts'
import type {
  MemberState,
  OperatorState,
  PodScrapes,
  PodState,
  ProfileTargetState,
} from '../pages/operator-state.ts'
import { readPodScrapes } from '../pages/read-pod-scrapes.ts'
import type { Member } from '../shards/members.ts'
import type { ActualObject } from '../shards/plan-objects.ts'
import { keysOf } from '../shards/plan-objects.ts'
import type { Acceptance } from '../targets/accept-profile-target.ts'
import type { CredentialSource, Drop, PlannedTarget } from '../targets/decision.ts'
import type { PodView } from '../targets/pod-view.ts'
import type { DecidedPod, Decisions } from './decisions.ts'

/** What the pages show, looked up in what the operator knows at that moment. */
export interface OperatorFacts {
  readonly release: string
  readonly namespace: string
  readonly decisions: Decisions
  notReady(): string | undefined
  laterDrops(): ReadonlyMap<string, readonly Drop[]>
  /** Those that are to be scraped. */
  targets(): readonly PlannedTarget[]
  credentialsProblem(sources: readonly CredentialSource[]): CredentialsProblem | undefined
  holders(): ReadonlyMap<string, readonly number[]>
  objects(): Iterable<ActualObject>
  members(): ReadonlyMap<number, Member>
  collectorPods(): ReadonlyMap<number, PodView>
  collectors(): readonly CollectorAddress[]
  lastAnswerMs(ordinal: number): number
  readonly collectorClient: CollectorClient
}

export function createOperatorState(facts: OperatorFacts): OperatorState {
  const { decisions, release, namespace } = facts
  const startAfter = createStartAfterIndex(facts)
  const podState = (decided: DecidedPod): PodState => {
    const { view, decision } = decided
    const later = facts.laterDrops().get(`${view.namespace}/${view.name}`) ?? []
    return {
      view,
      decision:
        later.length === 0
          ? decision
          : {
              targets: decision.targets.filter(({ key }) => facts.holders().has(key)),
              drops: [...decision.drops, ...later],
              problems: decision.problems,
              chain: [
                ...decision.chain,
                ...later.map(({ code, reason }) => `not scraped: ${code}: ${reason}`),
              ],
            },
      shardOf: (key) => facts.holders().get(key)?.at(-1),
      startAfterMs: (key) => startAfter(key),
    }
  }
  return {
    release,
    namespace,
    notReady: () => facts.notReady(),
    pod(namespace, name) {
      const decided = decisions.decided.get(`${namespace}/${name}`)
      return decided === undefined ? undefined : podState(decided)
    },
    *pods(namespace) {
      for (const decided of decisions.decided.values()) {
        if (namespace === undefined || decided.view.namespace === namespace) yield podState(decided)
      }
    },
    *profileTargets() {
      const counts = countByOwner(facts.targets())
      for (const [key, { namespace, name }] of decisions.profileTargets) {
        const state: ProfileTargetState = {
          namespace,
          name,
          ...acceptedOf(decisions.acceptance(key)!, facts),
          ...(counts.get(`ProfileTarget/${key}`) ?? { pods: 0, targets: 0 }),
        }
        yield state
      }
    },
    members() {
      const counts = new Map<number, number>()
      for (const shards of facts.holders().values()) {
        for (const shard of shards) counts.set(shard, (counts.get(shard) ?? 0) + 1)
      }
      const ordinals = new Set([...facts.members().keys(), ...facts.collectorPods().keys()])
      return [...ordinals]
        .sort((a, b) => a - b)
        .map((ordinal): MemberState => {
          const pod = facts.collectorPods().get(ordinal)
          return {
            ordinal,
            pod: pod?.name ?? '',
            isReady: pod?.isReady ?? false,
            lastAnswerMs: facts.lastAnswerMs(ordinal),
            targets: counts.get(ordinal) ?? 0,
          }
        })
    },
    scrapesOf(pod, options): Promise<PodScrapes> {
      const shards = new Set(pod.decision.targets.flatMap(({ key }) => [...(facts.holders().get(key) ?? [])]))
      const collectors = facts.collectors().filter(({ ordinal }) => shards.has(ordinal))
      return readPodScrapes(pod.view, collectors, { client: facts.collectorClient, signal: options.signal })
    },
  }
}

/** As the condition Accepted says it. */
function acceptedOf(
  acceptance: Acceptance,
  { credentialsProblem }: OperatorFacts,
): Pick<ProfileTargetState, 'isAccepted' | 'acceptedReason' | 'message'> {
  const { accepted } = acceptance
  if (accepted === undefined) {
    return { isAccepted: false, acceptedReason: acceptance.reason, message: acceptance.message }
  }
  const problem = credentialsProblem(accepted.asks.flatMap(({ access }) => access.credentials))
  return problem === undefined
    ? { isAccepted: true, acceptedReason: 'Accepted', message: '' }
    : { isAccepted: false, acceptedReason: problem.code, message: problem.message }
}

/** The few targets that wait, made anew at most once a second: a page asks for each of thousands. */
function createStartAfterIndex({ objects }: OperatorFacts): (key: string) => number | undefined {
  let index = new Map<string, number>()
  let madeMs = Number.NEGATIVE_INFINITY
  return (key) => {
    if (performance.now() - madeMs > 1000) {
      madeMs = performance.now()
      index = new Map()
      for (const { spec } of objects()) {
        const keys = keysOf(spec)
        for (const [i, { startAfterMs }] of spec.groups.flatMap(({ targets }) => targets).entries()) {
          if (startAfterMs !== undefined) index.set(keys[i]!, startAfterMs)
        }
      }
    }
    return index.get(key)
  }
}

function countByOwner(targets: readonly PlannedTarget[]): Map<string, { pods: number; targets: number }> {
  const uids = new Map<string, Set<string>>()
  const counts = new Map<string, { pods: number; targets: number }>()
  for (const { job, target } of targets) {
    const { owner } = job.spec
    const count = counts.get(owner) ?? { pods: 0, targets: 0 }
    const seen = uids.get(owner) ?? new Set()
    seen.add(target.uid)
    uids.set(owner, seen)
    counts.set(owner, { pods: seen.size, targets: count.targets + 1 })
  }
  return counts
}
