import { keepAnnotations } from './keep-annotations.ts'
import type { ContainerKind, ContainerView, PodView, PortView } from './pod-view.ts'
import { readQuantity } from './quantity.ts'
import { workloadOf } from './workload.ts'

/** A Pod as the API server sends it; only what is read here, all of which may be absent. */
export interface RawPod {
  readonly metadata?: {
    readonly namespace?: string
    readonly name?: string
    readonly uid?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly ownerReferences?: readonly {
      readonly apiVersion: string
      readonly kind: string
      readonly name: string
      readonly uid: string
      readonly controller?: boolean
    }[]
  }
  readonly spec?: {
    readonly nodeName?: string
    readonly hostNetwork?: boolean
    readonly containers?: readonly RawContainer[]
    readonly initContainers?: readonly RawContainer[]
    readonly ephemeralContainers?: readonly RawContainer[]
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly RawStatus[]
    readonly initContainerStatuses?: readonly RawStatus[]
    readonly ephemeralContainerStatuses?: readonly RawStatus[]
  }
}

interface RawContainer {
  readonly name: string
  readonly image?: string
  readonly restartPolicy?: string
  readonly ports?: readonly {
    readonly name?: string
    readonly containerPort: number
    readonly protocol?: string
  }[]
  readonly resources?: { readonly limits?: Readonly<Record<string, unknown>> }
}

interface RawStatus {
  readonly name: string
  readonly containerID?: string
  readonly restartCount?: number
  readonly state?: { readonly running?: { readonly startedAt?: string } }
}

/**
 * Projects pods; undefined where one has ended for good. Pods of a workload share what they have in common (labels,
 * names, images, ports), so the projector should live as long as the views that it makes.
 */
export function createPodProjector(): (pod: RawPod) => PodView | undefined {
  const share = createPool()
  return (pod) => projectPod(pod, share)
}

/** One pod by itself. */
export function projectPod(pod: RawPod, share: Pool = (value) => value): PodView | undefined {
  const { metadata = {}, spec = {}, status = {} } = pod
  const phase = share(status.phase ?? 'Unknown')
  if (phase === 'Succeeded' || phase === 'Failed') return undefined
  const name = metadata.name ?? ''
  const labels = share(plainStrings(metadata.labels))
  const node = share(spec.nodeName ?? '')
  const owner = controllerOf(metadata.ownerReferences)
  const statuses = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ]
  const project = (raw: RawContainer, kind: ContainerKind): ContainerView =>
    projectContainer(raw, { kind, status: statuses.find((s) => s.name === raw.name), share })
  return {
    namespace: share(metadata.namespace ?? ''),
    name,
    uid: metadata.uid ?? '',
    labels,
    annotations: share(keepAnnotations(metadata.annotations)),
    createdMs: timeMs(metadata.creationTimestamp),
    node,
    ip: status.podIP ?? '',
    phase,
    isTerminating: metadata.deletionTimestamp !== undefined,
    isHostNetwork: spec.hostNetwork === true,
    isReady: status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false,
    owner: owner && share(owner),
    workload: share(workloadOf({ name, labels, owner })),
    containers: [
      ...(spec.containers ?? []).map((raw) => project(raw, 'container')),
      ...(spec.initContainers ?? []).map((raw) =>
        project(raw, raw.restartPolicy === 'Always' ? 'sidecar' : 'init'),
      ),
      ...(spec.ephemeralContainers ?? []).map((raw) => project(raw, 'ephemeral')),
    ],
  }
}

function projectContainer(
  raw: RawContainer,
  {
    kind,
    status,
    share,
  }: { readonly kind: ContainerKind; readonly status: RawStatus | undefined; readonly share: Pool },
): ContainerView {
  const limits = raw.resources?.limits ?? {}
  return {
    name: share(raw.name),
    kind,
    image: share((raw.image ?? '').slice(0, 1024)),
    ports: share(
      (raw.ports ?? []).map(
        ({ name = '', containerPort, protocol = 'TCP' }): PortView => ({
          name,
          port: containerPort,
          protocol,
        }),
      ),
    ),
    memoryLimitBytes: Math.min(Math.ceil(readQuantity(limits['memory'])), Number.MAX_SAFE_INTEGER),
    cpuLimitMillicores: Math.min(Math.ceil(readQuantity(limits['cpu']) * 1000), Number.MAX_SAFE_INTEGER),
    containerId: (status?.containerID ?? '').slice(0, 200),
    restartCount: status?.restartCount ?? 0,
    startedMs: timeMs(status?.state?.running?.startedAt),
  }
}

function controllerOf(owners: NonNullable<RawPod['metadata']>['ownerReferences']): PodView['owner'] {
  const controller = owners?.find((owner) => owner.controller === true)
  if (controller === undefined) return undefined
  const { apiVersion, kind, name, uid } = controller
  return { apiVersion, kind, name, uid }
}

function plainStrings(given: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(given ?? {}).map(([key, value]) => [key, String(value)]))
}

/** Unix ms; 0 for what is no time. */
function timeMs(text: string | undefined): number {
  const ms = Date.parse(text ?? '')
  return Number.isFinite(ms) && ms > 0 ? ms : 0
}

type Pool = <T extends string | object>(value: T) => T

/** Equal strings and objects become the same one. What was not asked for in a while is forgotten. */
function createPool(): Pool {
  let young = new Map<string, unknown>()
  let old = new Map<string, unknown>()
  return <T extends string | object>(value: T): T => {
    // A quote begins no object's JSON, so that no image's name is taken for labels.
    const key = typeof value === 'string' ? `"${value}` : JSON.stringify(value)
    const known = young.get(key) ?? old.get(key) ?? value
    young.set(key, known)
    if (young.size > maxPooled) {
      old = young
      young = new Map()
    }
    return known as T
  }
}

const maxPooled = 5000
