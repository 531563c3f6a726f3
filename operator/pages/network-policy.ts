import type { PodView } from '../targets/pod-view.ts'

/** The NetworkPolicy that lets collectors of `namespace` reach a port of a pod and those like it, as YAML to apply. */
export function networkPolicy(pod: PodView, port: number, options: { readonly namespace: string }): string {
  const name = `allow-conprof-${pod.workload.name}`.slice(0, 63).replace(/[-.]+$/, '')
  const labels = Object.entries(pod.labels).filter(([key]) => !isOfOnePod(key))
  const selector =
    labels.length === 0
      ? ['  podSelector: {}']
      : [
          '  podSelector:',
          '    matchLabels:',
          ...labels.map(([key, value]) => `      ${quote(key)}: ${quote(value)}`),
        ]
  return [
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    'metadata:',
    `  name: ${name}`,
    `  namespace: ${pod.namespace}`,
    'spec:',
    ...selector,
    '  policyTypes: [Ingress]',
    '  ingress:',
    '    - from:',
    '        - namespaceSelector:',
    '            matchLabels:',
    `              kubernetes.io/metadata.name: ${options.namespace}`,
    '          podSelector:',
    '            matchLabels:',
    '              app.kubernetes.io/part-of: conprof',
    '              app.kubernetes.io/component: collector',
    '      ports:',
    '        - protocol: TCP',
    `          port: ${port}`,
    '',
  ].join('\n')
}

/** Labels that controllers put on, and that the next pod does not have. */
function isOfOnePod(key: string): boolean {
  return (
    key === 'pod-template-hash' ||
    key === 'controller-revision-hash' ||
    key === 'pod-template-generation' ||
    key === 'job-name' ||
    key === 'controller-uid' ||
    key.startsWith('batch.kubernetes.io/') ||
    key.startsWith('statefulset.kubernetes.io/') ||
    key.startsWith('apps.kubernetes.io/')
  )
}

/** A label's value such as "true" or "1" must stay text. */
function quote(text: string): string {
  return JSON.stringify(text)
}
