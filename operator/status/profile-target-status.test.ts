import t from 'tap'
import { type ProfileTargetStatus, profileTargetStatus as schema } from '../api/profile-target-status.ts'
import type { OwnerHealth } from '../collector-health.ts'
import type { DropCode } from '../targets/decision.ts'
import { describeSelector } from './describe-selector.ts'
import { type ProfileTargetFacts, profileTargetStatus } from './profile-target-status.ts'

const owner = 'ProfileTarget/shop/cart'
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

const fine: ProfileTargetFacts = {
  generation: 3,
  refusal: undefined,
  suspendedBy: undefined,
  credentials: undefined,
  selector: 'app=cart',
  where: 'namespace "shop"',
  podsSelected: 2,
  podsActive: 2,
  targets: 6,
  drops: [],
  shards: new Set([0, 1]),
  health: [],
  unreachable: [],
  pendingWrites: 0,
  writeError: undefined,
  previous: undefined,
  nowMs,
}

type ShortDrop = readonly [pod: string, code: DropCode, reason: string, profileType?: string]
function drops(...list: readonly ShortDrop[]): ProfileTargetFacts['drops'] {
  return list.map(([pod, code, reason, profileType = '']) => ({
    pod,
    drop: { owner, port: '', container: '', profileType, code, reason },
  }))
}

type Errors = OwnerHealth['errors']
function health(targets: number, unhealthy: number, errors: Partial<Errors[number]>[] = []): OwnerHealth {
  const whole = errors.map((error) => ({
    namespace: 'shop',
    pod: 'cart-0',
    container: 'app',
    profileType: 'heap',
    health: 'refused',
    reason: 'connect 10.0.0.3:6060: refused',
    remedy: 'check the port',
    count: 1,
    ...error,
  }))
  return { owner, endpoint: 'default', targets, unhealthy, errors: whole }
}

/** `reason | Accepted=… | TargetsFound=… | …`, without the types. */
function draw(status: ProfileTargetStatus): string {
  const conditions = status.conditions!.map(({ status, reason }) => `${status}/${reason}`)
  return [status.reason, ...conditions, `${status.unhealthy} of ${status.targets}`].join(' ')
}

const secret = { code: 'SecretForbidden', message: 'may not be read: kubectl create rolebinding …' } as const
const refused = {
  reason: 'CrossNamespaceForbidden',
  message: 'other namespaces need --allow-cross-namespace',
} as const
const cases: readonly (readonly [string, Partial<ProfileTargetFacts>, string])[] = [
  ['just written', {}, 'Ready True/Accepted True/PodsSelected True/Ready Unknown/Unknown 0 of 6'],
  [
    'all well',
    { health: [health(6, 0)] },
    'Ready True/Accepted True/PodsSelected True/Ready True/AllHealthy 0 of 6',
  ],
  [
    'some fail, and Ready is not health',
    { health: [health(3, 2, [{ count: 2 }]), health(3, 1, [{}])] },
    'SomeFailing True/Accepted True/PodsSelected True/Ready False/SomeFailing 3 of 6',
  ],
  [
    'zero replicas',
    { podsSelected: 0, podsActive: 0, targets: 0 },
    'NoPodsMatch True/Accepted False/NoPodsMatch True/Ready Unknown/NoTargets 0 of 0',
  ],
  [
    'not written yet',
    { pendingWrites: 4 },
    'WritePending True/Accepted True/PodsSelected False/WritePending Unknown/Unknown 0 of 6',
  ],
  [
    'refused',
    { refusal: refused },
    'CrossNamespaceForbidden False/CrossNamespaceForbidden Unknown/NotAccepted False/NotAccepted Unknown/NotAccepted 0 of 0',
  ],
  [
    'suspended, as it was meant to be',
    { suspendedBy: 'spec.suspend is true', targets: 0 },
    'Suspended True/Suspended Unknown/Suspended True/Ready Unknown/Suspended 0 of 0',
  ],
  [
    'a Secret of one endpoint of two',
    { credentials: secret, targets: 3, health: [health(3, 0)] },
    'SecretForbidden False/SecretForbidden True/PodsSelected False/NotAccepted True/AllHealthy 0 of 3',
  ],
  [
    'a Secret not read yet',
    { credentials: { code: 'SecretUnread', message: 'has not been read yet' } },
    'SecretUnread Unknown/SecretUnread True/PodsSelected False/NotAccepted Unknown/Unknown 0 of 6',
  ],
  [
    'no port',
    { podsActive: 0, targets: 0, drops: drops(['cart-0', 'NoSuchPort', 'no port "pprof"; ports: http 80']) },
    'NoPortMatch True/Accepted False/NoPortMatch True/Ready Unknown/NoTargets 0 of 0',
  ],
  [
    'all opted out, but for one that is on its way out',
    {
      podsActive: 0,
      targets: 0,
      drops: drops(
        ['cart-0', 'VetoedByPod', 'conprof.io/scrape is "false"'],
        ['cart-1', 'Terminating', 'ends'],
      ),
    },
    'AllPodsOptedOut True/Accepted False/AllPodsOptedOut True/Ready Unknown/NoTargets 0 of 0',
  ],
  [
    'none runs yet',
    { podsActive: 0, targets: 0, drops: drops(['cart-0', 'NotRunning', 'phase is Pending']) },
    'NoPodsRunning True/Accepted False/NoPodsRunning True/Ready Unknown/NoTargets 0 of 0',
  ],
  [
    'a limit takes a part',
    {
      podsActive: 1,
      targets: 3,
      health: [health(3, 0)],
      drops: drops(['cart-1', 'LimitReached', 'limits.maxTargets is 1, 2 were found']),
    },
    'LimitReached True/Accepted True/LimitReached True/Ready True/AllHealthy 0 of 3',
  ],
  [
    'a collector that has some does not answer',
    { health: [health(3, 0)], unreachable: [{ ordinal: 1, reason: 'no answer within 5000 ms' }] },
    'CollectorsUnreachable True/Accepted True/PodsSelected True/Ready Unknown/CollectorsUnreachable 0 of 6',
  ],
  [
    'a collector that has none does not answer',
    { health: [health(6, 0)], unreachable: [{ ordinal: 7, reason: 'no answer within 5000 ms' }] },
    'Ready True/Accepted True/PodsSelected True/Ready True/AllHealthy 0 of 6',
  ],
]

t.test('conditions, counts and the reason column', async (t) => {
  for (const [name, facts, want] of cases) {
    const status = profileTargetStatus({ ...fine, ...facts })
    t.equal(draw(status), want, name)
    t.ok(schema.safeParse(status).success, `${name}: as the CRD wants it`)
    t.ok(status.conditions!.every(({ observedGeneration }) => observedGeneration === 3))
  }
})

const messages: readonly (readonly [string, Partial<ProfileTargetFacts>, number, string])[] = [
  [
    'the selector is named, and how to compare',
    { podsSelected: 0, targets: 0 },
    1,
    'no pod matches app=cart in namespace "shop"; compare with: kubectl get pods -n shop --show-labels',
  ],
  [
    'a selector of everything',
    { podsSelected: 0, targets: 0, selector: '', where: 'all namespaces' },
    1,
    'no pod is there in all namespaces',
  ],
  [
    'what keeps pods from it: each reason once, the most frequent first',
    {
      podsActive: 0,
      targets: 0,
      podsSelected: 6,
      drops: drops(
        ['d', 'AmbiguousPort', 'ports: a 80, b 81'],
        ['c', 'NoSuchPort', 'no port "pprof"; ports: http 80'],
        ['b', 'NoSuchPort', 'no port "pprof"; ports: http 80'],
        ['e', 'NoPort', 'no ports'],
        ['f', 'NoPort', 'z'],
      ),
    },
    1,
    'none of 6 pods can be scraped: pod "b" (and 1 more): no port "pprof"; ports: http 80; pod "e": no ports; pod "d": ports: a 80, b 81; and 1 other reason',
  ],
  [
    'what is lost for several types: once',
    {
      podsActive: 0,
      targets: 0,
      podsSelected: 2,
      drops: drops(
        ['b', 'Conflict', 'port 80 goes to x, for heap', 'heap'],
        ['b', 'Conflict', 'port 80 goes to x, for cpu', 'cpu'],
        ['a', 'Conflict', 'port 80 goes to x, for cpu', 'cpu'],
      ),
    },
    1,
    'none of 2 pods can be scraped: pod "a" (and 1 more): port 80 goes to x, for cpu, heap',
  ],
  [
    'what is found, and what is lost',
    { podsActive: 1, drops: drops(['cart-1', 'NoSuchPort', 'no port "pprof"; ports: http 80']) },
    1,
    '6 targets in 1 of 2 pods; dropped: pod "cart-1": no port "pprof"; ports: http 80',
  ],
  [
    'a write that does not work',
    { pendingWrites: 1, writeError: 'write ScrapeConfig "a": etcd is full' },
    2,
    '1 target not written to collectors yet: write ScrapeConfig "a": etcd is full',
  ],
  ['why it is not ready', { credentials: secret }, 2, `SecretForbidden: ${secret.message}`],
  [
    'the failure that most have, with what helps',
    {
      health: [
        health(6, 3, [
          {
            pod: 'cart-1',
            health: 'mesh-blocked',
            reason: 'reset by the proxy',
            remedy: 'annotate: x=y',
            count: 2,
          },
          { count: 1 },
        ]),
      ],
    },
    3,
    '3 of 6 targets fail; pod "cart-1": container "app": mesh-blocked: reset by the proxy; annotate: x=y',
  ],
  [
    'who does not answer',
    {
      unreachable: [
        { ordinal: 1, reason: 'no answer within 5000 ms' },
        { ordinal: 0, reason: 'refused' },
      ],
    },
    3,
    'collectors 0, 1 do not answer the operator: no answer within 5000 ms',
  ],
]

t.test('messages are for people', async (t) => {
  for (const [name, facts, condition, want] of messages) {
    const status = profileTargetStatus({ ...fine, ...facts })
    t.equal(status.conditions![condition]!.message, want, name)
  }
})

t.test('sample errors: one of each kind, at most five, always the same ones', async (t) => {
  const kinds = ['refused', 'reset', 'timeout', 'tls', 'http-4xx', 'http-5xx']
  const errors = kinds.flatMap((kind, at) => [
    { health: kind, pod: 'cart-9', count: at, profileType: 'heap' },
    { health: kind, pod: 'cart-1', count: 1, profileType: at === 3 ? 'cpu' : 'heap' },
  ])
  const facts = { ...fine, targets: 60 }
  const { sampleErrors } = profileTargetStatus({ ...facts, health: [health(60, 21, errors)] })
  t.same(
    sampleErrors!.map(({ health, pod, count, profileType }) => [health, pod, count, profileType]),
    [
      ['http-5xx', 'cart-1', 6, 'heap'],
      ['http-4xx', 'cart-1', 5, 'heap'],
      ['tls', 'cart-1', 4, undefined],
      ['timeout', 'cart-1', 3, 'heap'],
      ['reset', 'cart-1', 2, 'heap'],
    ],
  )
  const reversed = profileTargetStatus({ ...facts, health: [health(60, 21, errors.toReversed())] })
  t.same(reversed.sampleErrors, sampleErrors)
  const long = profileTargetStatus({ ...facts, health: [health(6, 1, [{ remedy: 'x'.repeat(4096) }])] })
  t.equal(long.sampleErrors![0]!.message.length, 1024)
})

t.test('a condition keeps its time while its status stays, whatever its reason', async (t) => {
  const first = profileTargetStatus(fine)
  t.equal(first.conditions![0]!.lastTransitionTime, '2026-01-02T03:04:05Z')
  const later = { ...fine, nowMs: nowMs + 60_000, generation: 4, previous: first }
  t.same(profileTargetStatus({ ...later, generation: 3 }), first, 'nothing to write')
  const changed = profileTargetStatus({ ...later, podsSelected: 0, podsActive: 0, targets: 0 })
  t.same(
    changed.conditions!.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    [
      ['Accepted', '2026-01-02T03:04:05Z'],
      ['TargetsFound', '2026-01-02T03:05:05Z'],
      ['Ready', '2026-01-02T03:04:05Z'],
      ['TargetsHealthy', '2026-01-02T03:04:05Z'],
    ],
  )
  t.equal(changed.observedGeneration, 4)
})

t.test('a selector reads as kubectl takes it', async (t) => {
  const matchExpressions = [
    { key: 'tier', operator: 'In' as const, values: ['web', 'api'] },
    { key: 'env', operator: 'NotIn' as const, values: ['dev'] },
    { key: 'team', operator: 'Exists' as const },
    { key: 'canary', operator: 'DoesNotExist' as const },
  ]
  t.equal(
    describeSelector({ matchLabels: { app: 'cart' }, matchExpressions }),
    'app=cart,tier in (web,api),env notin (dev),team,!canary',
  )
  t.equal(describeSelector({}), '')
})
