import t from 'tap'
import { decideSituation, describeDecision, type SituationCase } from '../../test/support/pod-shapes.ts'

const yes = { scrape: 'true' }
const istio = 'app 8080/http 6060/pprof; istio-proxy 15090'
const pprof = (more: object = {}) => ({
  selector: { matchLabels: { app: 'cart' } },
  endpoints: [{ port: 'pprof' }],
  ...more,
})

const cases: readonly SituationCase[] = [
  [
    'istio',
    { pod: { annotations: yes, containers: 'app 6060; istio-proxy 15090' } },
    [
      '10.0.0.5:6060 cart/app default in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "6060")',
    ],
  ],
  [
    'istio as a native sidecar',
    { pod: { annotations: yes, containers: 'app 6060; -istio-init; +istio-proxy 15090' } },
    [
      '10.0.0.5:6060 cart/app default in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "6060")',
    ],
  ],
  [
    'istio by its annotation',
    {
      pod: {
        annotations: { ...yes, 'sidecar.istio.io/status': '{"containers":[]}' },
        containers: 'app 6060',
      },
    },
    [
      '10.0.0.5:6060 cart/app default in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "6060")',
    ],
  ],
  [
    'istio that excludes another port',
    {
      pod: {
        annotations: { ...yes, 'traffic.sidecar.istio.io/excludeInboundPorts': '9090, 9091' },
        containers: 'app 6060; istio-proxy',
      },
    },
    [
      '10.0.0.5:6060 cart/app default in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "9090,9091,6060")',
    ],
  ],
  [
    'istio that leaves the port alone',
    {
      pod: {
        annotations: { ...yes, 'traffic.sidecar.istio.io/excludeInboundPorts': '9090,6060' },
        containers: 'app 6060; istio-proxy',
      },
    },
    ['10.0.0.5:6060 cart/app default in istio'],
  ],
  [
    'istio that takes other ports only',
    {
      pod: {
        annotations: { ...yes, 'traffic.sidecar.istio.io/includeInboundPorts': '8080' },
        containers: 'app 6060; istio-proxy',
      },
    },
    ['10.0.0.5:6060 cart/app default in istio'],
  ],
  [
    'istio ambient by the pod',
    { pod: { annotations: yes, labels: { 'istio.io/dataplane-mode': 'ambient' } } },
    [
      '10.0.0.5:6060 cart/app default in istio-ambient (else create a PeerAuthentication that selects the pod, with portLevelMtls: {6060: {mode: PERMISSIVE}})',
    ],
  ],
  [
    'istio ambient by the namespace',
    { pod: { annotations: yes }, namespace: { labels: { 'istio.io/dataplane-mode': 'ambient' } } },
    [
      '10.0.0.5:6060 cart/app default in istio-ambient (else create a PeerAuthentication that selects the pod, with portLevelMtls: {6060: {mode: PERMISSIVE}})',
    ],
  ],
  [
    'istio ambient, and the pod stays out',
    {
      pod: { annotations: yes, labels: { 'istio.io/dataplane-mode': 'none' } },
      namespace: { labels: { 'istio.io/dataplane-mode': 'ambient' } },
    },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'linkerd',
    { pod: { annotations: yes, containers: 'app 6060; linkerd-proxy 4143' } },
    [
      '10.0.0.5:6060 cart/app default in linkerd (else annotate the pod template with config.linkerd.io/skip-inbound-ports: "6060")',
    ],
  ],
  [
    'linkerd that skips a range',
    {
      pod: {
        annotations: {
          ...yes,
          'linkerd.io/proxy-version': 'v2',
          'config.linkerd.io/skip-inbound-ports': '6000-6999',
        },
        containers: 'app 6060',
      },
    },
    ['10.0.0.5:6060 cart/app default in linkerd'],
  ],
  [
    'consul',
    { pod: { annotations: yes, containers: 'app 6060; consul-dataplane' } },
    [
      '10.0.0.5:6060 cart/app default in consul (else annotate the pod template with consul.hashicorp.com/transparent-proxy-exclude-inbound-ports: "6060")',
    ],
  ],
  [
    'kuma',
    {
      pod: {
        annotations: { ...yes, 'kuma.io/sidecar-injected': 'true' },
        containers: 'app 6060; kuma-sidecar',
      },
    },
    [
      '10.0.0.5:6060 cart/app default in kuma (else annotate the pod template with traffic.kuma.io/exclude-inbound-ports: "6060")',
    ],
  ],
  [
    'two ports behind a mesh',
    { pod: { annotations: { ...yes, port: '6060,6061' }, containers: 'app 6060 6061; istio-proxy' } },
    [
      '10.0.0.5:6060 cart/app default in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "6060")',
      '10.0.0.5:6061 cart/app default in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "6061")',
    ],
  ],
  [
    'mesh: auto',
    { pod: { containers: istio }, profileTargets: { a: pprof() } },
    [
      '10.0.0.5:6060 cart/app default for a in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "6060")',
    ],
  ],
  [
    'mesh: direct',
    { pod: { containers: istio }, profileTargets: { a: pprof({ mesh: 'direct' }) } },
    ['10.0.0.5:6060 cart/app default for a in istio'],
  ],
  [
    'mesh: skip',
    { pod: { containers: istio }, profileTargets: { a: pprof({ mesh: 'skip' }) } },
    ['- a pprof MeshSkipped: the pod is in the mesh istio, and mesh is skip'],
  ],
  [
    'mesh: skip without a mesh',
    { pod: {}, profileTargets: { a: pprof({ mesh: 'skip' }) } },
    ['10.0.0.5:6060 cart/app default for a'],
  ],
]

t.test('a mesh is seen, and a refused scrape knows its remedy', async (t) => {
  for (const [name, situation, want] of cases)
    t.strictSame(describeDecision(decideSituation(situation)), want, name)
})
