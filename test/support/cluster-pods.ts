import type { KubeClient } from '../../lib/kube/kube-client.ts'

/** A pod as a test wants it: running on a node that nobody runs, its status written by hand. */
export interface TestPod {
  readonly namespace: string
  readonly name: string
  readonly ip: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** `app` with the port 6060 named `pprof` without it. */
  readonly containers?: readonly TestContainer[]
  readonly owner?: { readonly kind: string; readonly name: string; readonly apiVersion?: string }
  readonly node?: string
  readonly isReady?: boolean
}

export interface TestContainer {
  readonly name: string
  readonly image?: string
  readonly ports?: readonly { readonly containerPort: number; readonly name?: string }[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
}

export async function createNamespace(
  client: KubeClient,
  name: string,
  metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> } = {},
): Promise<void> {
  await client.request({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } },
  })
}

/** Creates the pod and says that it runs. Returns its UID. */
export async function createPod(client: KubeClient, pod: TestPod): Promise<string> {
  const { namespace, name, labels, annotations, node = 'node-1' } = pod
  const containers = pod.containers ?? [{ name: 'app', ports: [{ containerPort: 6060, name: 'pprof' }] }]
  const { metadata } = await client.request<{ metadata: { uid: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/pods`,
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        ...(labels !== undefined && { labels }),
        ...(annotations !== undefined && { annotations }),
        ...(pod.owner !== undefined && {
          ownerReferences: [
            { apiVersion: 'apps/v1', uid: `uid-of-${pod.owner.name}`, controller: true, ...pod.owner },
          ],
        }),
      },
      spec: {
        nodeName: node,
        containers: containers.map(({ image = 'registry.example/app:1.2.3', ...container }) => ({
          image,
          ...container,
        })),
      },
    },
  })
  await writePodStatus(client, pod)
  return metadata.uid
}

/** What a kubelet would say of it. */
export async function writePodStatus(client: KubeClient, pod: TestPod): Promise<void> {
  const { namespace, name, ip, isReady = true } = pod
  const startedAt = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z$/, 'Z')
  const containers = pod.containers ?? [{ name: 'app' }]
  await client.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: {
      status: {
        phase: 'Running',
        podIP: ip,
        podIPs: [{ ip }],
        startTime: startedAt,
        conditions: [readyCondition(isReady)],
        containerStatuses: containers.map((container) => ({
          name: container.name,
          image: 'registry.example/app:1.2.3',
          imageID: 'registry.example/app@sha256:0',
          containerID: `containerd://${Buffer.from(`${namespace}/${name}/${container.name}`).toString('hex').slice(0, 64).padEnd(64, '0')}`,
          ready: isReady,
          restartCount: 0,
          started: true,
          state: { running: { startedAt } },
        })),
      },
    },
  })
}

export async function setPodReady(
  client: KubeClient,
  pod: { readonly namespace: string; readonly name: string },
  isReady: boolean,
): Promise<void> {
  await client.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: { status: { conditions: [readyCondition(isReady)] } },
  })
}

function readyCondition(isReady: boolean) {
  return {
    type: 'Ready',
    status: isReady ? 'True' : 'False',
    lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  }
}

export async function annotatePod(
  client: KubeClient,
  pod: { readonly namespace: string; readonly name: string },
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  await client.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations } },
  })
}

/** At once, without a kubelet that would have to agree. */
export async function deletePod(
  client: KubeClient,
  pod: { readonly namespace: string; readonly name: string },
): Promise<void> {
  await client.request({
    method: 'DELETE',
    path: `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`,
    body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 },
  })
}

/** The StatefulSet of the collectors; nobody makes its pods but the test. */
export async function putStatefulSet(
  client: KubeClient,
  set: { readonly namespace: string; readonly name: string; readonly replicas: number },
): Promise<void> {
  const labels = { app: set.name }
  await client.apply(`/apis/apps/v1/namespaces/${set.namespace}/statefulsets/${set.name}`, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: set.name, namespace: set.namespace },
    spec: {
      replicas: set.replicas,
      serviceName: set.name,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'conprof', image: 'registry.example/conprof:1' }] },
      },
    },
  })
}

/** Calls `work` for each item, so many at a time. */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < items.length) await work(items[next++]!)
    }),
  )
}
