import { createHash } from 'node:crypto'
import type { ProcessIdentity } from '../../../block/attempt.ts'
import { type Labels, sortLabels } from '../../../profile/labels.ts'
import type { Noise } from './noisy-profile.ts'
import { hash32, Random } from './random.ts'

export const profileTypes = ['heap', 'goroutine', 'cpu'] as const
export type FleetType = (typeof profileTypes)[number]

export const minuteMs = 60_000
export const hourMs = 3_600_000
export const dayMs = 86_400_000

/** What a fleet is made of: the same parameters make the same bytes. */
export interface FleetParameters {
  readonly seed: number
  readonly noise: Noise
  /** Unix ms, midnight UTC. */
  readonly startMs: number
  readonly hours: number
  /** The one large service: all its pods are scraped for `heap`, the first `wholePods` for everything. */
  readonly service: { readonly program: string; readonly pods: number; readonly wholePods: number }
  /** Services of one pod each, of the corpus's programs in turn. */
  readonly others: number
  /** Recorded profiles from one scrape to the next, as if that much time lay between them; 1 without it. */
  readonly step?: number
  /** Targets are spread over these; each cuts blocks of its own. */
  readonly collectors: number
}

/** One process from its start to its end; the next one in its place has another name. */
export interface PodLife {
  readonly seed: number
  readonly fromMs: number
  readonly toMs: number
  readonly labels: Readonly<Record<string, string>>
  readonly process: ProcessIdentity
}

export interface PlannedPod {
  readonly index: number
  readonly program: string
  readonly serviceName: string
  readonly types: readonly FleetType[]
  readonly collector: number
  /** Into each minute; of the target, as a collector spreads them. */
  readonly offsetMs: number
  readonly lives: readonly PodLife[]
}

/** Every pod, in an order that holds. */
export function planFleet(parameters: FleetParameters, programs: readonly string[]): PlannedPod[] {
  const { service, others } = parameters
  const large = Array.from({ length: service.pods }, (_, i) => ({
    program: service.program,
    workload: 'large',
    types: i < service.wholePods ? profileTypes : (['heap'] as const),
    replica: i,
  }))
  const small = Array.from({ length: others }, (_, i) => ({
    program: programs[i % programs.length]!,
    workload: `small-${String(i).padStart(2, '0')}`,
    types: profileTypes,
    replica: 0,
  }))
  return [...large, ...small].map((each, index) => planPod(parameters, each, index))
}

function planPod(
  parameters: FleetParameters,
  pod: {
    readonly program: string
    readonly workload: string
    readonly types: readonly FleetType[]
    readonly replica: number
  },
  index: number,
): PlannedPod {
  const { seed, startMs, hours, collectors } = parameters
  const namespace = pod.workload === 'large' ? 'shop' : `team-${index % 7}`
  // A workload rolls at two times of the day, its pods one after the other.
  const workloadSeed = hash32(seed, ...Buffer.from(pod.workload))
  const random = new Random(workloadSeed)
  const spanMs = hours * hourMs
  const rolls = [0.1 + random.next() * 0.3, 0.5 + random.next() * 0.4]
  const lagMs = pod.replica * 5000
  const edges = [0, ...rolls.map((share) => Math.floor(share * spanMs) + lagMs), spanMs]
  const lives = edges.slice(1).map((end, i): PodLife => {
    const fromMs = startMs + edges[i]!
    const hash = createHash('sha256').update(`${seed} ${pod.workload} ${i}`).digest('hex')
    const own = createHash('sha256').update(`${seed} ${pod.workload} ${i} ${pod.replica}`).digest('hex')
    const name = `${pod.workload}-${hash.slice(0, 9)}-${own.slice(0, 5)}`
    const address = `10.${1 + (index >> 8)}.${index & 255}.${2 + i}:6060`
    return {
      seed: hash32(seed, index, i),
      fromMs,
      toMs: startMs + end,
      labels: {
        cluster: 'bench',
        container: 'app',
        instance: address,
        job: `${namespace}/${pod.workload}`,
        namespace,
        node: `node-${hash32(seed, index, i, 3) % 20}`,
        pod: name,
        service_name: `${namespace}/${pod.workload}`,
        version: `1.${i}.0`,
        workload: pod.workload,
        workload_kind: 'Deployment',
      },
      process: {
        containerId: own,
        restartCount: 0,
        startTimeMs: fromMs - 2000,
        image: `registry.example.com/${pod.program}:1.${i}.0`,
        memoryLimitBytes: 512 * 2 ** 20,
        cpuLimitMillicores: 1000,
      },
    }
  })
  return {
    index,
    program: pod.program,
    serviceName: `${namespace}/${pod.workload}`,
    types: pod.types,
    collector: hash32(seed, index, 11) % collectors,
    offsetMs: hash32(seed, index, 12) % 45_000,
    lives,
  }
}

/** One scrape that is to be made. */
export interface PlannedScrape {
  readonly pod: PlannedPod
  readonly life: PodLife
  readonly type: FleetType
  readonly timeMs: number
  readonly durationMs: number
  /** How many scrapes of this life came before. */
  readonly turn: number
}

/** Scrapes of the pods in [fromMs, toMs), both whole minutes, in the order of their times. */
export function scrapesBetween(pods: readonly PlannedPod[], fromMs: number, toMs: number): PlannedScrape[] {
  const scrapes: PlannedScrape[] = []
  for (const pod of pods) {
    for (let minute = fromMs; minute < toMs; minute += minuteMs) {
      const slotMs = minute + pod.offsetMs
      const life = pod.lives.find((each) => slotMs >= each.fromMs && slotMs < each.toMs)
      if (life === undefined) continue
      const turn = Math.floor((minute - life.fromMs) / minuteMs)
      let timeMs = slotMs
      for (const type of pod.types) {
        // One after the other, as a collector does; its timers are a few milliseconds late.
        const late = hash32(life.seed, turn, type.length, 5) % 4
        const durationMs = (type === 'cpu' ? 10_005 : 8) + (hash32(life.seed, turn, type.length, 6) % 9)
        scrapes.push({ pod, life, type, timeMs: timeMs + late, durationMs, turn })
        timeMs += durationMs + late
      }
    }
  }
  return scrapes.sort((a, b) => a.timeMs - b.timeMs || a.pod.index - b.pod.index)
}

/** Where a walk stands after so many steps: forward from a start of its own, and back at each end. */
export function walk(seed: number, turn: number, length: number): number {
  if (length < 2) return 0
  const period = 2 * (length - 1)
  const at = (hash32(seed, 21) + turn) % period
  return at < length ? at : period - at
}

export function labelsOf(life: PodLife, type: FleetType): Labels {
  return sortLabels(
    Object.entries({
      ...life.labels,
      profile_path: `/debug/pprof/${type === 'cpu' ? 'profile' : type}`,
      profile_type: type,
    }),
  )
}
