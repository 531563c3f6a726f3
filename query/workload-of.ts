import type { Labels } from '../profile/labels.ts'

/** What a series' row of the overview stands for: what the operator calls a workload, else what the series is named. */
export function workloadOf(labels: Labels, { withCluster }: { readonly withCluster: boolean }): Labels {
  const { cluster, namespace, workload, service_name, job } = labels
  const own: Labels =
    namespace !== undefined && workload !== undefined
      ? { namespace, workload }
      : service_name !== undefined
        ? { service_name }
        : job !== undefined
          ? { job }
          : {}
  return withCluster && cluster !== undefined ? { cluster, ...own } : own
}

/** Of the pod, or of the instance outside of a cluster: its series share it. */
export function podOf(labels: Labels): string {
  const { cluster = '', namespace = '', pod, instance = '', service_name = '', job = '' } = labels
  return pod === undefined
    ? `instance ${job}/${service_name}/${instance}`
    : `pod ${cluster}/${namespace}/${pod}`
}

/** Of one of a pod's processes. */
export function processOf(labels: Labels): string {
  return `${podOf(labels)} ${labels['container'] ?? ''}`
}
