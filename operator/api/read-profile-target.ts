import { checkProfileTarget } from './check-profile-target.ts'
import type { ProfileTargetSpec } from './profile-target.ts'
import { type ProfileTargetStatus, profileTargetStatus } from './profile-target-status.ts'

/** What the operator keeps of a ProfileTarget. */
export interface ProfileTargetView {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  /** Unix ms: the older one wins. */
  readonly createdMs: number
  /** With its defaults; undefined where there are problems. */
  readonly spec: ProfileTargetSpec | undefined
  /** One line each, with the field, what was seen and what is wanted. */
  readonly problems: readonly string[]
  /** As it was when this was read; undefined where there is none that reads. */
  readonly status: ProfileTargetStatus | undefined
}

/** Of an object as a list or a watch has it; undefined where it is none of the API server's. Never throws. */
export function readProfileTarget(object: unknown): ProfileTargetView | undefined {
  if (!isRecord(object) || !isRecord(object['metadata'])) return undefined
  const { namespace, name, uid, generation, creationTimestamp } = object['metadata']
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return undefined
  const createdMs = typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : Number.NaN
  const checked = checkProfileTarget(object['spec'])
  return {
    namespace,
    name,
    uid,
    generation: typeof generation === 'number' ? generation : 0,
    createdMs: Number.isNaN(createdMs) ? 0 : createdMs,
    spec: 'spec' in checked ? normalise(checked.spec) : undefined,
    problems: 'problems' in checked ? checked.problems : [],
    status: profileTargetStatus.safeParse(object['status']).data,
  }
}

/** Whether the same is to be decided of both: a write of the status, and of labels and annotations, changes nothing. */
export function isSameProfileTarget(a: ProfileTargetView, b: ProfileTargetView): boolean {
  return a.uid === b.uid && a.generation === b.generation
}

/** One form for what can be written in two: `tlsConfig` becomes `tls`, `profile` becomes `cpu`, an empty namespaceSelector none. */
function normalise({ namespaceSelector, endpoints, ...spec }: ProfileTargetSpec): ProfileTargetSpec {
  const { any, matchNames = [], matchLabels = {}, matchExpressions = [] } = namespaceSelector ?? {}
  const isOwn =
    any !== true &&
    matchNames.length === 0 &&
    Object.keys(matchLabels).length === 0 &&
    matchExpressions.length === 0
  return {
    ...spec,
    ...(namespaceSelector !== undefined && !isOwn && { namespaceSelector }),
    endpoints: endpoints.map(({ tls, tlsConfig, profiles, ...endpoint }) => {
      const one = tls ?? tlsConfig
      return {
        ...endpoint,
        ...(one !== undefined && { tls: one }),
        ...(profiles !== undefined && {
          profiles: profiles.map((profile) =>
            profile.type === 'profile' ? { ...profile, type: 'cpu' } : profile,
          ),
        }),
      }
    }),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
