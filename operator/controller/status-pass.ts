import type { ProfileTargetStatus } from '../api/profile-target-status.ts'
import type { ProfileTargetView } from '../api/read-profile-target.ts'
import type { CollectorProbe } from '../collector-probe.ts'
import type { TargetSecrets } from '../credentials/target-secrets.ts'
import type { ActualObjects } from '../shards/actual-objects.ts'
import type { ScrapeConfigWriter } from '../shards/scrape-config-writer.ts'
import { profileTargetStatus } from '../status/profile-target-status.ts'
import type { StatusWriter } from '../status/write-statuses.ts'
import { ownerOf } from '../targets/accept-profile-target.ts'
import type { Owner, PlannedTarget } from '../targets/decision.ts'
import type { TargetSettings } from '../targets/settings.ts'
import type { Decisions } from './decisions.ts'
import type { Publisher } from './publisher.ts'
import { statusFacts, tallyOwners } from './status-facts.ts'
import type { TargetSet } from './target-set.ts'

export interface StatusPassOptions {
  readonly decisions: Pick<Decisions, 'decided' | 'profileTargets' | 'acceptance'>
  readonly targetSet: Pick<TargetSet, 'targets' | 'laterDrops'>
  readonly actual: Pick<ActualObjects, 'holders'>
  readonly publisher: Pick<Publisher, 'desired' | 'canAssign'>
  readonly writer: Pick<ScrapeConfigWriter, 'unwritten' | 'failures'>
  readonly secrets: Pick<TargetSecrets, 'problemOf'>
  readonly probe: Pick<CollectorProbe, 'summaries' | 'unreachable'>
  readonly statuses: Pick<StatusWriter, 'set' | 'wanted'>
  readonly settings: TargetSettings
  /** One that could not be made, which is a defect of ours: the others are. */
  readonly onDefect: (profileTarget: string, error: unknown) => void
}

/** The status of every ProfileTarget, from all that is known now; what is the same is not written again. */
export function passStatuses(options: StatusPassOptions, nowMs: number): void {
  const { decisions, targetSet, actual, publisher, writer, secrets, probe, statuses } = options
  if (decisions.profileTargets.size === 0) return
  const tallies = tallyOwners({
    decided: decisions.decided.values(),
    laterDrops: targetSet.laterDrops,
    targets: targetSet.targets,
    holders: actual.holders,
    isWritten: isWrittenBy(options),
  })
  const failures = writer.failures()
  const writeErrorOf = (owner: Owner) => (publisher.canAssign ? failures.get(owner) : 'no collector is Ready')
  const health = Map.groupBy(
    probe.summaries().flatMap(({ owners }) => owners),
    ({ owner }) => owner,
  )
  const unreachable = probe.unreachable()
  const statusOf = (key: string, view: ProfileTargetView): ProfileTargetStatus => {
    const owner = ownerOf(view)
    const acceptance = decisions.acceptance(key)!
    const sources = acceptance.accepted?.asks.flatMap(({ access }) => access.credentials) ?? []
    const facts = statusFacts(view, {
      acceptance,
      tally: tallies.get(owner),
      credentials: secrets.problemOf(sources),
      isSuspended: options.settings.suspend,
      writeError: writeErrorOf(owner),
      health: health.get(owner) ?? [],
      unreachable,
      // Its own of a second ago before what the object holds: times must not move as long as that is on its way.
      previous: statuses.wanted(view) ?? view.status,
      nowMs,
    })
    return profileTargetStatus(facts)
  }
  for (const [key, view] of decisions.profileTargets) {
    try {
      statuses.set(view, statusOf(key, view), { current: view.status })
    } catch (error) {
      options.onDefect(key, error)
    }
  }
}

function isWrittenBy({ publisher, writer }: StatusPassOptions): (target: PlannedTarget) => boolean {
  const unwritten = new Set(writer.unwritten())
  const written = new Set<PlannedTarget>()
  for (const { name, targets } of publisher.desired.values()) {
    if (!unwritten.has(name)) for (const target of targets) written.add(target)
  }
  return (target) => written.has(target)
}
