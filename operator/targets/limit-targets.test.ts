import fc from 'fast-check'
import t from 'tap'
import type { PlannedTarget } from './decision.ts'
import { limitTargets } from './limit-targets.ts'

const planned = (owner: string, namespace: string, createdMs: number, key: string): PlannedTarget => ({
  key,
  namespace,
  workload: 'cart',
  createdMs,
  job: { hash: owner, spec: { owner } as PlannedTarget['job']['spec'], credentials: [] },
  group: { labels: { container: 'app' } },
  target: { uid: key, address: `[fd00::1]:6060`, labels: {} },
})

const all = [
  planned('a', 'shop', 3, 'p3'),
  planned('a', 'shop', 1, 'p1'),
  planned('b', 'shop', 2, 'p2'),
  planned('b', 'shop', 2, 'p2b'),
  planned('b', 'bank', 4, 'p4'),
]
const keys = (targets: readonly PlannedTarget[]) => targets.map(({ key }) => key).sort()

t.test('limitTargets() lets the oldest run', async (t) => {
  const limited = limitTargets(all, { perNamespace: 2, maxTargetsOf: () => 0 })
  t.strictSame(keys(limited.kept), ['p1', 'p2', 'p4'])
  t.strictSame(
    limited.dropped.map(({ planned: { key }, drop }) => [key, drop]),
    ['p2b', 'p3'].map((key) => [
      key,
      {
        owner: key === 'p3' ? 'a' : 'b',
        port: '6060',
        container: 'app',
        profileType: '',
        code: 'LimitReached',
        reason: 'namespace shop may have 2 targets, and the oldest keep running',
      },
    ]),
  )
})

t.test('limitTargets() counts for the namespace only what the owner may have', async (t) => {
  const limited = limitTargets(all, { perNamespace: 2, maxTargetsOf: (owner) => (owner === 'b' ? 1 : 0) })
  t.strictSame(keys(limited.kept), ['p1', 'p2'])
  t.strictSame(
    limited.dropped.map(({ planned: { key }, drop: { reason } }) => `${key}: ${reason}`),
    [
      'p2b: b may have 1 targets, and the oldest keep running',
      'p3: namespace shop may have 2 targets, and the oldest keep running',
      'p4: b may have 1 targets, and the oldest keep running',
    ],
  )
})

t.test('limitTargets() keeps all without limits, in whatever order they come', async (t) => {
  t.strictSame(limitTargets(all, { perNamespace: 0, maxTargetsOf: () => 0 }), { kept: all, dropped: [] })
  fc.assert(
    fc.property(
      fc.shuffledSubarray(all, { minLength: all.length }),
      fc.integer({ min: 1, max: 5 }),
      (shuffled, max) => {
        const options = { perNamespace: max, maxTargetsOf: () => max - 1 }
        const [a, b] = [limitTargets(all, options), limitTargets(shuffled, options)]
        t.strictSame(keys(a.kept), keys(b.kept))
        t.strictSame(a.dropped, b.dropped)
      },
    ),
    { numRuns: 50 },
  )
})
