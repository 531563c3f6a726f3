import { labelsHash } from '../../profile/labels.ts'
import { type Matcher, matchesLabels } from '../../profile/matcher.ts'
import type { LabelSet, TargetAnswer } from '../api/types.ts'
import type { CaptureTake } from './capture-order.ts'

export interface CaptureWish {
  readonly matchers: readonly Matcher[]
  /** At most so many. */
  readonly pods: number
  readonly goroutineText: boolean
}

/** One profile type of one process, and whom to ask for it. */
export interface PlannedTake extends CaptureTake {
  readonly collector: string
  /** Of what will be stored, but for `capture`. */
  readonly labels: LabelSet
}

export interface CapturePlan {
  readonly takes: readonly PlannedTake[]
  /** Pods, or processes that are in none. */
  readonly matched: number
  readonly leftOut: number
}

interface Candidate extends PlannedTake {
  readonly target: TargetAnswer
}

export const goroutineTextType = 'goroutine_text'

/**
 * Chooses of the targets that match: those of at most `pods` pods, spread over services and nodes, those that answer
 * before those that do not. `random` from 0 to 1, as Math.random, decides among equals.
 */
export function planCapture(
  targets: readonly TargetAnswer[],
  wish: CaptureWish,
  random: () => number = Math.random,
): CapturePlan {
  const pods = new Map<string, Candidate[]>()
  for (const take of candidates(targets, wish)) {
    const pod = podOf(take.target)
    const takes = pods.get(pod)
    if (takes === undefined) pods.set(pod, [take])
    else takes.push(take)
  }
  const chosen = spread([...pods.values()], wish.pods, random)
  return {
    takes: chosen.flat().map(({ target: _, ...take }) => take),
    matched: pods.size,
    leftOut: pods.size - chosen.length,
  }
}

/** A selector may also name the text of goroutines, which nobody scrapes. */
export function wantsText({ matchers, goroutineText }: Omit<CaptureWish, 'pods'>): boolean {
  return goroutineText || matchers.some(isTextMatcher)
}

function isTextMatcher({ name, op, value }: Matcher): boolean {
  return name === 'profile_type' && op === '=' && value === goroutineTextType
}

function candidates(targets: readonly TargetAnswer[], wish: CaptureWish): Candidate[] {
  const found = new Map<string, Candidate>()
  // A target that moves may be with two collectors for a moment.
  const add = (take: Candidate) => {
    const key = `${take.kind} ${take.series}`
    if (!found.has(key)) found.set(key, take)
  }
  for (const target of targets) {
    if (!matchesLabels(wish.matchers, target.labels)) continue
    const series = labelsHash(target.labels)
    add({ series, kind: 'profile', collector: target.collector ?? '', labels: target.labels, target })
  }
  if (!wantsText(wish)) return [...found.values()]
  const others = wish.matchers.filter(({ name }) => name !== 'profile_type')
  const processes = new Map<string, TargetAnswer>()
  for (const target of targets) {
    if (!matchesLabels(others, target.labels)) continue
    const key = processOf(target)
    // The path of its goroutines is the surest to begin with.
    if (!processes.has(key) || target.profileType === 'goroutine') processes.set(key, target)
  }
  for (const target of processes.values()) {
    const labels = { ...target.labels, profile_type: goroutineTextType }
    const series = labelsHash(target.labels)
    add({ series, kind: goroutineTextType, collector: target.collector ?? '', labels, target })
  }
  return [...found.values()]
}

/** Outside Kubernetes each address is one. */
export function podOf({ labels, scrapeUrl }: TargetAnswer): string {
  const { namespace = '', pod } = labels
  return pod === undefined ? `${labels['instance'] ?? ''} ${hostOf(scrapeUrl)}` : `${namespace}/${pod}`
}

function processOf(target: TargetAnswer): string {
  return `${podOf(target)} ${target.labels['container'] ?? ''} ${hostOf(target.scrapeUrl)}`
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}

/** Of each service in turn, and within it of each node in turn. */
function spread(pods: readonly Candidate[][], most: number, random: () => number): Candidate[][] {
  const shuffled = pods
    .map((takes) => ({ takes, rank: (takes.some(answers) ? 0 : 1) + random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ takes }) => takes)
  const services = grouped(shuffled, ({ labels }) => labels['service_name'] ?? labels['job'] ?? '')
  return dealt(services.map((service) => dealt(grouped(service, nodeOf)))).slice(0, most)
}

function answers({ target: { health } }: Candidate): boolean {
  return health === 'ok' || health === 'empty' || health === 'unknown' || health === 'busy'
}

function nodeOf({ target: { labels, discoveredLabels } }: Candidate): string {
  return labels['node'] ?? discoveredLabels['__meta_kubernetes_pod_node_name'] ?? ''
}

function grouped(pods: readonly Candidate[][], keyOf: (take: Candidate) => string): Candidate[][][] {
  return [...Map.groupBy(pods, (takes) => keyOf(takes[0]!)).values()]
}

/** The first of each group, then the second of each, and so on. */
function dealt<T>(groups: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...groups.map(({ length }) => length))
  return Array.from({ length: longest }, (_, round) =>
    groups.flatMap((group) => (round < group.length ? [group[round]!] : [])),
  ).flat()
}
