import type { ProfileTargetView } from '../../operator/api/read-profile-target.ts'
import { readProfileTarget } from '../../operator/api/read-profile-target.ts'
import {
  type AcceptedProfileTarget,
  acceptProfileTarget,
} from '../../operator/targets/accept-profile-target.ts'
import { createInterners, decidePod } from '../../operator/targets/decide-pod.ts'
import type { PlannedTarget, PodDecision } from '../../operator/targets/decision.ts'
import type { PodView } from '../../operator/targets/pod-view.ts'
import { projectNamespace } from '../../operator/targets/project-namespace.ts'
import { projectPod, type RawPod } from '../../operator/targets/project-pod.ts'
import { createPodSelection } from '../../operator/targets/select-pods.ts'
import { defaultTargetSettings, type TargetSettings } from '../../operator/targets/settings.ts'

type Strings = Readonly<Record<string, string>>

export interface PodShape {
  /**
   * `app 8080/http 6060/pprof; +proxy 15090`: containers with their ports, as number/name/protocol. `+` is a native
   * sidecar, `-` an init container that runs once, `~` an ephemeral one.
   */
  readonly containers?: string
  /** Keys without a / are below `conprof.io/`. */
  readonly annotations?: Strings
  readonly labels?: Strings
  /** Merged into the object that the API server would send. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

/** A running pod of the Deployment cart in namespace shop, as the API server sends it. */
export function rawPod(shape: PodShape): RawPod {
  const containers = (shape.containers ?? 'app 8080/http 6060/pprof').split(/; */).map(readContainer)
  const kind = (prefix: string) => containers.filter((c) => c.prefix === prefix).map((c) => c.container)
  const statuses = (of: readonly { readonly name: string }[]) =>
    of.map(({ name }, index) => ({
      name,
      ready: true,
      restartCount: index,
      containerID: `containerd://${name}-1`,
      state: { running: { startedAt: '2026-01-02T03:04:05Z' } },
    }))
  const initContainers = [...kind('-'), ...kind('+').map((c) => ({ ...c, restartPolicy: 'Always' }))]
  return {
    metadata: {
      namespace: 'shop',
      name: 'cart-7d9c5-x',
      uid: 'u1',
      creationTimestamp: '2026-01-02T03:00:00Z',
      labels: { app: 'cart', 'pod-template-hash': '7d9c5', ...shape.labels },
      annotations: ours(shape.annotations),
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d9c5', uid: 'r1', controller: true },
      ],
      ...shape.metadata,
    },
    spec: {
      nodeName: 'node-1',
      containers: kind(''),
      initContainers,
      ephemeralContainers: kind('~'),
      ...shape.spec,
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.5',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: statuses(kind('')),
      initContainerStatuses: statuses(initContainers),
      ...shape.status,
    },
  }
}

export function podView(shape: PodShape): PodView {
  const view = projectPod(rawPod(shape))
  if (view === undefined) throw new Error('a pod that has ended has no view')
  return view
}

export interface Situation {
  readonly pod: PodShape
  readonly namespace?: { readonly annotations?: Strings; readonly labels?: Strings }
  /** Specs of ProfileTargets in namespace shop, by name, oldest first. */
  readonly profileTargets?: Readonly<Record<string, unknown>>
  readonly settings?: Partial<TargetSettings>
}

/** A name, a situation, and what comes of it, as `describeDecision` says it. */
export type SituationCase = readonly [name: string, situation: Situation, want: readonly string[]]

/** What comes of the pod. */
export function decideSituation(situation: Situation): PodDecision {
  const settings = { ...defaultTargetSettings, ...situation.settings }
  const pod = podView(situation.pod)
  const namespace = projectNamespace({
    metadata: {
      name: 'shop',
      labels: { 'kubernetes.io/metadata.name': 'shop', ...situation.namespace?.labels },
      annotations: ours(situation.namespace?.annotations),
    },
  })
  const accepted = Object.entries(situation.profileTargets ?? {}).map(([name, spec], index) =>
    accept(profileTargetView(name, spec, index), settings),
  )
  const profileTargets = createPodSelection(accepted).select(pod, namespace)
  return decidePod(pod, { namespace, profileTargets, settings, interners: createInterners() })
}

export function profileTargetView(name: string, spec: unknown, createdMs: number): ProfileTargetView {
  const view = readProfileTarget({
    metadata: {
      namespace: 'shop',
      name,
      uid: `pt-${name}`,
      generation: 1,
      creationTimestamp: new Date(Date.UTC(2026, 0, 1) + createdMs * 1000).toISOString(),
    },
    spec,
  })
  if (view === undefined) throw new Error(`ProfileTarget ${name} has no view`)
  return view
}

export function accept(view: ProfileTargetView, settings: TargetSettings): AcceptedProfileTarget {
  const acceptance = acceptProfileTarget(view, settings)
  if (acceptance.accepted === undefined)
    throw new Error(`${view.name}: ${acceptance.reason}: ${acceptance.message}`)
  return acceptance.accepted
}

/**
 * A decision in lines that are easy to check: targets as `address workload/container types`, `default` being block,
 * cpu, goroutine, heap and mutex; drops begin with `-`, problems with `!`.
 */
export function describeDecision({ targets, drops, problems }: PodDecision): string[] {
  return [
    ...targets.map(describeTarget),
    ...drops.map(({ owner, port, profileType, code, reason }) =>
      ['-', short(owner), port, profileType, `${code}: ${reason}`].filter((part) => part !== '').join(' '),
    ),
    ...problems.map(({ reason, note }) => `! ${reason}: ${note}`),
  ]
}

function describeTarget({ job, group, target }: PlannedTarget): string {
  const { spec } = job
  const types = spec.profiles.map(({ type, path, seconds }) => {
    const isUsual = path === `/debug/pprof/${type === 'cpu' ? 'profile' : type}`
    const usualSeconds = type === 'cpu' ? 10 : type === 'trace' ? 1 : undefined
    return `${type}${seconds === usualSeconds ? '' : `@${seconds}`}${isUsual ? '' : `=${path}`}`
  })
  const { workload, container = '?', mesh, service_name } = group.labels
  const usually = types.join() === 'block,cpu,goroutine,heap,mutex' ? 'default' : types.join(',')
  const notes = [
    spec.interval === '1m' ? '' : `every ${spec.interval}`,
    spec.timeout === '10s' ? '' : `timeout ${spec.timeout}`,
    spec.owner === 'annotations'
      ? ''
      : `for ${short(spec.owner)}${spec.endpoint === 'default' ? '' : `/${spec.endpoint}`}`,
    service_name === `shop/${workload}` ? '' : `service ${service_name}`,
    ['annotations', `shop/${spec.owner.split('/').at(-1)}`].includes(spec.jobName)
      ? ''
      : `job ${spec.jobName}`,
    mesh === undefined ? '' : `in ${mesh}`,
    group.mesh === undefined ? '' : `(else ${group.mesh.remedy})`,
  ]
  const address = `${spec.scheme === 'https' ? 'https://' : ''}${target.address}${spec.pathPrefix}`
  return [address, `${workload}/${container}`, usually, ...notes].filter((note) => note !== '').join(' ')
}

function short(owner: string): string {
  return owner.replace(/^ProfileTarget\/shop\//, '')
}

function ours(given: Strings = {}): Strings {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key.includes('/') ? key : `conprof.io/${key}`, value]),
  )
}

function readContainer(text: string) {
  const [, prefix = '', name = '', rest = ''] = /^([-+~]?)(\S+) ?(.*)$/.exec(text) ?? []
  const ports = rest.split(' ').filter((port) => port !== '')
  return {
    prefix,
    container: {
      name,
      image: `registry.example:5000/${name}:v1`,
      ports: ports.map((port) => {
        const [number, portName, protocol = 'TCP'] = port.split('/')
        return { containerPort: Number(number), protocol, ...(portName && { name: portName }) }
      }),
    },
  }
}
