import type { TargetsFoundReason } from '../api/profile-target-status.ts'
import type { Drop, DropCode } from '../targets/decision.ts'
import { counted, type Finding } from './finding.ts'

export interface SelectionFacts {
  /** As people write it; "" for every pod. */
  readonly selector: string
  /** `namespace "shop"`, `all namespaces`. */
  readonly where: string
  readonly podsSelected: number
  /** Pods with at least one target of this ProfileTarget. */
  readonly podsActive: number
  /** Processes, however many types are scraped of each. */
  readonly targets: number
  readonly drops: readonly PodDrop[]
}

export interface PodDrop {
  readonly pod: string
  readonly drop: Drop
}

/** Whether the selector finds pods that can be scraped, and what keeps the others from it. */
export function targetsFound(facts: SelectionFacts): Finding<TargetsFoundReason> {
  const { podsSelected, podsActive, targets, drops } = facts
  if (podsSelected === 0) return noPodsMatch(facts)
  const telling = drops.filter(({ drop }) => !passing.has(drop.code))
  const lost = describeDrops(telling)
  if (targets === 0) {
    const shown = telling.length > 0 ? lost : describeDrops(drops)
    const found = `none of ${counted(podsSelected, 'pod')} can be scraped`
    return {
      status: 'False',
      reason: mainReason(telling.length > 0 ? telling : drops),
      message: shown === '' ? found : `${found}: ${shown}`,
    }
  }
  const found = `${counted(targets, 'target')} in ${podsActive} of ${counted(podsSelected, 'pod')}`
  // A limit or another owner that takes a part is for somebody to see, though the rest is scraped.
  const partial = telling.find(({ drop: { code } }) => code === 'LimitReached' || code === 'Conflict')
  return {
    status: 'True',
    reason: partial === undefined ? 'PodsSelected' : reasonOf[partial.drop.code],
    message: lost === '' ? found : `${found}; dropped: ${lost}`,
  }
}

function noPodsMatch({ selector, where }: SelectionFacts): Finding<TargetsFoundReason> {
  const what = selector === '' ? 'no pod is there' : `no pod matches ${selector}`
  const [, namespace] = /^namespace "(.*)"$/.exec(where) ?? []
  const scope = namespace === undefined ? '-A' : `-n ${namespace}`
  const compare = selector === '' ? '' : `; compare with: kubectl get pods ${scope} --show-labels`
  return { status: 'False', reason: 'NoPodsMatch', message: `${what} in ${where}${compare}` }
}

/** What goes by itself, and would only be noise beside a real reason. */
const passing: ReadonlySet<DropCode> = new Set(['NotRunning', 'NoIP', 'Terminating'])

const reasonOf: Readonly<Record<DropCode, TargetsFoundReason>> = {
  VetoedByPod: 'AllPodsOptedOut',
  VetoedByNamespace: 'AllPodsOptedOut',
  Suspended: 'Suspended',
  NotRunning: 'NoPodsRunning',
  NoIP: 'NoPodsRunning',
  Terminating: 'NoPodsRunning',
  // Of annotations alone, which are no ProfileTarget's.
  InvalidAnnotation: 'NoPortMatch',
  NoPort: 'NoPortMatch',
  AmbiguousPort: 'NoPortMatch',
  NoSuchPort: 'NoPortMatch',
  NoSuchContainer: 'NoPortMatch',
  PortOfInitContainer: 'NoPortMatch',
  ProxyNotGuessed: 'NoPortMatch',
  Conflict: 'Conflict',
  LimitReached: 'LimitReached',
  NotAccepted: 'NotAccepted',
  NoProfiles: 'NoProfiles',
  MeshSkipped: 'MeshSkipped',
}

/** The one that most drops have. */
function mainReason(drops: readonly PodDrop[]): TargetsFoundReason {
  const counts = new Map<TargetsFoundReason, number>()
  for (const { drop } of drops) counts.set(reasonOf[drop.code], (counts.get(reasonOf[drop.code]) ?? 0) + 1)
  const [most] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return most?.[0] ?? 'NoPodsRunning'
}

/** Each distinct reason once, the most frequent first, with a pod to look at. */
function describeDrops(drops: readonly PodDrop[]): string {
  const alike = new Map<string, { pods: Set<string>; types: Set<string>; reason: string }>()
  for (const { pod, drop } of drops) {
    const { reason, types } = splitTypes(drop)
    const found = alike.get(reason)
    if (found === undefined) alike.set(reason, { pods: new Set([pod]), types: new Set(types), reason })
    else {
      found.pods.add(pod)
      for (const type of types) found.types.add(type)
    }
  }
  const sorted = [...alike.values()].sort(
    (a, b) => b.pods.size - a.pods.size || (a.reason < b.reason ? -1 : 1),
  )
  const lines = sorted.slice(0, maxReasons).map(({ pods, types, reason }) => {
    // The same one each time, whatever order they come in: no write of the status without need.
    const first = [...pods].reduce((a, b) => (a < b ? a : b))
    const more = pods.size > 1 ? ` (and ${pods.size - 1} more)` : ''
    return `pod ${JSON.stringify(first)}${more}: ${[reason, [...types].sort().join(', ')].join(' ').trimEnd()}`
  })
  if (sorted.length > maxReasons) lines.push(`and ${counted(sorted.length - maxReasons, 'other reason')}`)
  return lines.join('; ')
}

/** Where a reason ends with the type that it is for, so do those of other types. */
function splitTypes({ reason, profileType }: Drop): { readonly reason: string; readonly types: string[] } {
  const isForType = profileType !== '' && reason.endsWith(` for ${profileType}`)
  return isForType
    ? { reason: reason.slice(0, -profileType.length - 1), types: [profileType] }
    : { reason, types: [] }
}

const maxReasons = 3
