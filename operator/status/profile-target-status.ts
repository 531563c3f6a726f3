import {
  type AcceptedReason,
  acceptedReasons,
  type Condition,
  type ConditionType,
  type ProfileTargetStatus,
  type ReadyReason,
  readyReasons,
  targetsFoundReasons,
  targetsHealthyReasons,
} from '../api/profile-target-status.ts'
import type { CredentialsProblem } from '../credentials/secret-answer.ts'
import { counted, type Finding } from './finding.ts'
import { type SelectionFacts, targetsFound } from './targets-found.ts'
import { type HealthFacts, targetsHealthy } from './targets-healthy.ts'

/** All that is known of one ProfileTarget now. */
export interface ProfileTargetFacts extends SelectionFacts, HealthFacts {
  readonly generation: number
  /** Why the spec cannot be followed; undefined where it can. */
  readonly refusal: { readonly reason: AcceptedReason; readonly message: string } | undefined
  /** Who stopped it, such as `spec.suspend is true`; undefined where nobody did. */
  readonly suspendedBy: string | undefined
  readonly credentials: CredentialsProblem | undefined
  /** Of its targets, those whose ScrapeConfigs are not yet written as they should be. */
  readonly pendingWrites: number
  /** Of the last attempt to write them; undefined where it worked. */
  readonly writeError: string | undefined
  /** As the object holds it. */
  readonly previous: ProfileTargetStatus | undefined
  readonly nowMs: number
}

/**
 * What people and tools read of a ProfileTarget. Equal facts give an equal status: times change only where a
 * condition's `status` does, so that what is the same need not be written.
 */
export function profileTargetStatus(facts: ProfileTargetFacts): ProfileTargetStatus {
  const accepted = acceptedOf(facts)
  // A Secret that cannot be used stops the endpoints that need it, and not the others.
  const isFollowed = facts.refusal === undefined && facts.suspendedBy === undefined
  const healthy = targetsHealthy(facts)
  const findings: Record<ConditionType, Finding> = {
    Accepted: accepted,
    TargetsFound: isFollowed ? targetsFound(facts) : notLookedAt(accepted),
    Ready: readyOf(facts, accepted),
    TargetsHealthy: isFollowed ? healthy.finding : notLookedAt(accepted),
  }
  const types = Object.keys(findings) as ConditionType[]
  return {
    observedGeneration: facts.generation,
    conditions: types.map((type) => conditionOf(type, findings[type], facts)),
    targets: isFollowed ? facts.targets : 0,
    unhealthy: isFollowed ? healthy.unhealthy : 0,
    reason: mainReason(findings),
    sampleErrors: isFollowed ? [...healthy.sampleErrors] : [],
  }
}

function acceptedOf(facts: ProfileTargetFacts): Finding<AcceptedReason> {
  const { refusal, suspendedBy, credentials } = facts
  if (refusal !== undefined) return { status: 'False', ...refusal }
  if (suspendedBy !== undefined) {
    // As it was meant to be, so whoever waits for it need not.
    return { status: 'True', reason: 'Suspended', message: `nothing is scraped: ${suspendedBy}` }
  }
  if (credentials !== undefined) {
    const { code, message } = credentials
    return { status: code === 'SecretUnread' ? 'Unknown' : 'False', reason: code, message }
  }
  return { status: 'True', reason: 'Accepted', message: 'the spec can be followed' }
}

/** Not health: whoever waits for it must not hang on a sick pod, nor on a workload of zero replicas. */
function readyOf({ pendingWrites, writeError }: ProfileTargetFacts, accepted: Finding): Finding<ReadyReason> {
  if (accepted.status !== 'True') {
    return { status: 'False', reason: 'NotAccepted', message: `${accepted.reason}: ${accepted.message}` }
  }
  if (pendingWrites > 0) {
    const why = writeError === undefined ? '' : `: ${writeError}`
    const message = `${counted(pendingWrites, 'target')} not written to collectors yet${why}`
    return { status: 'False', reason: 'WritePending', message }
  }
  return { status: 'True', reason: 'Ready', message: 'accepted, and the collectors have it' }
}

function notLookedAt({ status, reason, message }: Finding): Finding {
  return { status: 'Unknown', reason: status === 'True' ? reason : 'NotAccepted', message }
}

function conditionOf(type: ConditionType, finding: Finding, facts: ProfileTargetFacts): Condition {
  const before = facts.previous?.conditions?.find((condition) => condition.type === type)
  const isSame = before !== undefined && before.status === finding.status && before.lastTransitionTime !== ''
  return {
    type,
    status: finding.status,
    observedGeneration: facts.generation,
    lastTransitionTime: isSame
      ? before.lastTransitionTime
      : new Date(facts.nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    reason: finding.reason,
    message: finding.message.slice(0, maxMessageLength),
  }
}

/** The API allows 32 KiB; nobody reads that. */
const maxMessageLength = 4096

const goodReasons: Readonly<Record<ConditionType, string>> = {
  Accepted: acceptedReasons[0],
  TargetsFound: targetsFoundReasons[0],
  Ready: readyReasons[0],
  TargetsHealthy: targetsHealthyReasons[0],
}

/** Of the first condition that is not as it should be; that nothing was scraped yet is how it begins. */
function mainReason(findings: Readonly<Record<ConditionType, Finding>>): string {
  for (const [type, { reason }] of Object.entries(findings)) {
    if (reason !== goodReasons[type as ConditionType] && reason !== 'Unknown') return reason
  }
  return goodReasons.Ready
}
