import type { KubeClient } from '../../../lib/kube/kube-client.ts'
import { createNamespace, createPod, inParallel, type TestPod } from '../../support/cluster-pods.ts'

const namespaceCount = 20
const podsPerWorkload = 20

/** Two containers, thirty variables, the labels and annotations that tools leave behind: about 6 KB as JSON. */
export function manyPods(count: number): TestPod[] {
  const env = Array.from({ length: 30 }, (_, i) => ({
    name: `SETTING_${i}`,
    value: `value-of-${i}-${'x'.repeat(40)}`,
  }))
  return Array.from({ length: count }, (_, i) => {
    const workload = `service-${Math.floor(i / podsPerWorkload)}`
    return {
      namespace: namespaceOf(i),
      name: `${workload}-6d5f7c9b8-${i.toString(36).padStart(5, '0')}`,
      // Nobody scrapes them; were somebody to, it would stay on this machine.
      ip: `127.${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
      node: `node-${i % 200}`,
      owner: { kind: 'ReplicaSet', name: `${workload}-6d5f7c9b8` },
      labels: {
        app: workload,
        'app.kubernetes.io/name': workload,
        'app.kubernetes.io/version': '1.2.3',
        'pod-template-hash': '6d5f7c9b8',
        team: `team-${i % 17}`,
      },
      annotations: {
        'conprof.io/scrape': 'true',
        'kubectl.kubernetes.io/restartedAt': '2026-11-01T00:00:00Z',
      },
      containers: [
        {
          name: 'app',
          ports: [
            { containerPort: 6060, name: 'pprof' },
            { containerPort: 8080, name: 'http' },
          ],
          env,
        },
        { name: 'istio-proxy', image: 'registry.example/proxyv2:1.27.0', ports: [{ containerPort: 15_090 }] },
      ],
    }
  })
}

function namespaceOf(index: number): string {
  return `team-${Math.floor(index / podsPerWorkload) % namespaceCount}`
}

export async function createManyPods(client: KubeClient, pods: readonly TestPod[]): Promise<void> {
  for (const name of new Set(pods.map(({ namespace }) => namespace))) await createNamespace(client, name)
  await inParallel(pods, 16, (pod) => createPod(client, pod))
}
