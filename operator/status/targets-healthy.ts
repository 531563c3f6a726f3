import { maxSampleErrors, type SampleError, type TargetsHealthyReason } from '../api/profile-target-status.ts'
import type { OwnerHealth } from '../collector-health.ts'
import { counted, type Finding } from './finding.ts'

export interface HealthFacts {
  /** Processes, however many types are scraped of each. */
  readonly targets: number
  /** Ordinals of the collectors that have them. */
  readonly shards: ReadonlySet<number>
  /** What collectors say of them, and of nobody else's. */
  readonly health: readonly OwnerHealth[]
  readonly unreachable: readonly { readonly ordinal: number; readonly reason: string }[]
}

export interface OwnerHealthFinding {
  readonly finding: Finding<TargetsHealthyReason>
  readonly unhealthy: number
  readonly sampleErrors: readonly SampleError[]
}

/** Whether the last scrapes went well, as the collectors say. */
export function targetsHealthy(facts: HealthFacts): OwnerHealthFinding {
  const { targets, shards, health: owners } = facts
  if (targets === 0) {
    return {
      finding: { status: 'Unknown', reason: 'NoTargets', message: 'there is nothing to scrape' },
      unhealthy: 0,
      sampleErrors: [],
    }
  }
  const known = owners.reduce((sum, { targets }) => sum + targets, 0)
  // A target that moved away a moment ago may still be in the last word of the collector that had it.
  const unhealthy = Math.min(
    targets,
    owners.reduce((sum, { unhealthy }) => sum + unhealthy, 0),
  )
  const sampleErrors = sampleErrorsOf(owners)
  const silent = facts.unreachable.filter(({ ordinal }) => shards.has(ordinal))
  return { finding: judge({ targets, known, unhealthy, sampleErrors, silent }), unhealthy, sampleErrors }
}

function judge(seen: {
  readonly targets: number
  readonly known: number
  readonly unhealthy: number
  readonly sampleErrors: readonly SampleError[]
  readonly silent: readonly { readonly ordinal: number; readonly reason: string }[]
}): Finding<TargetsHealthyReason> {
  const { targets, known, unhealthy, sampleErrors, silent } = seen
  if (unhealthy > 0) {
    const [worst] = sampleErrors
    const why = worst === undefined ? '' : `; pod ${JSON.stringify(worst.pod)}: ${worst.message}`
    const message = `${unhealthy} of ${counted(targets, 'target')} ${unhealthy === 1 ? 'fails' : 'fail'}${why}`
    return { status: 'False', reason: 'SomeFailing', message }
  }
  const [first] = silent
  if (first !== undefined) {
    const names = silent.map(({ ordinal }) => ordinal).sort((a, b) => a - b)
    const who = silent.length === 1 ? `collector ${names[0]} does` : `collectors ${names.join(', ')} do`
    return {
      status: 'Unknown',
      reason: 'CollectorsUnreachable',
      message: `${who} not answer the operator: ${first.reason}`,
    }
  }
  if (known === 0) {
    return { status: 'Unknown', reason: 'Unknown', message: 'no collector has spoken of these targets yet' }
  }
  return { status: 'True', reason: 'AllHealthy', message: `${counted(targets, 'target')}, none fails` }
}

/** One of each kind: meshes first, then what most targets have, and the same ones each time. */
function sampleErrorsOf(owners: readonly OwnerHealth[]): SampleError[] {
  const kinds = new Map<string, Kind>()
  for (const { endpoint, errors } of owners) {
    for (const { pod, container, profileType, health, reason, remedy, count } of errors) {
      const key = `${endpoint}\n${health}`
      const sample = {
        endpoint,
        pod,
        container,
        health,
        message: remedy === '' ? reason : `${reason}; ${remedy}`,
      }
      const kind = kinds.get(key)
      if (kind === undefined) kinds.set(key, { sample, types: new Set([profileType]), count })
      else {
        kind.count += count
        kind.types.add(profileType)
        if (pod < kind.sample.pod) kind.sample = sample
      }
    }
  }
  return [...kinds.values()]
    .sort((a, b) => rankOf(b) - rankOf(a) || b.count - a.count || compare(a.sample.health, b.sample.health))
    .slice(0, maxSampleErrors)
    .map(({ sample, types, count }) => ({
      endpoint: sample.endpoint,
      pod: sample.pod,
      ...(types.size === 1 ? { profileType: [...types][0]! } : {}),
      health: sample.health,
      message: cut(
        sample.container === ''
          ? `${sample.health}: ${sample.message}`
          : `container ${JSON.stringify(sample.container)}: ${sample.health}: ${sample.message}`,
        maxMessageLength,
      ),
      ...(count > 0 ? { count } : {}),
    }))
}

interface Kind {
  sample: {
    readonly endpoint: string
    readonly pod: string
    readonly container: string
    readonly health: string
    readonly message: string
  }
  readonly types: Set<string>
  count: number
}

/** A mesh is the reason for whatever else goes wrong there, and only people can open it. */
function rankOf({ sample }: Kind): number {
  return sample.health === 'mesh-blocked' ? 1 : 0
}

const maxMessageLength = 1024

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
