import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import type { AcceptedProfileTarget } from './accept-profile-target.ts'
import type { AnnotationSource } from './annotation-reader.ts'
import { annotationDrop, annotationOwner, readAnnotations } from './annotations.ts'
import type { Ask } from './ask.ts'
import { buildJob } from './build-job.ts'
import { addressOf, buildGroup, buildTarget } from './build-target.ts'
import { checkKeys } from './check-keys.ts'
import type {
  Drop,
  DropCode,
  Owner,
  PlannedGroup,
  PlannedJob,
  PlannedTarget,
  PodDecision,
  Problem,
} from './decision.ts'
import { describePorts, type FoundPort, findPorts } from './find-ports.ts'
import { hasGrafanaAnnotations, readGrafanaAnnotations } from './grafana-annotations.ts'
import { createInterner, type Interner } from './interner.ts'
import { ownPrefix, scrapeKey } from './keep-annotations.ts'
import { detectMesh, type MeshName, remedyOf } from './mesh.ts'
import type { NamespaceView, PodView } from './pod-view.ts'
import { createProblem, quote } from './problem.ts'
import { scrapeWish, wishProblems } from './scrape-wish.ts'
import { compareAge } from './select-pods.ts'
import type { TargetSettings } from './settings.ts'
import { writeShortDuration } from './short-duration.ts'

/** Makes equal settings identical; one for the life of the operator. */
export interface Interners {
  readonly jobs: Interner<PlannedJob>
  readonly groups: Interner<PlannedGroup>
}

export function createInterners(): Interners {
  return { jobs: createInterner(), groups: createInterner() }
}

export interface DecideContext {
  readonly namespace: NamespaceView | undefined
  /** Those that select this pod. */
  readonly profileTargets: readonly AcceptedProfileTarget[]
  /** Those that would, had they been accepted; for the pod's page. */
  readonly notAccepted?: readonly {
    readonly owner: Owner
    readonly reason: string
    readonly message: string
  }[]
  readonly settings: TargetSettings
  readonly interners: Interners
}

/** Whether and how a pod is scraped, and why. The same for the same input. Never throws. */
export function decidePod(pod: PodView, context: DecideContext): PodDecision {
  const { targets, drops, problems } = decide(pod, context, () => {})
  return {
    targets,
    drops,
    problems,
    // Hardly anybody asks, and it is long: told anew rather than kept for ten thousand pods.
    get chain() {
      const lines: string[] = []
      decide(pod, context, (line) => lines.push(line()))
      return lines
    },
  }
}

/** Takes a line of the chain; lazily, since nearly always nobody listens. */
type Say = (line: () => string) => void

function decide(pod: PodView, context: DecideContext, say: Say): Omit<PodDecision, 'chain'> {
  const { namespace, settings } = context
  say(() => `pod ${pod.namespace}/${pod.name} is seen: ${describePod(pod)}`)
  const profileTargets = context.profileTargets.toSorted(compareAge)
  const refused = (context.notAccepted ?? []).toSorted((a, b) => (a.owner < b.owner ? -1 : 1))
  const notAccepted = refused.map(({ owner, reason, message }) => {
    say(() => `${owner} selects it, but is not accepted: ${reason}: ${message}`)
    return podDrop(owner, 'NotAccepted', `${owner} is not accepted: ${reason}`)
  })
  for (const { owner } of profileTargets) say(() => `${owner} selects it`)

  const annotated = readWishes(pod, context, say)
  const owners = [
    ...profileTargets.map(({ owner }) => owner),
    ...(annotated.isWanted ? [annotationOwner] : []),
  ]
  const dropAll = (code: DropCode, reason: string, problems: readonly Problem[]) => {
    say(() => `not scraped: ${code}: ${reason}`)
    return {
      targets: [],
      drops: [...owners.map((owner) => podDrop(owner, code, reason)), ...notAccepted],
      problems,
    }
  }

  const veto = vetoOf(pod, namespace, settings)
  if (veto !== undefined) return dropAll(veto.code, veto.reason, [])
  if (owners.length === 0 && annotated.drops.length === 0) {
    say(() => 'not scraped: no ProfileTarget selects it, and no annotation asks for it')
    return { targets: [], drops: notAccepted, problems: annotated.problems }
  }
  const wait = whyNotYet(pod)
  if (wait !== undefined) return dropAll(wait.code, wait.reason, annotated.problems)

  const plan = new Plan(pod, context, say)
  for (const { asks } of profileTargets) for (const ask of asks) plan.add(ask)
  for (const ask of annotated.asks) plan.add(ask, { isOwnWish: annotated.isOwnWish })
  return {
    targets: plan.targets(),
    drops: [...plan.drops, ...annotated.drops, ...notAccepted],
    problems: [...annotated.problems, ...plan.problems],
  }
}

interface Wishes {
  /** Something is asked for by annotation. */
  readonly isWanted: boolean
  /** By the pod itself, not only by its namespace. */
  readonly isOwnWish: boolean
  readonly asks: readonly Ask[]
  readonly drops: readonly Drop[]
  readonly problems: readonly Problem[]
}

function readWishes(pod: PodView, { namespace, settings }: DecideContext, say: Say): Wishes {
  const own = scrapeWish(pod)
  const inherited = scrapeWish(namespace)
  const place = ` of namespace ${pod.namespace}`
  const sources: readonly AnnotationSource[] = [
    { place: '', values: pod.annotations },
    ...(namespace === undefined ? [] : [{ place, values: namespace.annotations }]),
  ]
  const wrong = wishProblems(pod, '')
  const problems = [
    ...wrong,
    ...(namespace === undefined ? [] : wishProblems(namespace, place)),
    ...checkKeys(sources),
  ]
  if (own === 'wrong') {
    say(() => `annotations: ${scrapeKey} is wrong, so they are not followed`)
    const drops = wrong.map(({ note }) => annotationDrop({ wrong: note }))
    return { isWanted: true, isOwnWish: true, asks: [], drops, problems }
  }
  if (own === 'yes' || (own === 'none' && inherited === 'yes')) {
    say(() => `annotations: ${scrapeKey} is "true" on the ${own === 'yes' ? 'pod' : 'namespace'}`)
    const read = readAnnotations(sources, settings)
    return { ...read, isWanted: true, isOwnWish: own === 'yes', problems: [...problems, ...read.problems] }
  }
  if (own === 'none' && settings.annotationCompat === 'grafana' && hasGrafanaAnnotations(pod)) {
    say(() => 'annotations: profiles.grafana.com/… are followed, as there is no conprof.io/scrape')
    const read = readGrafanaAnnotations(pod, settings)
    const isWanted = read.asks.length > 0 || read.drops.length > 0
    return { ...read, isWanted, isOwnWish: true, problems: [...problems, ...read.problems] }
  }
  if (own === 'none' && Object.keys(pod.annotations).some((key) => key.startsWith(ownPrefix))) {
    say(() => `annotations: there are some, but no ${scrapeKey}: "true"`)
  }
  return { isWanted: false, isOwnWish: false, asks: [], drops: [], problems }
}

function vetoOf(
  pod: PodView,
  namespace: NamespaceView | undefined,
  settings: TargetSettings,
): { readonly code: DropCode; readonly reason: string } | undefined {
  if (settings.suspend)
    return { code: 'Suspended', reason: 'all scraping is suspended by the operator (suspend)' }
  if (namespace !== undefined && scrapeWish(namespace) === 'no') {
    return { code: 'VetoedByNamespace', reason: `namespace ${namespace.name} has ${scrapeKey}: "false"` }
  }
  if (scrapeWish(pod) === 'no') return { code: 'VetoedByPod', reason: `the pod has ${scrapeKey}: "false"` }
  return undefined
}

function whyNotYet(pod: PodView): { readonly code: DropCode; readonly reason: string } | undefined {
  if (pod.isTerminating) return { code: 'Terminating', reason: 'the pod is being deleted' }
  if (pod.phase !== 'Running') return { code: 'NotRunning', reason: `the pod is ${pod.phase}, want Running` }
  if (pod.ip === '') return { code: 'NoIP', reason: 'the pod has no IP yet' }
  return undefined
}

/** What is won of a pod, claim by claim: whoever comes first with a (port, path, type) has it. */
class Plan {
  readonly drops: Drop[] = []
  readonly problems: Problem[] = []
  readonly #pod: PodView
  readonly #context: DecideContext
  readonly #say: Say
  readonly #mesh: MeshName | undefined
  readonly #winners = new Map<string, Ask>()
  readonly #parts = new Map<string, { ask: Ask; found: FoundPort; profiles: PprofTypeConfig[] }>()

  constructor(pod: PodView, context: DecideContext, say: Say) {
    this.#pod = pod
    this.#context = context
    this.#say = say
    this.#mesh = detectMesh(pod, context.namespace)
    if (this.#mesh !== undefined) say(() => `mesh: ${this.#mesh}`)
  }

  /** `isOwnWish`: the pod itself asks, so what goes wrong is somebody's mistake. */
  add(ask: Ask, { isOwnWish = false }: { readonly isOwnWish?: boolean } = {}): void {
    const port = String(ask.port ?? '')
    const name = nameOf(ask)
    if (ask.mesh === 'skip' && this.#mesh !== undefined) {
      this.#drop(ask, {
        port,
        code: 'MeshSkipped',
        reason: `the pod is in the mesh ${this.#mesh}, and mesh is skip`,
      })
      return
    }
    if (ask.profiles.length === 0) {
      this.#drop(ask, { port, code: 'NoProfiles', reason: 'no profile type is enabled' })
      return
    }
    const ports = findPorts(this.#pod, { wanted: ask.port, containers: ask.containers })
    if (ports.missing !== undefined) {
      const { code, container, reason } = ports.missing
      this.#drop(ask, { port, container, code, reason })
      if (isOwnWish) this.problems.push(portProblem(ask, code, reason))
      return
    }
    for (const found of ports.found) {
      this.#say(() => `${name}: port ${found.port} ${found.why}`)
      this.#claim(ask, found)
    }
  }

  targets(): PlannedTarget[] {
    const pod = this.#pod
    const { interners } = this.#context
    return [...this.#parts.values()].map(({ ask, found, profiles }) => {
      const { port, container } = found
      const types = profiles.sort((a, b) => (a.type < b.type ? -1 : 1))
      const remedy = this.#mesh && ask.mesh !== 'direct' ? remedyOf(pod, this.#mesh, port) : undefined
      this.#say(() => `${nameOf(ask)}: ${describeScrape(ask, addressOf(pod, port), types)}`)
      return {
        key: `${pod.uid}/${port}${ask.pathPrefix}`,
        namespace: pod.namespace,
        workload: pod.workload.name,
        createdMs: pod.createdMs,
        job: buildJob(ask, types, interners),
        group: buildGroup(ask, { pod, port, container, meshName: this.#mesh ?? '', mesh: remedy }, interners),
        target: buildTarget(ask, { pod, port, container }),
      }
    })
  }

  #claim(ask: Ask, found: FoundPort): void {
    const won: PprofTypeConfig[] = []
    const lost = new Map<Ask, string[]>()
    for (const profile of ask.profiles) {
      const claim = `${found.port}${ask.pathPrefix}${profile.path} ${profile.type}`
      const winner = this.#winners.get(claim)
      if (winner === undefined) {
        this.#winners.set(claim, ask)
        won.push(profile)
      } else if (winner.owner !== ask.owner || winner.endpoint !== ask.endpoint) {
        lost.set(winner, [...(lost.get(winner) ?? []), profile.type])
      }
    }
    for (const [winner, types] of lost) this.#lose(ask, found, { winner, types })
    if (won.length === 0) return
    // The types of one owner that meet at a port are one target: two would only be written twice.
    const part = [ask.owner, ask.endpoint, found.port, ask.scheme, ask.pathPrefix].join('\n')
    const there = this.#parts.get(part)
    if (there === undefined) this.#parts.set(part, { ask, found, profiles: won })
    else there.profiles.push(...won)
  }

  #lose(ask: Ask, found: FoundPort, to: { readonly winner: Ask; readonly types: readonly string[] }): void {
    const { winner, types } = to
    const container = found.container?.name ?? ''
    const why =
      winner.owner === ask.owner
        ? 'which comes first'
        : ask.endpoint === undefined
          ? 'which goes before annotations'
          : 'which is older'
    for (const profileType of types) {
      const reason = `${profileType} of port ${found.port} is scraped for ${nameOf(winner)}, ${why}`
      this.#drop(ask, { port: `${found.port}`, container, profileType, code: 'Conflict', reason })
    }
    if (ask.endpoint === undefined) return
    const value = `${found.port} ${types.join(',')}`
    const note = `${nameOf(ask)}: ${types.join(', ')} of port ${found.port} is scraped for ${nameOf(winner)}, ${why}, where both select a pod: change the selector, port or profiles of one`
    this.problems.push(createProblem({ reason: 'ProfileTargetConflict', key: ask.owner, value, note }))
  }

  #drop(
    ask: Ask,
    about: {
      readonly port: string
      readonly container?: string
      readonly profileType?: string
      readonly code: DropCode
      readonly reason: string
    },
  ): void {
    const { port, container = '', profileType = '', code, reason } = about
    this.#say(() => `${nameOf(ask)}: dropped: ${code}: ${reason}`)
    this.drops.push({ owner: ask.owner, port, container, profileType, code, reason: reason.slice(0, 1000) })
  }
}

function nameOf({ owner, endpoint }: Ask): string {
  return endpoint === undefined ? owner : `${owner} endpoint ${endpoint}`
}

function portProblem({ port, containers }: Ask, code: DropCode, reason: string): Problem {
  const isAboutContainer = containers.length > 0 && code.endsWith('Container')
  const key = `${ownPrefix}${isAboutContainer ? 'container' : 'port'}`
  const value = isAboutContainer ? containers.join(',') : String(port ?? '')
  const note = `annotation ${key} ${value === '' ? 'is missing' : `is ${quote(value)}`}: ${reason}`
  return createProblem({ reason: 'NoProfilePort', key, value, note })
}

function podDrop(owner: Owner, code: DropCode, reason: string): Drop {
  return { owner, port: '', container: '', profileType: '', code, reason }
}

function describePod(pod: PodView): string {
  const { kind, name } = pod.workload
  const facts = [
    pod.phase,
    pod.isTerminating ? 'terminating' : '',
    pod.ip === '' ? 'no IP' : pod.ip,
    pod.isHostNetwork ? 'host network' : '',
    pod.node === '' ? 'no node' : `on ${pod.node}`,
    `of ${kind} ${name}`,
    `ports: ${describePorts(pod)}`,
  ]
  return facts.filter((fact) => fact !== '').join(', ')
}

function describeScrape(ask: Ask, address: string, profiles: readonly PprofTypeConfig[]): string {
  const types = profiles.map(({ type, path, seconds }) =>
    [type, `${ask.pathPrefix}${path}`, ...(seconds === undefined ? [] : [`${seconds}s`])].join(' '),
  )
  return `scrapes ${ask.scheme}://${address} every ${writeShortDuration(ask.intervalMs)}: ${types.join(', ')}`
}
