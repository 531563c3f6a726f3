import type { ScrapeConfigJob, ScrapeConfigTarget } from '../../collector/config/scrape-config-resource.ts'
import type { SecretKeyRef } from '../api/profile-target.ts'

/** Where a target's settings come from: `annotations`, or `ProfileTarget/<namespace>/<name>`. */
export type Owner = string

/** One (pod UID, port, path prefix) with the settings of one owner: what a ScrapeConfig holds a line of. */
export interface PlannedTarget {
  /** `<pod uid>/<port><path prefix>`: what shards are chosen by; an owner's types stay with the others'. */
  readonly key: string
  readonly namespace: string
  readonly workload: string
  /** Of the pod, unix ms: the oldest stay where a limit binds. */
  readonly createdMs: number
  /** Equal settings are the same object, so that packing compares by identity. */
  readonly job: PlannedJob
  /** Hoisted: labels that all pods of the workload share, image and limits of the container, the mesh. */
  readonly group: PlannedGroup
  readonly target: Omit<ScrapeConfigTarget, 'startAfterMs'>
}

export interface PlannedJob {
  /** Of everything below; names the objects. 16 hex digits: with 8 a tenant could look for a spec with the hash of
   * another tenant's, and be scraped with its credentials. */
  readonly hash: string
  /** Without keys of credentials where a Secret could not be read: such a job makes no targets. */
  readonly spec: ScrapeConfigJob
  /** What each key of the credentials Secret is read from. */
  readonly credentials: readonly CredentialSource[]
}

export interface CredentialSource {
  /** In the shard's Secret. */
  readonly key: string
  readonly namespace: string
  readonly ref: SecretKeyRef
}

export interface PlannedGroup {
  readonly labels: Readonly<Record<string, string>>
  readonly image?: string
  readonly memoryLimitBytes?: number
  readonly cpuLimitMillicores?: number
  readonly mesh?: { readonly name: string; readonly remedy: string }
}

/** Why something that was meant to be scraped is not, or only in part. */
export interface Drop {
  readonly owner: Owner
  /** `8080`, `name`, or "" where it is about the pod. */
  readonly port: string
  readonly container: string
  /** "" where it is about all of them. */
  readonly profileType: string
  readonly code: DropCode
  /** One line for a person: what was seen, and what is wanted. */
  readonly reason: string
}

export const dropCodes = [
  'VetoedByPod',
  'VetoedByNamespace',
  'Suspended',
  'NotRunning',
  'NoIP',
  'Terminating',
  'InvalidAnnotation',
  'NoPort',
  'AmbiguousPort',
  'NoSuchPort',
  'NoSuchContainer',
  'PortOfInitContainer',
  'ProxyNotGuessed',
  'Conflict',
  'LimitReached',
  'NotAccepted',
  'NoProfiles',
  'MeshSkipped',
] as const
export type DropCode = (typeof dropCodes)[number]

/** Something a person wrote wrongly: becomes an Event, a metric and a line on /targets. */
export interface Problem {
  /** CamelCase, of the Event: `InvalidProfileAnnotation`, `ProfileTargetConflict`, `NoProfilePort`, … */
  readonly reason: string
  /** The annotation's key, or the field. */
  readonly key: string
  /** At most 128 characters of it. */
  readonly value: string
  /** Names the key, the value and what is accepted. */
  readonly note: string
}

/** Everything that is decided about one pod. */
export interface PodDecision {
  readonly targets: readonly PlannedTarget[]
  readonly drops: readonly Drop[]
  readonly problems: readonly Problem[]
  /** In order, one line each, how it came about: what `conprof check pod` prints. */
  readonly chain: readonly string[]
}
