import t from 'tap'
import { rawPod } from '../../test/support/pod-shapes.ts'
import { createPodProjector, projectPod, type RawPod } from './project-pod.ts'

const raw: RawPod = {
  metadata: {
    namespace: 'shop',
    name: 'cart-7d9c5-x2x4q',
    uid: '6f0b',
    labels: { app: 'cart', 'pod-template-hash': '7d9c5' },
    annotations: {
      'conprof.io/scrape': 'true',
      'kubectl.kubernetes.io/last-applied-configuration': '{"a":"long story"}',
      'sidecar.istio.io/status': '{"initContainers":["istio-init"]}',
    },
    creationTimestamp: '2026-01-02T03:00:00Z',
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Other', name: 'nobody', uid: '0' },
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d9c5', uid: '77', controller: true },
    ],
  },
  spec: {
    nodeName: 'node-1',
    containers: [
      {
        name: 'app',
        image: 'registry.example/cart:v2',
        ports: [
          { containerPort: 8080, name: 'http' },
          { containerPort: 8125, protocol: 'UDP' },
        ],
        resources: { limits: { cpu: '1500m', memory: '256Mi' } },
      },
    ],
    initContainers: [
      { name: 'migrate', image: 'migrate' },
      { name: 'proxy', image: 'proxy', restartPolicy: 'Always' },
    ],
    ephemeralContainers: [{ name: 'debugger' }],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.5',
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'Ready', status: 'True' },
    ],
    containerStatuses: [
      {
        name: 'app',
        containerID: 'containerd://abc',
        restartCount: 3,
        state: { running: { startedAt: '2026-01-02T03:04:05Z' } },
      },
    ],
    initContainerStatuses: [
      { name: 'proxy', containerID: 'containerd://def', restartCount: 0, state: { running: {} } },
    ],
  },
}

t.test('projectPod() keeps what decisions need', async (t) => {
  const idle = {
    ports: [],
    memoryLimitBytes: 0,
    cpuLimitMillicores: 0,
    containerId: '',
    restartCount: 0,
    startedMs: 0,
  }
  t.strictSame(projectPod(raw), {
    namespace: 'shop',
    name: 'cart-7d9c5-x2x4q',
    uid: '6f0b',
    labels: { app: 'cart', 'pod-template-hash': '7d9c5' },
    annotations: { 'conprof.io/scrape': 'true', 'sidecar.istio.io/status': '{' },
    createdMs: Date.UTC(2026, 0, 2, 3),
    node: 'node-1',
    ip: '10.0.0.5',
    phase: 'Running',
    isTerminating: false,
    isHostNetwork: false,
    isReady: true,
    owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d9c5', uid: '77' },
    workload: { kind: 'Deployment', name: 'cart' },
    containers: [
      {
        name: 'app',
        kind: 'container',
        image: 'registry.example/cart:v2',
        ports: [
          { name: 'http', port: 8080, protocol: 'TCP' },
          { name: '', port: 8125, protocol: 'UDP' },
        ],
        memoryLimitBytes: 256 * 2 ** 20,
        cpuLimitMillicores: 1500,
        containerId: 'containerd://abc',
        restartCount: 3,
        startedMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      },
      { ...idle, name: 'migrate', kind: 'init', image: 'migrate' },
      { ...idle, name: 'proxy', kind: 'sidecar', image: 'proxy', containerId: 'containerd://def' },
      { ...idle, name: 'debugger', kind: 'ephemeral', image: '' },
    ],
  })
})

t.test('projectPod() takes what is missing as absent, and forgets pods that have ended', async (t) => {
  t.match(projectPod({}), { name: '', ip: '', phase: 'Unknown', containers: [], owner: undefined })
  for (const phase of ['Succeeded', 'Failed'])
    t.equal(projectPod(rawPod({ status: { phase } })), undefined, phase)
})

t.test('projectPod() names the workload as people do', async (t) => {
  const cases: [string, string, Record<string, string>, string][] = [
    ['ReplicaSet', 'cart-7d9c5', { 'pod-template-hash': '7d9c5' }, 'Deployment cart'],
    ['ReplicaSet', 'cart-7d9c5', {}, 'ReplicaSet cart-7d9c5'],
    ['ReplicaSet', 'cart-7d9c5', { 'pod-template-hash': 'd9c5' }, 'ReplicaSet cart-7d9c5'],
    ['ReplicaSet', 'cart-7d9c5', { 'rollouts-pod-template-hash': '7d9c5' }, 'Rollout cart'],
    ['Job', 'backup-28437120', {}, 'CronJob backup'],
    ['Job', 'backup-2843712', {}, 'Job backup-2843712'],
    ['Job', 'migrate', {}, 'Job migrate'],
    ['StatefulSet', 'db', {}, 'StatefulSet db'],
    ['DaemonSet', 'agent', {}, 'DaemonSet agent'],
    ['Kafka', 'events', {}, 'Kafka events'],
    ['Node', 'node-1', {}, 'Pod kube-apiserver'],
  ]
  for (const [kind, name, labels, want] of cases) {
    const metadata = {
      name: kind === 'Node' ? 'kube-apiserver-node-1' : `${name}-x`,
      labels,
      ownerReferences: [{ apiVersion: 'v1', kind, name, uid: '1', controller: true }],
    }
    const view = projectPod({ metadata })
    t.equal(
      `${view?.workload.kind} ${view?.workload.name}`,
      want,
      `${kind} ${name} ${JSON.stringify(labels)}`,
    )
  }
  t.strictSame(projectPod({ metadata: { name: 'alone' } })?.workload, { kind: 'Pod', name: 'alone' })
})

t.test('no annotations fill the memory', async (t) => {
  const many = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`conprof.io/a-long-name-${index}`, 'x'.repeat(5000)]),
  )
  const view = projectPod({ metadata: { annotations: { ...many, 'conprof.io/scrape': 'false' } } })
  t.equal(Object.keys(view?.annotations ?? {}).length, 100)
  t.equal(view?.annotations['conprof.io/scrape'], 'false', 'the veto is kept')
  t.ok(Object.values(view?.annotations ?? {}).every((value) => value.length <= 1025))
})

t.test('createPodProjector() lets the pods of a workload share what they have in common', async (t) => {
  const project = createPodProjector()
  const [a, b] = [
    project(rawPod({})),
    project(
      rawPod({
        metadata: { name: 'other', uid: 'u2', labels: { app: 'cart', 'pod-template-hash': '7d9c5' } },
      }),
    ),
  ]
  t.not(a?.name, b?.name)
  t.equal(a?.labels, b?.labels)
  t.equal(a?.workload, b?.workload)
  t.equal(a?.containers[0]?.ports, b?.containers[0]?.ports)
  t.strictSame(a, projectPod(rawPod({})))
  const odd = project(rawPod({ spec: { containers: [{ name: 'x', image: JSON.stringify(a?.labels) }] } }))
  t.equal(typeof odd?.containers[0]?.image, 'string', 'no text is taken for an object')
})
