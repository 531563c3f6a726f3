import type { AcceptedProfileTarget } from './accept-profile-target.ts'
import type { AnnotationSource } from './annotation-reader.ts'
import { annotationDrop, annotationOwner, readAnnotations } from './annotations.ts'
import type { Ask } from './ask.ts'
import { checkKeys } from './check-keys.ts'
import { createPlan, type Interners, type Say } from './create-plan.ts'
import type { Drop, DropCode, Owner, PodDecision, Problem } from './decision.ts'
import { describePorts } from './find-ports.ts'
import { hasGrafanaAnnotations, readGrafanaAnnotations } from './grafana-annotations.ts'
import { createInterner } from './interner.ts'
import { ownPrefix, scrapeKey } from './keep-annotations.ts'
import type { NamespaceView, PodView } from './pod-view.ts'
import { scrapeWish, wishProblems } from './scrape-wish.ts'
import { compareAge } from './select-pods.ts'
import type { TargetSettings } from './settings.ts'

/** One for the life of the operator. */
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
  sayWhatIsWrong(annotated, say)
  if (owners.length === 0 && annotated.drops.length === 0) {
    say(
      () =>
        'not scraped: no ProfileTarget selects it, and no annotation asks for it; those of a Deployment and the like belong into its pod template',
    )
    return { targets: [], drops: notAccepted, problems: annotated.problems }
  }
  const wait = whyNotYet(pod)
  if (wait !== undefined) return dropAll(wait.code, wait.reason, annotated.problems)

  const plan = createPlan(pod, context, say)
  for (const { asks } of profileTargets) for (const ask of asks) plan.add(ask)
  for (const ask of annotated.asks) plan.add(ask, { isOwnWish: annotated.isOwnWish })
  const { targets, drops, problems } = plan.finish()
  return {
    targets,
    drops: [...drops, ...annotated.drops, ...notAccepted],
    problems: [...annotated.problems, ...problems],
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

/** Each thing once: what costs a target is a problem too. */
function sayWhatIsWrong({ drops, problems }: Wishes, say: Say): void {
  for (const { code, reason } of drops) say(() => `annotations: dropped: ${code}: ${reason}`)
  for (const { note } of problems) {
    if (!drops.some(({ reason }) => reason === note)) say(() => note)
  }
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
