import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { CollectorClient } from '../collector-client.ts'
import { explainPod } from './explain-pod.ts'
import { html } from './html.ts'
import { listTargets } from './list-targets.ts'
import { operatorRoutes } from './operator-routes.ts'
import type { OperatorState, PodScrapes, ScrapeState } from './operator-state.ts'
import { readPodScrapes } from './read-pod-scrapes.ts'
import { drawnState } from './testdata/drawn-state.ts'

const nowMs = 1_800_000_000_000
const all = { offset: 0, limit: 200 }

async function serve(t: Test, state: OperatorState): Promise<(path: string) => Promise<Response>> {
  const app = new Koa()
  app.use(operatorRoutes({ state, now: () => nowMs }))
  const server = createServer(app.callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return (path) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' })
}

const pods = [
  { name: 'web-1', namespace: 'front', ports: [{ port: 80, shard: 1 }] },
  {
    name: 'cart-2',
    ports: [{ port: 6060 }],
    drops: [{ port: '81', code: 'NoSuchPort', reason: 'ports: 6060' }],
  },
  { name: 'cart-1', ports: [{ port: 6060, shard: 0, startAfterMs: nowMs + 4200 }] },
  { name: 'quiet-1' },
] as const

t.test('targets are listed by namespace and pod, filtered and in pages', async (t) => {
  const state = drawnState(pods, { notReady: 'no list of pods yet' })
  const list = listTargets(state, all)
  t.equal(list.notReady, 'no list of pods yet')
  t.same(list.counts, { pods: 4, active: 3, dropped: 1 })
  t.same(list.namespaces, [
    { namespace: 'front', pods: 1, active: 1, dropped: 0 },
    { namespace: 'shop', pods: 3, active: 2, dropped: 1 },
  ])
  t.same(
    list.activeTargets.map(({ namespace, pod, shard }) => [namespace, pod, shard]),
    [
      ['front', 'web-1', 1],
      ['shop', 'cart-1', 0],
      ['shop', 'cart-2', null],
    ],
  )
  t.match(list.activeTargets[1], {
    workload: 'Deployment/cart',
    container: 'app',
    address: '10.0.0.1:6060',
    profileTypes: ['cpu', 'heap'],
    startAfter: nowMs + 4200,
  })
  t.match(list.droppedTargets, [{ pod: 'cart-2', port: '81', code: 'NoSuchPort', reason: 'ports: 6060' }])
  const names = (filter: object) =>
    listTargets(state, { ...all, ...filter }).activeTargets.map(({ pod }) => pod)
  t.same(names({ namespace: 'shop' }), ['cart-1', 'cart-2'])
  t.same(names({ pod: 'eb' }), ['web-1'])
  t.same(names({ offset: 1, limit: 1 }), ['cart-1'])
  t.equal(listTargets(state, { offset: 1, limit: 1 }).activeTotal, 3)
})

t.test('ten thousand pods are listed in little time', async (t) => {
  const many = Array.from({ length: 10_000 }, (_, at) => ({
    name: `cart-${at}`,
    namespace: `ns-${at % 50}`,
    ports: [{ port: 6060, shard: at % 10 }],
  }))
  const state = drawnState(many)
  const before = process.cpuUsage()
  const list = listTargets(state, { offset: 9900, limit: 200 })
  t.equal(list.activeTargets.length, 100)
  // Of its own: others may be at work as well.
  const tookMs = process.cpuUsage(before).user / 1000
  t.ok(tookMs < 1000, `${tookMs} ms`)
})

t.test('pages escape what they show, and need no script', async (t) => {
  const evil = '<script>alert("x")</script>'
  const get = await serve(t, drawnState([{ name: 'cart-1', drops: [{ reason: evil, container: "'&" }] }]))
  const response = await get(`/targets?pod=${encodeURIComponent('"><script>')}`)
  t.match(response.headers.get('content-security-policy'), /default-src 'none'/)
  const text = (await response.text()) + (await (await get('/targets')).text())
  t.notMatch(text, /<script/)
  t.match(text, '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;')
  t.match(text, 'value="&quot;&gt;&lt;script&gt;"')
  t.match(text, '&#39;&amp;')
  t.equal(html`<a title="${'"'}">${1}${[html`<b>`, html`</b>`]}</a>`.text, '<a title="&quot;">1<b></b></a>')
})

t.test('routes', async (t) => {
  const profileTargets = [
    {
      namespace: 'shop',
      name: 'cart',
      acceptedReason: 'SecretForbidden',
      isAccepted: false,
      message: 'kubectl create rolebinding',
      pods: 2,
      targets: 0,
    },
  ]
  const members = [
    { ordinal: 0, pod: 'prof-collector-0', isReady: true, lastAnswerMs: nowMs - 3000, targets: 2 },
    { ordinal: 1, pod: 'prof-collector-1', isReady: false, lastAnswerMs: 0, targets: 0 },
  ]
  const get = await serve(t, drawnState(pods, { profileTargets, members }))
  t.equal((await get('/')).headers.get('location'), 'targets')
  const cases: readonly (readonly [string, number, RegExp | string])[] = [
    ['/targets', 200, /aria-current="page">Dropped 1<\/a>.*ports: 6060/s],
    ['/targets?view=active&namespace=shop', 200, /in 5 s.*none yet/s],
    ['/targets?view=active&limit=1&offset=1', 200, /2 to 2 of 3.*before.*offset=2/s],
    ['/targets?view=profiletargets', 200, /SecretForbidden.*kubectl create rolebinding/s],
    ['/targets?view=namespaces', 200, /namespace=front/],
    ['/targets?view=collectors', 200, /3 s ago.*never/s],
    ['/targets?view=else', 400, /read parameters: view: /],
    ['/targets?limit=1000000', 400, /limit: /],
    ['/api/v1/targets?namspace=x', 400, /namspace/],
    ['/api/v1/targets?pod=web', 200, '"activeTotal":1'],
    ['/targets/shop/cart-1', 200, /<h1>shop\/cart-1<\/h1>.*collector 0 has it/s],
    ['/api/v1/pods/shop/cart-1', 200, '"isHealthy":false'],
    ['/api/v1/pods/shop/nobody', 404, /is not known to the operator: there is none of this name/],
  ]
  for (const [path, status, want] of cases) {
    const response = await get(path)
    t.equal(response.status, status, path)
    t.match(await response.text(), want, path)
  }
})

const scrape: ScrapeState = {
  shard: 0,
  container: 'app',
  url: 'http://10.0.0.1:6060/debug/pprof/heap',
  profileType: 'heap',
  health: 'ok',
  reason: '',
  remedy: '',
  lastScrapeMs: nowMs - 12_000,
}

t.test('the chain of a pod: from what was seen to what helps', async (t) => {
  const draw = (ports: readonly { port: number; shard?: number }[], scrapes: PodScrapes) => {
    const pod = drawnState([
      { name: 'cart-1', labels: { app: 'cart', 'pod-template-hash': '7d' }, ports, chain: ['pod is seen'] },
    ]).pod('shop', 'cart-1')!
    return explainPod(pod, scrapes, { namespace: 'conprof', nowMs })
  }
  const port = { port: 6060, shard: 0 }
  const well = draw([port], { scrapes: [scrape], warnings: [] })
  t.equal(well.isHealthy, true)
  t.equal(well.verdict, 'it is scraped, and all is well')
  t.same(well.lines, [
    'pod is seen',
    '10.0.0.1:6060: collector 0 has it',
    'heap of http://10.0.0.1:6060/debug/pprof/heap: ok, last scrape 12 s ago by collector 0',
  ])

  const timeout = {
    ...scrape,
    health: 'connect-timeout',
    reason: 'no connection within 10 s',
    remedy: 'check NetworkPolicies',
  }
  const closed = draw([port], { scrapes: [timeout, { ...timeout, profileType: 'cpu' }], warnings: [] })
  t.equal(closed.isHealthy, false)
  t.equal(closed.verdict, 'it is scraped, but 2 of 2 profiles fail: connect-timeout')
  t.equal(closed.lines.filter((line) => line === 'remedy: check NetworkPolicies').length, 1)
  const from = closed.lines.findIndex((line) => line.includes('NetworkPolicy closes port 6060'))
  const policy = closed.lines
    .slice(from + 1)
    .map((line) => line.slice(2))
    .join('\n')
  t.same(parse(policy), {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'allow-conprof-cart', namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: { app: 'cart' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'conprof' } },
              podSelector: {
                matchLabels: {
                  'app.kubernetes.io/part-of': 'conprof',
                  'app.kubernetes.io/component': 'collector',
                },
              },
            },
          ],
          ports: [{ protocol: 'TCP', port: 6060 }],
        },
      ],
    },
  })

  const missing = { ...scrape, health: 'unsupported', reason: 'HTTP status 404' }
  const some = draw([port], { scrapes: [scrape, { ...missing, profileType: 'fgprof' }], warnings: [] })
  t.equal(some.verdict, 'it is scraped, and all is well')
  const none = draw([port], { scrapes: [missing, { ...missing, profileType: 'cpu' }], warnings: [] })
  t.equal(none.verdict, 'it is scraped, but 2 of 2 profiles fail: unsupported')
  t.match(none.lines.at(-1), /^remedy: none of the profiles is there: correct the port, or the path before/)
  t.equal(none.isHealthy, false)

  const verdicts = [
    [draw([], { scrapes: [], warnings: [] }), 'it is not scraped'],
    [
      draw([{ port: 6060 }], { scrapes: [], warnings: [] }),
      'it is to be scraped, but no collector has it yet',
    ],
    [
      draw([port], { scrapes: [{ ...scrape, health: 'unknown', lastScrapeMs: 0 }], warnings: [] }),
      'it is to be scraped; how that goes is not known yet',
    ],
    [
      draw([port], { scrapes: [scrape], warnings: ['collector 1 cannot say how scrapes went: refused'] }),
      'it is scraped, but not all of it is known to be well',
    ],
  ] as const
  for (const [answer, verdict] of verdicts) {
    t.equal(answer.verdict, verdict)
    t.equal(answer.isHealthy, false)
  }
})

t.test('how scrapes of a pod went is asked of its collectors', async (t) => {
  const active = {
    scrapeUrl: scrape.url,
    labels: { namespace: 'shop', pod: 'cart-1', container: 'app' },
    profileType: 'heap',
    health: 'ok',
    reason: '',
    remedy: '',
    lastScrape: scrape.lastScrapeMs,
  }
  const other = { ...active, labels: { namespace: 'front', pod: 'cart-1' } }
  const data = { activeTargets: [active, other], droppedTargets: [] }
  const server = createServer((_, response) => response.end(JSON.stringify({ status: 'success', data })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = new CollectorClient({})
  t.teardown(async () => {
    server.close()
    await client.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { view } = drawnState(pods).pod('shop', 'cart-1')!
  const collectors = [
    { ordinal: 0, url },
    { ordinal: 1, url: 'http://127.0.0.1:1' },
  ]
  const { scrapes, warnings } = await readPodScrapes(view, collectors, {
    client,
    signal: AbortSignal.timeout(5000),
  })
  t.same(scrapes, [scrape])
  t.match(warnings, [/^collector 1 cannot say how scrapes went: ask collector 1 at .*: /])
})
