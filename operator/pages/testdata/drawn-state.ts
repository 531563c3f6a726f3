import type { Drop, PlannedTarget } from '../../targets/decision.ts'
import type { PodView } from '../../targets/pod-view.ts'
import type {
  MemberState,
  OperatorState,
  PodScrapes,
  PodState,
  ProfileTargetState,
} from '../operator-state.ts'

export interface DrawnPod {
  readonly namespace?: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** Ports that are scraped, each with the collector that has it. */
  readonly ports?: readonly {
    readonly port: number
    readonly shard?: number
    readonly startAfterMs?: number
  }[]
  readonly drops?: readonly Partial<Drop>[]
  readonly chain?: readonly string[]
}

/** A state as the operator would have it, of what matters in a test. */
export function drawnState(
  pods: readonly DrawnPod[],
  more: {
    readonly notReady?: string
    readonly scrapes?: PodScrapes
    readonly profileTargets?: readonly ProfileTargetState[]
    readonly members?: readonly MemberState[]
  } = {},
): OperatorState {
  const states = pods.map(drawPod)
  return {
    release: 'prof',
    namespace: 'conprof',
    notReady: () => more.notReady,
    pod: (namespace, name) => states.find(({ view }) => view.namespace === namespace && view.name === name),
    pods: () => states,
    profileTargets: () => more.profileTargets ?? [],
    members: () => more.members ?? [],
    scrapesOf: async () => more.scrapes ?? { scrapes: [], warnings: [] },
  }
}

function drawPod({
  namespace = 'shop',
  name,
  labels = {},
  ports = [],
  drops = [],
  chain = [],
}: DrawnPod): PodState {
  const view: PodView = {
    namespace,
    name,
    uid: `uid-${name}`,
    labels,
    annotations: {},
    createdMs: 0,
    node: 'node-1',
    ip: '10.0.0.1',
    phase: 'Running',
    isTerminating: false,
    isHostNetwork: false,
    isReady: true,
    owner: undefined,
    workload: { kind: 'Deployment', name: name.replace(/-[^-]*$/, '') },
    containers: [],
  }
  const targets = ports.map(({ port }): PlannedTarget => drawTarget(view, port))
  const facts = new Map(ports.map((port) => [`${view.uid}/${port.port}`, port]))
  return {
    view,
    decision: {
      targets,
      drops: drops.map((drop) => ({
        owner: 'annotations',
        port: '',
        container: '',
        profileType: '',
        code: 'NoPort',
        reason: 'declares no port',
        ...drop,
      })),
      problems: [],
      chain,
    },
    shardOf: (key) => facts.get(key)?.shard,
    startAfterMs: (key) => facts.get(key)?.startAfterMs,
  }
}

function drawTarget(view: PodView, port: number): PlannedTarget {
  const profile = { path: '/debug/pprof/heap', keepEmpty: true }
  return {
    key: `${view.uid}/${port}`,
    namespace: view.namespace,
    workload: view.workload.name,
    createdMs: 0,
    job: {
      hash: '01234567',
      spec: {
        owner: `ProfileTarget/${view.namespace}/${view.workload.name}`,
        endpoint: 'default',
        jobName: view.workload.name,
        scheme: 'http',
        pathPrefix: '',
        interval: '60s',
        timeout: '10s',
        profiles: [
          { type: 'cpu', ...profile, seconds: 10 },
          { type: 'heap', ...profile },
        ],
      },
      credentials: [],
    },
    group: { labels: {} },
    target: { uid: view.uid, address: `${view.ip}:${port}`, labels: { container: 'app' } },
  }
}
