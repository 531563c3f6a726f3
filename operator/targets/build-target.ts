import { protectedLabels, type ScrapeConfigTarget } from '../../collector/config/scrape-config-resource.ts'
import { sortLabels } from '../../profile/labels.ts'
import type { Ask } from './ask.ts'
import type { PlannedGroup } from './decision.ts'
import type { Interner } from './interner.ts'
import type { ContainerView, PodView } from './pod-view.ts'

interface At {
  readonly pod: PodView
  readonly port: number
  readonly container: ContainerView | undefined
}

/** What all pods of the workload share. Equal groups are the same object. */
export function buildGroup(
  ask: Ask,
  at: At & {
    /** "" where there is none. */
    readonly meshName: string
    readonly mesh: PlannedGroup['mesh']
  },
  { groups }: { readonly groups: Interner<PlannedGroup> },
): PlannedGroup {
  const { pod, container, mesh } = at
  const { kind, name } = pod.workload
  const own = Object.entries(ask.labels).filter(([label]) => !protectedLabels.includes(label))
  const group: PlannedGroup = {
    labels: sortLabels(
      Object.entries({
        namespace: pod.namespace,
        workload: name,
        workload_kind: kind,
        service_name: `${pod.namespace}/${name}`,
        version: versionOf(pod, container),
        container: container?.name ?? '',
        mesh: at.meshName,
        ...Object.fromEntries(own),
      }),
    ),
    ...(container !== undefined && container.image !== '' && { image: container.image }),
    ...(container !== undefined &&
      container.memoryLimitBytes > 0 && { memoryLimitBytes: container.memoryLimitBytes }),
    ...(container !== undefined &&
      container.cpuLimitMillicores > 0 && { cpuLimitMillicores: container.cpuLimitMillicores }),
    ...(mesh !== undefined && { mesh }),
  }
  return groups.intern(JSON.stringify(group), () => group)
}

/** What is this pod's alone. */
export function buildTarget(
  ask: Ask,
  { pod, port, container }: At,
): Omit<ScrapeConfigTarget, 'startAfterMs'> {
  const copied = ask.podTargetLabels
    .filter(({ name }) => !protectedLabels.includes(name))
    .map(({ key, name }) => [name, Object.hasOwn(pod.labels, key) ? (pod.labels[key] ?? '') : ''] as const)
  return {
    uid: pod.uid,
    address: addressOf(pod, port),
    labels: sortLabels([...new Map([...copied, ['pod', pod.name], ['node', pod.node]])]),
    ...(container !== undefined &&
      container.containerId !== '' && {
        process: {
          containerId: container.containerId,
          restartCount: container.restartCount,
          startTimeMs: container.startedMs,
        },
      }),
  }
}

export function addressOf({ ip }: PodView, port: number): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`
}

/** `app.kubernetes.io/version`, else the image's tag; "" where there is neither. */
function versionOf(pod: PodView, container: ContainerView | undefined): string {
  const label = pod.labels['app.kubernetes.io/version']
  if (label !== undefined && label !== '') return label
  // Only after the last slash is a colon no port of a registry's; a digest is no name.
  const name = (container?.image ?? '').split('@')[0]!.split('/').at(-1)!
  const colon = name.indexOf(':')
  return colon === -1 ? '' : name.slice(colon + 1, colon + 129)
}
