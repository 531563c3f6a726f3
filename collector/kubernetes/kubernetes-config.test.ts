import t from 'tap'
import type { ScrapeConfigSpec } from '../config/scrape-config-resource.ts'
import { readScrapeConfigSpec, targetsOfSpec } from './kubernetes-config.ts'

const spec: ScrapeConfigSpec = {
  shard: 0,
  epoch: 3,
  job: {
    owner: 'ProfileTarget/shop/cart',
    endpoint: 'pprof',
    jobName: 'shop/cart',
    scheme: 'http',
    pathPrefix: '/internal/',
    interval: '30s',
    timeout: '5s',
    profiles: [
      { type: 'cpu', path: '/debug/pprof/profile', seconds: 10, keepEmpty: true },
      { type: 'block', path: '/debug/pprof/block', keepEmpty: false },
    ],
  },
  groups: [
    {
      labels: { namespace: 'shop', workload: 'cart', service_name: 'shop/cart' },
      image: 'shop/cart:1',
      memoryLimitBytes: 1 << 28,
      cpuLimitMillicores: 500,
      mesh: { name: 'istio', remedy: 'exclude the port' },
      targets: [
        {
          uid: 'u1',
          address: '10.0.0.1:6060',
          labels: { pod: 'cart-0' },
          process: { containerId: 'containerd://1', restartCount: 2, startTimeMs: 5 },
          startAfterMs: 9,
        },
        { uid: 'u2', address: '[fd00::2]:6060', labels: { pod: 'cart-1' } },
      ],
    },
  ],
}

const nothing = { credentials: new Map<string, string>(), externalLabels: {} }

function withJob(job: Partial<ScrapeConfigSpec['job']>): ScrapeConfigSpec {
  return { ...spec, job: { ...spec.job, ...job } }
}

t.test('targetsOfSpec() makes one target per process and type', async (t) => {
  const { active, dropped } = targetsOfSpec('x', spec, { ...nothing, externalLabels: { cluster: 'default' } })
  t.strictSame(dropped, [])
  t.equal(active.length, 4)
  t.strictSame(
    active.map(({ url }) => url),
    [
      'http://10.0.0.1:6060/internal/debug/pprof/profile?seconds=10',
      'http://10.0.0.1:6060/internal/debug/pprof/block',
      'http://[fd00::2]:6060/internal/debug/pprof/profile?seconds=10',
      'http://[fd00::2]:6060/internal/debug/pprof/block',
    ],
  )
  t.match(active[0], {
    job: 'shop/cart',
    profileType: 'cpu',
    labels: {
      cluster: 'default',
      instance: '10.0.0.1:6060',
      job: 'shop/cart',
      namespace: 'shop',
      pod: 'cart-0',
      profile_path: '/internal/debug/pprof/profile',
      profile_type: 'cpu',
      service_name: 'shop/cart',
      workload: 'cart',
    },
    intervalMs: 30_000,
    timeoutMs: 15_000,
    seconds: 10,
    http: { followRedirects: false },
    facts: {
      owner: 'ProfileTarget/shop/cart',
      endpoint: 'pprof',
      startAfterMs: 9,
      meshRemedy: 'exclude the port',
      process: {
        containerId: 'containerd://1',
        restartCount: 2,
        startTimeMs: 5,
        image: 'shop/cart:1',
        memoryLimitBytes: 1 << 28,
        cpuLimitMillicores: 500,
      },
    },
  })
  t.equal(active[1]!.keepEmpty, false)
  t.match(active[2]!.facts!.process, { containerId: '', restartCount: 0, image: 'shop/cart:1' })
})

t.test('no relabeling changes what is protected', async (t) => {
  const rules = [
    [{ action: 'Replace', targetLabel: 'namespace', replacement: 'kube-system' }],
    [{ targetLabel: '__address__', replacement: '169.254.169.254:80' }],
    [{ targetLabel: '__scheme__', replacement: 'https' }],
    [{ targetLabel: '__profile_path__', replacement: '/secrets' }],
    [{ targetLabel: '__scrape_interval__', replacement: '20s' }],
    [{ targetLabel: '__param_seconds', replacement: '1' }],
    [{ targetLabel: 'profile_type', replacement: 'heap' }],
    [{ targetLabel: 'node', replacement: 'not-there-before' }],
    [{ targetLabel: 'cluster', replacement: 'another' }],
    [{ action: 'labelmap', regex: 'service_(name)', replacement: 'workload' }],
    [{ action: 'labeldrop', regex: 'pod|namespace|__.*' }],
    [{ action: 'labelkeep', regex: 'service_name|job' }],
    [{ targetLabel: 'pod', replacement: '' }],
  ]
  const context = { ...nothing, externalLabels: { cluster: 'default' } }
  const { active: plain } = targetsOfSpec('x', spec, context)
  for (const relabelings of rules) {
    const { active } = targetsOfSpec('x', withJob({ relabelings }), context)
    t.strictSame(active, plain, JSON.stringify(relabelings))
  }
  const allowed = [
    { targetLabel: 'team', replacement: 'checkout' },
    { targetLabel: 'service_name', replacement: 'c' },
  ]
  const { active } = targetsOfSpec('x', withJob({ relabelings: allowed }), context)
  t.match(active[0]!.labels, { team: 'checkout', service_name: 'c' })
  const drop = [{ action: 'drop', sourceLabels: ['pod'], regex: 'cart-1' }]
  const some = targetsOfSpec('x', withJob({ relabelings: drop }), context)
  t.strictSame([some.active.length, some.dropped.length], [2, 2])
})

t.test('credentials come from the Secret, and nothing is scraped without them', async (t) => {
  const job = withJob({
    authorization: { type: 'Bearer', credentialsKey: 'a.token' },
    tls: { caKey: 'a.ca', serverName: 'cart.shop', insecureSkipVerify: false },
    scheme: 'https',
  })
  const credentials = new Map([
    ['a.token', 's3cret\n'],
    ['a.ca', 'PEM'],
    ['other', 'x'],
  ])
  const { active } = targetsOfSpec('x', job, { ...nothing, credentials })
  t.strictSame(active[0]!.http, {
    authorization: { type: 'Bearer', credentials: 's3cret\n' },
    tls: { ca: 'PEM', serverName: 'cart.shop', insecureSkipVerify: false },
    followRedirects: false,
  })
  t.notMatch(JSON.stringify({ ...active[0], http: undefined }), 's3cret')
  credentials.delete('a.token')
  const without = targetsOfSpec('x', job, { ...nothing, credentials })
  t.strictSame(without.active, [])
  t.equal(without.dropped.length, 4)
  t.equal(
    without.dropped[0]!.reason,
    'its credentials are not there: no key "a.token" in the shard\'s Secret',
  )
  const basicAuth = { usernameKey: 'other', passwordKey: 'a.ca' }
  const basic = targetsOfSpec('x', withJob({ basicAuth }), { ...nothing, credentials })
  t.strictSame(basic.active[0]!.http.basicAuth, { username: 'x', password: 'PEM' })
})

t.test('readScrapeConfigSpec() says in one line what is wrong', async (t) => {
  t.strictSame(readScrapeConfigSpec(structuredClone(spec)), spec)
  const cases: [unknown, RegExp][] = [
    [undefined, /^spec: /],
    [{ ...spec, groups: [] }, /^groups: /],
    [{ ...spec, more: 1 }, /^spec: .*more/],
    [withJob({ interval: '1 minute' }), /^job\.interval: /],
    [withJob({ interval: '0s0' }), /^job\.interval: /],
    [withJob({ interval: '1s1h' }), /duration "1s1h"/],
    [
      withJob({ relabelings: [{ action: 'rename' }] }),
      /^job\.relabelings\.0: action "rename": want replace, /,
    ],
    [
      withJob({ relabelings: [{ targetLabel: 'a' }, { targetLabel: 'b', regex: '(' }] }),
      /^job\.relabelings\.1: regular expression "\("/,
    ],
  ]
  for (const [value, message] of cases) {
    t.throws(() => readScrapeConfigSpec(value), { message }, JSON.stringify(value) ?? 'undefined')
  }
})
