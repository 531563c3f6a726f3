import type { PodView } from './pod-view.ts'

/** What people call the thing that a pod is a part of, from its controller's name and the pod's labels. */
export function workloadOf(pod: {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly owner: PodView['owner']
}): PodView['workload'] {
  const { name, labels, owner } = pod
  if (owner === undefined) return { kind: 'Pod', name }
  switch (owner.kind) {
    case 'ReplicaSet': {
      const rollout = withoutSuffix(owner.name, labels['rollouts-pod-template-hash'])
      if (rollout !== undefined) return { kind: 'Rollout', name: rollout }
      const deployment = withoutSuffix(owner.name, labels['pod-template-hash'])
      return deployment === undefined
        ? { kind: 'ReplicaSet', name: owner.name }
        : { kind: 'Deployment', name: deployment }
    }
    case 'Job': {
      // A CronJob names its Jobs after the minute they are due.
      const cronJob = owner.name.replace(/-[0-9]{8,}$/, '')
      return cronJob === owner.name || cronJob === ''
        ? { kind: 'Job', name: owner.name }
        : { kind: 'CronJob', name: cronJob }
    }
    case 'Node':
      // A static pod belongs to its kubelet, which appends the node's name.
      return { kind: 'Pod', name: withoutSuffix(name, owner.name) ?? name }
    default:
      return { kind: owner.kind, name: owner.name }
  }
}

function withoutSuffix(name: string, suffix: string | undefined): string | undefined {
  if (suffix === undefined || suffix === '' || !name.endsWith(`-${suffix}`)) return undefined
  return name.slice(0, -suffix.length - 1) || undefined
}
