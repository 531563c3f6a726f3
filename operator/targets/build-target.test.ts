import t from 'tap'
import { scrapeConfigGroup, scrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import { decideSituation, type Situation } from '../../test/support/pod-shapes.ts'

const spec = (endpoint: object, more: object = {}) => ({
  selector: {},
  endpoints: [{ port: 'pprof', ...endpoint }],
  ...more,
})

function planned(situation: Situation) {
  const [target] = decideSituation(situation).targets
  if (target === undefined) throw new Error('no target')
  // What the collector would refuse must not be written.
  scrapeConfigJob.parse(target.job.spec)
  scrapeConfigGroup.parse({ ...target.group, targets: [target.target] })
  return target
}

const limits = { limits: { cpu: '500m', memory: '1Gi' } }
const app = {
  name: 'app',
  image: 'registry.example:5000/shop/cart:v2',
  ports: [{ containerPort: 6060, name: 'pprof' }],
}

t.test('a target has what is its own, its group what the workload shares', async (t) => {
  const target = planned({
    pod: {
      labels: { team: 'a', 'example.com/tier': 'web', version: 'no' },
      spec: { containers: [{ ...app, resources: limits }] },
    },
    profileTargets: {
      api: spec(
        {},
        { labels: { area: 'checkout' }, podTargetLabels: ['team', 'example.com/tier', 'absent'] },
      ),
    },
  })
  t.equal(target.key, 'u1/6060')
  t.equal(target.namespace, 'shop')
  t.equal(target.workload, 'cart')
  t.equal(target.createdMs, Date.UTC(2026, 0, 2, 3))
  t.strictSame(target.group, {
    labels: {
      area: 'checkout',
      container: 'app',
      namespace: 'shop',
      service_name: 'shop/cart',
      version: 'v2',
      workload: 'cart',
      workload_kind: 'Deployment',
    },
    image: 'registry.example:5000/shop/cart:v2',
    memoryLimitBytes: 2 ** 30,
    cpuLimitMillicores: 500,
  })
  t.strictSame(target.target, {
    uid: 'u1',
    address: '10.0.0.5:6060',
    labels: { example_com_tier: 'web', node: 'node-1', pod: 'cart-7d9c5-x', team: 'a' },
    process: {
      containerId: 'containerd://app-1',
      restartCount: 0,
      startTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  })
})

t.test('a target has no process while its container does not run, or nobody knows which it is', async (t) => {
  const endpoint = { a: spec({ port: 7070 }) }
  const { target } = planned({ pod: { status: { containerStatuses: [] } }, profileTargets: endpoint })
  t.equal(target.process, undefined)
  const unknown = planned({ pod: { containers: 'app; helper' }, profileTargets: endpoint })
  t.equal(unknown.target.process, undefined)
  t.equal(unknown.group.labels['container'], undefined)
  t.equal(unknown.group.image, undefined)
})

t.test('the version is the label, else the tag of the image', async (t) => {
  const version = (image: string, labels = {}) =>
    planned({
      pod: { labels, spec: { containers: [{ ...app, image }] } },
      profileTargets: { a: spec({}) },
    }).group.labels['version']
  t.equal(version('cart:v1', { 'app.kubernetes.io/version': '3.1' }), '3.1')
  t.equal(version('cart:v1'), 'v1')
  t.equal(version('registry.example:5000/cart:v1@sha256:0123'), 'v1')
  t.equal(version('registry.example:5000/cart'), undefined)
  t.equal(version('cart@sha256:0123'), undefined)
  t.equal(version(''), undefined)
})

t.test('a job holds settings, and keys instead of credentials', async (t) => {
  const secret = (key: string) => ({ name: 'creds', key })
  const { job } = planned({
    pod: {},
    profileTargets: {
      api: spec({
        name: 'x',
        port: 6060,
        scheme: 'https',
        pathPrefix: '/p',
        interval: '120s',
        timeout: '5s',
        profiles: [
          { type: 'profile', seconds: 20 },
          { type: 'trace', seconds: 3 },
          { type: 'heap', path: '/heap' },
          ...['block', 'mutex', 'goroutine'].map((type) => ({ type, enabled: false })),
        ],
        params: { b: ['2'], a: ['1'] },
        basicAuth: { username: secret('user'), password: secret('password') },
        tls: {
          ca: { secret: secret('ca') },
          cert: { secret: secret('cert') },
          keySecret: secret('key'),
          serverName: 'cart',
        },
        relabelings: [{ sourceLabels: ['version'], targetLabel: 'release' }],
      }),
    },
  })
  const keys = Object.fromEntries(job.credentials.map(({ key, ref }) => [ref.key, key]))
  t.match(job.hash, /^[0-9a-f]{16}$/)
  t.strictSame(job.credentials.map(({ namespace, ref }) => `${namespace}/${ref.name}/${ref.key}`).sort(), [
    'shop/creds/ca',
    'shop/creds/cert',
    'shop/creds/key',
    'shop/creds/password',
    'shop/creds/user',
  ])
  t.equal(new Set(Object.values(keys)).size, 5)
  for (const key of Object.values(keys)) t.match(key, /^[0-9a-f]{16}$/)
  t.strictSame(job.spec, {
    owner: 'ProfileTarget/shop/api',
    endpoint: 'x',
    jobName: 'shop/api',
    scheme: 'https',
    pathPrefix: '/p',
    interval: '2m',
    timeout: '5s',
    profiles: [
      { type: 'cpu', path: '/debug/pprof/profile', seconds: 20, keepEmpty: true },
      { type: 'heap', path: '/heap', keepEmpty: true },
      { type: 'trace', path: '/debug/pprof/trace', seconds: 3, keepEmpty: true },
    ],
    params: { b: ['2'], a: ['1'] },
    basicAuth: { usernameKey: keys['user'], passwordKey: keys['password'] },
    tls: { caKey: keys['ca'], certKey: keys['cert'], keyKey: keys['key'], serverName: 'cart' },
    relabelings: [{ action: 'replace', sourceLabels: ['version'], targetLabel: 'release' }],
  })
})

t.test('equal settings have equal hashes, others have others', async (t) => {
  const hash = (endpoint: object) => planned({ pod: {}, profileTargets: { a: spec(endpoint) } }).job.hash
  t.equal(
    hash({ interval: '60s', params: { a: ['1'], b: ['2'] } }),
    hash({ interval: '1m', params: { b: ['2'], a: ['1'] } }),
  )
  t.not(hash({}), hash({ interval: '2m' }))
  const bearer = (name: string) => ({ authorization: { credentials: { name, key: 'token' } } })
  t.not(hash(bearer('a')), hash(bearer('b')))
})
