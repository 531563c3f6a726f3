import { Registry } from 'prom-client'
import t from 'tap'
import type { ScrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import { ActualObjects } from '../shards/actual-objects.ts'
import type { PlannedTarget } from '../targets/decision.ts'
import { Publisher } from './publisher.ts'

const spec: ScrapeConfigJob = {
  owner: 'annotations',
  jobName: 'annotations',
  scheme: 'http',
  pathPrefix: '',
  interval: '60s',
  timeout: '10s',
  profiles: [{ type: 'cpu', path: '/debug/pprof/profile', seconds: 10, keepEmpty: true }],
}
const job = { hash: '00', spec, credentials: [] }
const targets = Array.from(
  { length: 100 },
  (_, i): PlannedTarget => ({
    key: `uid-${i}/6060`,
    namespace: 'shop',
    workload: 'cart',
    createdMs: i,
    job,
    group: { labels: { namespace: 'shop' } },
    target: { uid: `uid-${i}`, address: `10.0.0.${i}:6060`, labels: { pod: `cart-${i}` } },
  }),
)

/** Whatever is planned is written at once. */
function setUp() {
  let nowMs = 1_000_000
  let version = 1
  const registry = new Registry()
  const actual = new ActualObjects({ now: () => nowMs })
  const publisher = new Publisher({ release: 'r', actual, now: () => nowMs, registry })
  const write = () => {
    const desired = publisher.plan(targets)
    for (const [name, { spec }] of desired) {
      const resourceVersion = String(version++)
      actual.observe({ name, uid: `${name} ${version}`, resourceVersion, spec: { ...spec, epoch: 1 } })
    }
    for (const { name } of [...actual.objects.values()]) if (!desired.has(name)) actual.remove(name)
  }
  /** Seconds later these are Ready and the others silent; how many targets each shard has then. */
  const step = (seconds: number, ready: readonly number[], replicas = 3): string => {
    nowMs += seconds * 1000
    const observed = ready.map((ordinal) => ({ ordinal, isReady: true, lastAnswerMs: 0 }))
    publisher.observeMembers(observed, { replicas })
    // What was let go is given out in the next pass.
    write()
    write()
    const counts = new Map<number, number>()
    for (const { spec } of actual.objects.values()) {
      const held = spec.groups.reduce((sum, { targets }) => sum + targets.length, 0)
      counts.set(spec.shard, (counts.get(spec.shard) ?? 0) + held)
    }
    return [...counts]
      .sort(([a], [b]) => a - b)
      .map(([shard, count]) => `${shard}:${count}`)
      .join(' ')
  }
  const moves = async (): Promise<number> => {
    const [, count] = /_moved_total (\d+)/.exec(await registry.metrics()) ?? []
    return Number(count)
  }
  return { actual, publisher, step, moves, later: (seconds: number) => (nowMs += seconds * 1000) }
}

t.test('a new release: targets wait until its collectors are there, and none moves', async (t) => {
  const { publisher, step, moves } = setUp()
  t.equal(step(0, []), '')
  t.equal(step(300, [1]), '', 'one of three')
  t.equal(publisher.canAssign, false)
  t.equal(step(6, [0, 1]), '')
  const all = step(6, [0, 1, 2])
  t.match(all, /^0:\d+ 1:\d+ 2:\d+$/)
  t.equal(step(600, [0, 1, 2]), all)
  t.equal(await moves(), 0)
})

t.test('a collector that never comes is not waited for', async (t) => {
  const { step } = setUp()
  t.equal(step(0, [0, 1]), '')
  t.equal(step(14, [0, 1]), '')
  t.match(step(1, [0, 1]), /^0:\d+ 1:\d+$/)
})

t.test('scaled to none and back: everything stays where it was', async (t) => {
  const { publisher, step, moves } = setUp()
  const before = step(0, [0, 1, 2])
  t.equal(step(10, [], 0), before)
  t.equal(publisher.canAssign, false)
  t.equal(step(100, [2]), before)
  t.equal(step(5, [1, 2]), before)
  t.equal(step(5, [0, 1, 2]), before)
  t.equal(await moves(), 0)
})

t.test('a move is counted once for each target, however many passes it takes', async (t) => {
  const { step, moves } = setUp()
  step(0, [0, 1, 2])
  const [, moved = 0] = /3:(\d+)/.exec(step(1, [0, 1, 2, 3], 4)) ?? []
  for (let i = 0; i < 10; i++) step(1, [0, 1, 2, 3], 4)
  t.ok(Number(moved) > 10)
  t.equal(await moves(), Number(moved))
})

t.test('what was let go is forgotten when it is over, also by who does not lead', async (t) => {
  const { actual, publisher, step, later } = setUp()
  step(0, [0, 1, 2])
  for (const { name } of [...actual.objects.values()]) actual.remove(name)
  t.equal(actual.releases.size, 100)
  later(60)
  publisher.observeMembers([], { replicas: 3 })
  t.equal(actual.releases.size, 0)
})
