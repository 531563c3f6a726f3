import t from 'tap'
import {
  decideSituation,
  describeDecision,
  podView,
  type Situation,
  type SituationCase,
} from '../../test/support/pod-shapes.ts'
import { createInterners, decidePod } from './decide-pod.ts'
import { defaultTargetSettings } from './settings.ts'

const yes = { scrape: 'true' }
const sel = { matchLabels: { app: 'cart' } }
const pt = (endpoints: readonly unknown[], more: object = {}) => ({ selector: sel, endpoints, ...more })
const pprof = pt([{ port: 'pprof' }])
const off = (...types: string[]) => types.map((type) => ({ type, enabled: false }))

const cases: readonly SituationCase[] = [
  [
    'host network',
    { pod: { annotations: yes, spec: { hostNetwork: true }, status: { podIP: '192.168.0.1' } } },
    ['192.168.0.1:6060 cart/app default'],
  ],
  [
    'host network is in no mesh',
    {
      pod: { annotations: yes, spec: { hostNetwork: true } },
      namespace: { labels: { 'istio.io/dataplane-mode': 'ambient' } },
    },
    ['10.0.0.5:6060 cart/app default'],
  ],
  ['IPv6', { pod: { annotations: yes, status: { podIP: 'fd00::5' } } }, ['[fd00::5]:6060 cart/app default']],
  [
    'no IP yet',
    { pod: { annotations: yes, status: { podIP: '' } } },
    ['- annotations NoIP: the pod has no IP yet'],
  ],
  [
    'terminating',
    { pod: { annotations: yes, metadata: { deletionTimestamp: '2026-01-02T04:00:00Z' } } },
    ['- annotations Terminating: the pod is being deleted'],
  ],
  [
    'pending',
    { pod: { annotations: yes, status: { phase: 'Pending' } } },
    ['- annotations NotRunning: the pod is Pending, want Running'],
  ],
  [
    'not ready',
    { pod: { annotations: yes, status: { conditions: [{ type: 'Ready', status: 'False' }] } } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'a pod of nobody',
    { pod: { annotations: yes, metadata: { ownerReferences: [] } } },
    ['10.0.0.5:6060 cart-7d9c5-x/app default'],
  ],
  ['a ProfileTarget', { pod: {}, profileTargets: { a: pprof } }, ['10.0.0.5:6060 cart/app default for a']],
  [
    'a ProfileTarget that does not select it',
    { pod: { labels: { app: 'shop' } }, profileTargets: { a: pprof } },
    [],
  ],
  [
    'a ProfileTarget with two endpoints',
    {
      pod: {},
      profileTargets: {
        a: pt([
          { port: 'pprof', profiles: [{ type: 'heap', enabled: false }] },
          { name: 'slow', port: 6060, interval: '10m', profiles: off('cpu', 'block', 'mutex', 'goroutine') },
        ]),
      },
    },
    [
      '10.0.0.5:6060 cart/app block,cpu,goroutine,mutex for a',
      '10.0.0.5:6060 cart/app heap every 10m for a/slow',
    ],
  ],
  [
    'two endpoints that want the same',
    {
      pod: {},
      profileTargets: {
        a: pt([{ port: 'pprof' }, { name: 'again', port: 6060, profiles: [{ type: 'threadcreate' }] }]),
      },
    },
    [
      '10.0.0.5:6060 cart/app default for a',
      '10.0.0.5:6060 cart/app threadcreate for a/again',
      '- a 6060 block Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which comes first, for block',
      '- a 6060 cpu Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which comes first, for cpu',
      '- a 6060 goroutine Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which comes first, for goroutine',
      '- a 6060 heap Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which comes first, for heap',
      '- a 6060 mutex Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which comes first, for mutex',
      '! ProfileTargetConflict: ProfileTarget/shop/a endpoint again: port 6060 goes to ProfileTarget/shop/a endpoint default, which comes first, for block, cpu, goroutine, heap, mutex: where both select a pod, change the selector, port or profiles of one',
    ],
  ],
  [
    'a ProfileTarget with everything',
    {
      pod: { labels: { team: 'a', 'example.com/tier': 'b' } },
      profileTargets: {
        a: pt(
          [
            {
              name: 'x',
              port: 6060,
              container: 'app',
              scheme: 'https',
              pathPrefix: '/app',
              interval: '2m',
              timeout: '20s',
              profiles: [
                { type: 'cpu', seconds: 30 },
                { type: 'own', path: '/own' },
              ],
            },
          ],
          { labels: { service_name: 'cart', job: 'carts' }, podTargetLabels: ['team', 'example.com/tier'] },
        ),
      },
    },
    [
      'https://10.0.0.5:6060/app cart/app block,cpu@30,goroutine,heap,mutex,own=/own every 2m timeout 20s for a/x service cart',
    ],
  ],
  [
    'a ProfileTarget whose port is not there',
    { pod: { containers: 'app 8080' }, profileTargets: { a: pprof } },
    ['- a pprof NoSuchPort: no container names a port "pprof": the pod has app 8080'],
  ],
  [
    'a ProfileTarget whose container is not there',
    { pod: {}, profileTargets: { a: pt([{ port: 6060, container: 'web' }]) } },
    ['- a 6060 NoSuchContainer: there is no container "web": the pod has app'],
  ],
  [
    'a ProfileTarget with no types left',
    {
      pod: {},
      profileTargets: {
        a: pt([{ port: 6060, profiles: off('cpu', 'heap', 'block', 'mutex', 'goroutine') }]),
      },
    },
    ['- a 6060 NoProfiles: no profile type is enabled'],
  ],
  [
    'two ProfileTargets that want the same',
    { pod: {}, profileTargets: { old: pprof, new: pt([{ port: 6060 }]) } },
    [
      '10.0.0.5:6060 cart/app default for old',
      '- new 6060 block Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for block',
      '- new 6060 cpu Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for cpu',
      '- new 6060 goroutine Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for goroutine',
      '- new 6060 heap Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for heap',
      '- new 6060 mutex Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for mutex',
      '! ProfileTargetConflict: ProfileTarget/shop/new endpoint default: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for block, cpu, goroutine, heap, mutex: where both select a pod, change the selector, port or profiles of one',
    ],
  ],
  [
    'two ProfileTargets whose types overlap',
    {
      pod: {},
      profileTargets: {
        old: pt([
          {
            port: 'pprof',
            profiles: [
              { type: 'cpu', enabled: false },
              { type: 'block', enabled: false },
            ],
          },
        ]),
        new: pt([{ port: 6060 }]),
      },
    },
    [
      '10.0.0.5:6060 cart/app goroutine,heap,mutex for old',
      '10.0.0.5:6060 cart/app block,cpu for new',
      '- new 6060 goroutine Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for goroutine',
      '- new 6060 heap Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for heap',
      '- new 6060 mutex Conflict: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for mutex',
      '! ProfileTargetConflict: ProfileTarget/shop/new endpoint default: port 6060 goes to ProfileTarget/shop/old endpoint default, which is older, for goroutine, heap, mutex: where both select a pod, change the selector, port or profiles of one',
    ],
  ],
  [
    'two ProfileTargets at different ports',
    { pod: {}, profileTargets: { a: pprof, b: pt([{ port: 'http' }]) } },
    ['10.0.0.5:6060 cart/app default for a', '10.0.0.5:8080 cart/app default for b'],
  ],
  [
    'two ProfileTargets at different paths',
    { pod: {}, profileTargets: { a: pprof, b: pt([{ port: 'pprof', pathPrefix: '/b' }]) } },
    ['10.0.0.5:6060 cart/app default for a', '10.0.0.5:6060/b cart/app default for b'],
  ],
  [
    'a ProfileTarget and annotations that want the same',
    { pod: { annotations: yes }, profileTargets: { a: pprof } },
    [
      '10.0.0.5:6060 cart/app default for a',
      '- annotations 6060 block Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which goes before annotations, for block',
      '- annotations 6060 cpu Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which goes before annotations, for cpu',
      '- annotations 6060 goroutine Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which goes before annotations, for goroutine',
      '- annotations 6060 heap Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which goes before annotations, for heap',
      '- annotations 6060 mutex Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which goes before annotations, for mutex',
    ],
  ],
  [
    'a ProfileTarget and annotations whose types overlap',
    { pod: { annotations: { ...yes, profiles: 'heap,allocs' } }, profileTargets: { a: pprof } },
    [
      '10.0.0.5:6060 cart/app default for a',
      '10.0.0.5:6060 cart/app allocs',
      '- annotations 6060 heap Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which goes before annotations, for heap',
    ],
  ],
  [
    'a ProfileTarget and annotations at another port',
    { pod: { annotations: { ...yes, port: '8080' } }, profileTargets: { a: pprof } },
    ['10.0.0.5:6060 cart/app default for a', '10.0.0.5:8080 cart/app default'],
  ],
  [
    'a ProfileTarget and a wrong annotation',
    { pod: { annotations: { scrape: 'no' } }, profileTargets: { a: pprof } },
    [
      '10.0.0.5:6060 cart/app default for a',
      '- annotations InvalidAnnotation: annotation conprof.io/scrape is "no": want "true" or "false"; nothing is scraped for it until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/scrape is "no": want "true" or "false"; nothing is scraped for it until it is right',
    ],
  ],
  [
    'the pod says no',
    { pod: { annotations: { scrape: 'false' } }, profileTargets: { a: pprof, b: pt([{ port: 8080 }]) } },
    [
      '- a VetoedByPod: the pod has conprof.io/scrape: "false"',
      '- b VetoedByPod: the pod has conprof.io/scrape: "false"',
    ],
  ],
  [
    'the namespace says no',
    {
      pod: { annotations: yes },
      namespace: { annotations: { scrape: 'false' } },
      profileTargets: { a: pprof },
    },
    [
      '- a VetoedByNamespace: namespace shop has conprof.io/scrape: "false"',
      '- annotations VetoedByNamespace: namespace shop has conprof.io/scrape: "false"',
    ],
  ],
  [
    'the namespace says no by a label',
    { pod: { annotations: yes }, namespace: { labels: { 'conprof.io/scrape': 'false' } } },
    ['- annotations VetoedByNamespace: namespace shop has conprof.io/scrape: "false"'],
  ],
  [
    'the operator is suspended',
    { pod: { annotations: yes }, settings: { suspend: true }, profileTargets: { a: pprof } },
    [
      '- a Suspended: all scraping is suspended by the operator (suspend)',
      '- annotations Suspended: all scraping is suspended by the operator (suspend)',
    ],
  ],
  [
    'a pod that is not running says no',
    { pod: { annotations: { scrape: 'false' }, status: { phase: 'Pending' } }, profileTargets: { a: pprof } },
    ['- a VetoedByPod: the pod has conprof.io/scrape: "false"'],
  ],
  [
    'a pod that is not running',
    { pod: { status: { phase: 'Pending' } }, profileTargets: { a: pprof } },
    ['- a NotRunning: the pod is Pending, want Running'],
  ],
]

t.test('decidePod() says what becomes of a pod, and why', async (t) => {
  for (const [name, situation, want] of cases)
    t.strictSame(describeDecision(decideSituation(situation)), want, name)
})

t.test('the chain tells how it came about', async (t) => {
  const chain = (situation: Situation) => decideSituation(situation).chain
  t.strictSame(
    chain({
      pod: {
        annotations: { ...yes, profiles: 'heap,allocs' },
        containers: 'app 6060/pprof; istio-proxy 15090',
      },
      profileTargets: {
        a: pt([{ port: 'pprof', pathPrefix: '/a' }]),
        b: pt([{ port: 'admin' }]),
        c: pt([
          {
            port: 6060,
            profiles: [{ type: 'allocs' }, ...off('heap', 'cpu', 'block', 'mutex', 'goroutine')],
          },
        ]),
      },
    }),
    [
      'pod shop/cart-7d9c5-x is seen: Running, 10.0.0.5, on node-1, of Deployment cart, ports: app 6060 (pprof); istio-proxy 15090, a proxy',
      'ProfileTarget/shop/a selects it',
      'ProfileTarget/shop/b selects it',
      'ProfileTarget/shop/c selects it',
      'annotations: conprof.io/scrape is "true" on the pod',
      'mesh: istio',
      'ProfileTarget/shop/a endpoint default: port 6060 is named pprof by container app',
      'ProfileTarget/shop/b endpoint default: dropped: NoSuchPort: no container names a port "admin": the pod has app 6060 (pprof); istio-proxy 15090, a proxy',
      'ProfileTarget/shop/c endpoint default: port 6060 is declared by container app',
      'annotations: port 6060 is named pprof by container app, as pprof ports are',
      'annotations: dropped: Conflict: port 6060 goes to ProfileTarget/shop/c endpoint default, which goes before annotations, for allocs',
      'ProfileTarget/shop/a endpoint default: scrapes http://10.0.0.5:6060 every 1m: block /a/debug/pprof/block, cpu /a/debug/pprof/profile 10s, goroutine /a/debug/pprof/goroutine, heap /a/debug/pprof/heap, mutex /a/debug/pprof/mutex',
      'ProfileTarget/shop/c endpoint default: scrapes http://10.0.0.5:6060 every 1m: allocs /debug/pprof/allocs',
      'annotations: scrapes http://10.0.0.5:6060 every 1m: heap /debug/pprof/heap',
    ],
  )
  const nobody =
    'not scraped: no ProfileTarget selects it, and no annotation asks for it; those of a Deployment and the like belong into its pod template'
  t.strictSame(chain({ pod: {} }).slice(1), [nobody])
  t.strictSame(chain({ pod: { annotations: { port: '6060' } } }).slice(1), [
    'annotations: there are some, but no conprof.io/scrape: "true"',
    nobody,
  ])
  const wrong = { ...yes, port: '80800', 'heap.port': 'web', intervall: '30s' }
  const isYes = 'annotations: conprof.io/scrape is "true" on the pod'
  t.strictSame(chain({ pod: { annotations: wrong } }).slice(1), [
    isYes,
    'annotations: dropped: InvalidAnnotation: annotation conprof.io/port is "80800": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    'annotation conprof.io/intervall is "30s": no such annotation: did you mean conprof.io/interval; it is ignored',
    'annotations: dropped: NoSuchPort: annotation conprof.io/heap.port is "web": no container names a port "web": the pod has app 8080 (http), 6060 (pprof)',
  ])
  const none = { ...yes, profiles: '-cpu,-heap,-goroutine,-block,-mutex' }
  t.strictSame(chain({ pod: { annotations: none } }).slice(1), [
    isYes,
    'annotations: dropped: NoProfiles: no profile type is enabled',
  ])
  t.strictSame(chain({ pod: { annotations: { scrape: 'false' } }, profileTargets: { a: pprof } }).slice(1), [
    'ProfileTarget/shop/a selects it',
    'not scraped: VetoedByPod: the pod has conprof.io/scrape: "false"',
  ])
})

t.test('a ProfileTarget that is not accepted is named where it selects the pod', async (t) => {
  const decision = decidePod(podView({}), {
    namespace: undefined,
    profileTargets: [],
    notAccepted: [{ owner: 'ProfileTarget/shop/a', reason: 'SecretForbidden', message: 'run this' }],
    settings: defaultTargetSettings,
    interners: createInterners(),
  })
  t.strictSame(describeDecision(decision), [
    '- a NotAccepted: ProfileTarget/shop/a is not accepted: SecretForbidden',
  ])
  t.equal(
    decision.chain[1],
    'ProfileTarget/shop/a selects it, but is not accepted: SecretForbidden: run this',
  )
})
