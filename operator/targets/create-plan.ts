import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import type { Ask } from './ask.ts'
import { buildJob } from './build-job.ts'
import { addressOf, buildGroup, buildTarget } from './build-target.ts'
import type { Drop, DropCode, PlannedGroup, PlannedJob, PlannedTarget, Problem } from './decision.ts'
import { type FoundPort, findPorts } from './find-ports.ts'
import type { Interner } from './interner.ts'
import { detectMesh, remedyOf } from './mesh.ts'
import type { NamespaceView, PodView } from './pod-view.ts'
import { createProblem, quote } from './problem.ts'
import { writeShortDuration } from './short-duration.ts'

/** Takes a line of the chain; lazily, since nearly always nobody listens. */
export type Say = (line: () => string) => void

/** Makes equal settings identical; one for the life of the operator. */
export interface Interners {
  readonly jobs: Interner<PlannedJob>
  readonly groups: Interner<PlannedGroup>
}

/** What is won of one pod. */
export interface Plan {
  /** In order of precedence. `isOwnWish`: the pod itself asks, so what goes wrong is somebody's mistake. */
  add(ask: Ask, options?: { readonly isOwnWish?: boolean }): void
  finish(): {
    readonly targets: readonly PlannedTarget[]
    readonly drops: readonly Drop[]
    readonly problems: readonly Problem[]
  }
}

/** Claim by claim: whoever comes first with a (port, path, type) has it. */
export function createPlan(
  pod: PodView,
  context: { readonly namespace: NamespaceView | undefined; readonly interners: Interners },
  say: Say,
): Plan {
  const { interners } = context
  const mesh = detectMesh(pod, context.namespace)
  if (mesh !== undefined) say(() => `mesh: ${mesh}`)
  const drops: Drop[] = []
  const problems: Problem[] = []
  const winners = new Map<string, Ask>()
  /** The types of one owner that meet at a port are one target: two would only be written twice. */
  const parts = new Map<string, { ask: Ask; found: FoundPort; profiles: PprofTypeConfig[] }>()

  const drop = (
    ask: Ask,
    about: Pick<Drop, 'port' | 'code' | 'reason'> & Partial<Drop>,
    { inWords = about.reason }: { readonly inWords?: string } = {},
  ) => {
    say(() => `${nameOf(ask)}: dropped: ${about.code}: ${inWords}`)
    const { reason } = about
    drops.push({ owner: ask.owner, container: '', profileType: '', ...about, reason: reason.slice(0, 1000) })
  }

  const lose = (
    ask: Ask,
    found: FoundPort,
    to: { readonly winner: Ask; readonly types: readonly string[] },
  ) => {
    const { winner, types } = to
    const { port } = found
    const container = found.container?.name ?? ''
    const what = `port ${port} goes to ${nameOf(winner)}, ${whyBefore(winner, ask)}, for`
    say(() => `${nameOf(ask)}: dropped: Conflict: ${what} ${types.join(', ')}`)
    for (const profileType of types) {
      const reason = `${what} ${profileType}`
      drops.push({ owner: ask.owner, port: `${port}`, container, profileType, code: 'Conflict', reason })
    }
    // Annotations give way by design; two ProfileTargets that want the same are somebody's mistake.
    if (ask.endpoint === undefined) return
    const value = `${port} ${types.join(',')}`
    const note = `${nameOf(ask)}: ${what} ${types.join(', ')}: where both select a pod, change the selector, port or profiles of one`
    problems.push(createProblem({ reason: 'ProfileTargetConflict', key: ask.owner, value, note }))
  }

  const claim = (ask: Ask, found: FoundPort) => {
    const won: PprofTypeConfig[] = []
    const lost = new Map<Ask, string[]>()
    for (const profile of ask.profiles) {
      const key = `${found.port}${ask.pathPrefix}${profile.path} ${profile.type}`
      const winner = winners.get(key)
      if (winner === undefined) {
        winners.set(key, ask)
        won.push(profile)
      } else if (winner.owner !== ask.owner || winner.endpoint !== ask.endpoint) {
        lost.set(winner, [...(lost.get(winner) ?? []), profile.type])
      }
    }
    for (const [winner, types] of lost) lose(ask, found, { winner, types })
    if (won.length === 0) return
    const part = [ask.owner, ask.endpoint, found.port, ask.scheme, ask.pathPrefix].join('\n')
    const there = parts.get(part)
    if (there === undefined) parts.set(part, { ask, found, profiles: won })
    else there.profiles.push(...won)
  }

  const build = (
    ask: Ask,
    { port, container }: FoundPort,
    won: readonly PprofTypeConfig[],
  ): PlannedTarget => {
    const profiles = won.toSorted((a, b) => (a.type < b.type ? -1 : 1))
    const remedy = mesh !== undefined && ask.mesh !== 'direct' ? remedyOf(pod, mesh, port) : undefined
    say(() => `${nameOf(ask)}: ${describeScrape(ask, addressOf(pod, port), profiles)}`)
    return {
      key: `${pod.uid}/${port}${ask.pathPrefix}`,
      namespace: pod.namespace,
      workload: pod.workload.name,
      createdMs: pod.createdMs,
      job: buildJob(ask, profiles, interners),
      group: buildGroup(ask, { pod, port, container, meshName: mesh ?? '', mesh: remedy }, interners),
      target: buildTarget(ask, { pod, port, container }),
    }
  }

  return {
    add(ask, { isOwnWish = false } = {}) {
      const port = String(ask.port ?? '')
      if (ask.mesh === 'skip' && mesh !== undefined) {
        const reason = `the pod is in the mesh ${mesh}, and mesh is skip`
        drop(ask, { port, code: 'MeshSkipped', reason })
        return
      }
      if (ask.profiles.length === 0) {
        drop(ask, { port, code: 'NoProfiles', reason: 'no profile type is enabled' })
        return
      }
      const { found, missing } = findPorts(pod, { wanted: ask.port, containers: ask.containers })
      if (missing !== undefined) {
        const problem = portProblem(ask, missing.code, missing.reason)
        drop(ask, { port, ...missing }, { inWords: problem?.note ?? missing.reason })
        if (isOwnWish && problem !== undefined) problems.push(problem)
        return
      }
      for (const each of found) {
        say(() => `${nameOf(ask)}: port ${each.port} ${each.why}`)
        claim(ask, each)
      }
    },
    finish() {
      const targets = [...parts.values()].map(({ ask, found, profiles }) => build(ask, found, profiles))
      return { targets, drops, problems }
    },
  }
}

function nameOf({ owner, endpoint }: Ask): string {
  return endpoint === undefined ? owner : `${owner} endpoint ${endpoint}`
}

function whyBefore(winner: Ask, loser: Ask): string {
  if (winner.owner === loser.owner) return 'which comes first'
  return loser.endpoint === undefined ? 'which goes before annotations' : 'which is older'
}

/** For whoever wrote the annotation, or did not; undefined where the ask is no annotation's. */
function portProblem({ port, containers, keys }: Ask, code: DropCode, reason: string): Problem | undefined {
  if (keys === undefined) return undefined
  const isAboutContainer = containers.length > 0 && code.endsWith('Container')
  const key = isAboutContainer ? keys.container : keys.port
  const value = isAboutContainer ? containers.join(',') : String(port ?? '')
  const note = `annotation ${key} ${value === '' ? 'is missing' : `is ${quote(value)}`}: ${reason}`
  return createProblem({ reason: 'NoProfilePort', key, value, note })
}

function describeScrape(ask: Ask, address: string, profiles: readonly PprofTypeConfig[]): string {
  const types = profiles.map(({ type, path, seconds }) =>
    [type, `${ask.pathPrefix}${path}`, ...(seconds === undefined ? [] : [`${seconds}s`])].join(' '),
  )
  return `scrapes ${ask.scheme}://${address} every ${writeShortDuration(ask.intervalMs)}: ${types.join(', ')}`
}
