import type { ProfileTargetView } from '../api/read-profile-target.ts'
import type { CredentialsProblem } from '../credentials/secret-answer.ts'
import { describeSelector, describeWhere } from '../status/describe-selector.ts'
import type { ProfileTargetFacts } from '../status/profile-target-status.ts'
import type { PodDrop } from '../status/targets-found.ts'
import type { Acceptance } from '../targets/accept-profile-target.ts'
import type { Drop, Owner, PlannedTarget } from '../targets/decision.ts'
import type { DecidedPod } from './decisions.ts'

/** What is known of the targets of one owner, gathered in one walk over all pods. */
export interface OwnerTally {
  podsSelected: number
  readonly activePods: Set<string>
  targets: number
  pendingWrites: number
  readonly shards: Set<number>
  readonly drops: PodDrop[]
}

export interface TallyInput {
  readonly decided: Iterable<DecidedPod>
  /** Of targets that were decided and are not to be: beyond a limit, without credentials. By the pod's `namespace/name`. */
  readonly laterDrops: ReadonlyMap<string, readonly Drop[]>
  /** Those that are to be scraped. */
  readonly targets: readonly PlannedTarget[]
  /** Who has them now, by key. */
  readonly holders: ReadonlyMap<string, readonly number[]>
  /** Whether the collector that is to know of a target does. */
  readonly isWritten: (target: PlannedTarget) => boolean
}

/** By owner, for ProfileTargets alone: annotations have no status. */
export function tallyOwners(input: TallyInput): Map<Owner, OwnerTally> {
  const { decided, laterDrops, targets, holders, isWritten } = input
  const tallies = new Map<Owner, OwnerTally>()
  const tallyOf = (owner: Owner): OwnerTally => {
    let tally = tallies.get(owner)
    if (tally === undefined) {
      const none = { podsSelected: 0, targets: 0, pendingWrites: 0 }
      tally = { ...none, activePods: new Set(), shards: new Set(), drops: [] }
      tallies.set(owner, tally)
    }
    return tally
  }
  for (const { view, decision, selectedBy } of decided) {
    if (selectedBy.length === 0) continue
    for (const name of selectedBy) tallyOf(`ProfileTarget/${name}`).podsSelected++
    const later = laterDrops.get(`${view.namespace}/${view.name}`) ?? []
    for (const drop of [...decision.drops, ...later]) {
      if (drop.owner.startsWith('ProfileTarget/')) tallyOf(drop.owner).drops.push({ pod: view.name, drop })
    }
  }
  for (const planned of targets) {
    const { owner } = planned.job.spec
    if (!owner.startsWith('ProfileTarget/')) continue
    const tally = tallyOf(owner)
    tally.targets++
    tally.activePods.add(planned.target.uid)
    for (const shard of holders.get(planned.key) ?? []) tally.shards.add(shard)
    if (!isWritten(planned)) tally.pendingWrites++
  }
  return tallies
}

/** Everything about one ProfileTarget that its status is made of. */
export function statusFacts(
  view: ProfileTargetView,
  known: {
    readonly acceptance: Acceptance
    readonly tally: OwnerTally | undefined
    readonly credentials: CredentialsProblem | undefined
    readonly isSuspended: boolean
    readonly writeError: string | undefined
  } & Pick<ProfileTargetFacts, 'health' | 'unreachable' | 'previous' | 'nowMs'>,
): ProfileTargetFacts {
  const { acceptance, tally, credentials, isSuspended, writeError } = known
  const refused = acceptance.accepted === undefined ? acceptance : undefined
  const suspendedBy =
    refused?.reason === 'Suspended'
      ? refused.message
      : isSuspended
        ? 'the operator suspends all scraping (suspend)'
        : undefined
  return {
    generation: view.generation,
    refusal: refused === undefined || refused.reason === 'Suspended' ? undefined : refused,
    suspendedBy,
    credentials,
    selector: view.spec === undefined ? '' : describeSelector(view.spec.selector),
    where: describeWhere(view.spec?.namespaceSelector, view.namespace),
    podsSelected: tally?.podsSelected ?? 0,
    podsActive: tally?.activePods.size ?? 0,
    targets: tally?.targets ?? 0,
    drops: tally?.drops ?? [],
    shards: tally?.shards ?? new Set(),
    pendingWrites: tally?.pendingWrites ?? 0,
    writeError,
    health: known.health,
    unreachable: known.unreachable,
    previous: known.previous,
    nowMs: known.nowMs,
  }
}
