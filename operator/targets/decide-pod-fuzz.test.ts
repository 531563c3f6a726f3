import fc from 'fast-check'
import t from 'tap'
import { scrapeConfigGroup, scrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import { accept, podView, profileTargetView } from '../../test/support/pod-shapes.ts'
import { knownKeys } from './check-keys.ts'
import { createInterners, decidePod } from './decide-pod.ts'
import { projectNamespace } from './project-namespace.ts'
import { createPodProjector, projectPod, type RawPod } from './project-pod.ts'
import { createPodSelection } from './select-pods.ts'
import { defaultTargetSettings, type TargetSettings } from './settings.ts'

const settings: TargetSettings = { ...defaultTargetSettings, annotationCompat: 'grafana' }
const spec = (port: number | string, more: object = {}) => ({
  selector: { matchLabels: { app: 'cart' } },
  endpoints: [{ port, ...more }],
})
const profileTargets = [spec('pprof'), spec(6060, { profiles: [{ type: 'own' }] }), spec(8080)].map(
  (each, index) => accept(profileTargetView(`t${index}`, each, index), settings),
)

const types = ['cpu', 'profile', 'heap', 'own', 'trace', 'constructor', '__proto__', 'memory', 'a.b']
const key = fc.oneof(
  fc.constantFrom(...knownKeys.map((name) => `conprof.io/${name}`)),
  fc
    .tuple(
      fc.constantFrom('conprof.io/', 'profiles.grafana.com/'),
      fc.constantFrom(...types),
      fc.constantFrom('enabled', 'path', 'port', 'seconds', 'scrape', 'port_name', 'x'),
    )
    .map(([prefix, type, field]) => `${prefix}${type}.${field}`),
  fc.constantFrom(
    'traffic.sidecar.istio.io/excludeInboundPorts',
    'sidecar.istio.io/status',
    'conprof.io/',
    'conprof.io/.',
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => `conprof.io/${text}`),
)
const value = fc.oneof(
  fc.constantFrom(
    'true',
    'false',
    '6060',
    'pprof',
    '6060,8080',
    'cpu,-heap',
    'all',
    '30s',
    '5s',
    '300',
    '/app',
    'app',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('1s'.repeat(100_000), ','.repeat(2000), 'a-'.repeat(10_000), `/${'../'.repeat(1000)}`),
)
const container = fc.record({
  name: fc.constantFrom('app', 'helper', 'istio-proxy', 'envoy', ''),
  image: fc.oneof(fc.constantFrom('cart:v1', 'a@b@c:d/:e', ':'), fc.string({ maxLength: 10 })),
  restartPolicy: fc.constantFrom('Always', 'Never'),
  ports: fc.array(
    fc.record({
      containerPort: fc.constantFrom(6060, 8080, 1),
      name: fc.constantFrom('pprof', 'http', 'x-pprof', ''),
      protocol: fc.constantFrom('TCP', 'UDP'),
    }),
    { maxLength: 3 },
  ),
})
const strings = fc.dictionary(key, value, { maxKeys: 8 })
const containers = fc.array(container, { maxLength: 3 })
const rawPods: fc.Arbitrary<RawPod> = fc
  .record({
    annotations: strings,
    labels: strings,
    hasApp: fc.boolean(),
    containers,
    initContainers: containers,
    ephemeralContainers: containers,
    phase: fc.constantFrom('Running', 'Running', 'Pending'),
    podIP: fc.constantFrom('10.0.0.1', 'fd00::1', ''),
  })
  .map(({ annotations, labels, hasApp, phase, podIP, ...spec }) => ({
    metadata: {
      namespace: 'shop',
      name: 'p',
      uid: 'u',
      annotations: { 'conprof.io/scrape': 'true', ...annotations },
      labels: { ...labels, ...(hasApp && { app: 'cart' }) },
    },
    spec,
    status: { phase, podIP },
  }))

t.test(
  'decidePod() decides about whatever there is, always the same, and writes nothing that is refused',
  async (t) => {
    const reverse = <T>(of: Readonly<Record<string, T>> | undefined) =>
      Object.fromEntries(Object.entries(of ?? {}).reverse())
    fc.assert(
      fc.property(rawPods, fc.option(strings, { nil: undefined }), (raw, inherited) => {
        const namespace =
          inherited && projectNamespace({ metadata: { name: 'shop', annotations: inherited } })
        const decide = (given: RawPod, of = profileTargets) => {
          const pod = projectPod(given)!
          const selected = createPodSelection(of).select(pod, namespace)
          return decidePod(pod, {
            namespace,
            profileTargets: selected,
            settings,
            interners: createInterners(),
          })
        }
        const decision = decide(raw)
        const { metadata = {} } = raw
        const again = decide(
          {
            ...raw,
            metadata: {
              ...metadata,
              annotations: reverse(metadata.annotations),
              labels: reverse(metadata.labels),
            },
          },
          profileTargets.toReversed(),
        )
        if (JSON.stringify(decision) !== JSON.stringify(again)) throw new Error('the order of keys matters')
        for (const { job, group, target } of decision.targets) {
          scrapeConfigJob.parse(job.spec)
          scrapeConfigGroup.parse({ ...group, targets: [target] })
        }
        const claims = decision.targets.flatMap(
          ({
            job: {
              spec: { pathPrefix, profiles },
            },
            target,
          }) => profiles.map(({ type, path }) => `${target.address} ${pathPrefix}${path} ${type}`),
        )
        if (new Set(claims).size !== claims.length) throw new Error(`twice: ${claims.join('; ')}`)
        for (const { note, value } of decision.problems) {
          if (note.length > 1000 || value.length > 128 || /[\n\r]/.test(note))
            throw new Error(`note: ${note}`)
        }
        if (decision.chain.length === 0) throw new Error('no chain')
      }),
      { numRuns: 2000 },
    )
    t.pass()
  },
)

t.test('values that were written to do harm are quick', async (t) => {
  const harmful = [
    '1s'.repeat(500_000),
    `${'a-'.repeat(500)}!`,
    `/${'a'.repeat(1000)} `,
    `${'1'.repeat(1000)}!`,
    ','.repeat(1000),
  ]
  const before = process.cpuUsage()
  for (const text of harmful) {
    const names = [
      'port',
      'path',
      'scheme',
      'container',
      'profiles',
      'interval',
      'timeout',
      'seconds',
      'job',
      'cpu.path',
      'cpu.seconds',
      'cpu.port',
    ]
    const annotations = Object.fromEntries(names.map((name) => [name, text]))
    const pod = podView({ annotations: { scrape: 'true', ...annotations } })
    decidePod(pod, { namespace: undefined, profileTargets: [], settings, interners: createInterners() })
  }
  // Of its own: others may be at work as well.
  const tookMs = process.cpuUsage(before).user / 1000
  t.ok(tookMs < 1000, `${tookMs.toFixed(0)} ms`)
})

t.test('10,000 pods are decided in well under a second', async (t) => {
  const project = createPodProjector()
  const interners = createInterners()
  const pods = Array.from({ length: 10_000 }, (_, index) => {
    const name = `app-${index % 500}`
    return project({
      metadata: {
        namespace: `ns-${index % 50}`,
        name: `${name}-7d9c5-${index}`,
        uid: `uid-${index}`,
        labels: { app: name, 'pod-template-hash': '7d9c5' },
        annotations: { 'conprof.io/scrape': 'true', 'conprof.io/interval': '30s' },
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-7d9c5`, uid: name, controller: true },
        ],
      },
      spec: {
        nodeName: `node-${index % 100}`,
        containers: [
          {
            name: 'app',
            image: `registry.example/${name}:v1`,
            ports: [{ containerPort: 6060, name: 'pprof' }],
          },
        ],
      },
      status: { phase: 'Running', podIP: `10.0.${index >> 8}.${index & 255}` },
    })!
  })
  const start = performance.now()
  const decisions = pods.map((pod) =>
    decidePod(pod, { namespace: undefined, profileTargets: [], settings, interners }),
  )
  t.comment(`decided in ${(performance.now() - start).toFixed(0)} ms`)
  t.ok(decisions.every(({ targets }) => targets.length === 1))
  t.equal(interners.jobs.size, 1)
  t.equal(interners.groups.size, 500)
})
