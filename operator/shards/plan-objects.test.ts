import t from 'tap'
import { type ScrapeConfigJob, scrapeConfigSpec } from '../../collector/config/scrape-config-resource.ts'
import type { PlannedGroup, PlannedJob, PlannedTarget } from '../targets/decision.ts'
import { ActualObjects } from './actual-objects.ts'
import { packShard } from './pack-shard.ts'
import {
  type ActualObject,
  assignTargets,
  type DesiredObject,
  hasSameContent,
  keepTargets,
  keysOf,
  planObjects,
  type Release,
} from './plan-objects.ts'

const spec: ScrapeConfigJob = {
  owner: 'annotations',
  jobName: 'annotations',
  scheme: 'http',
  pathPrefix: '',
  interval: '60s',
  timeout: '10s',
  profiles: [
    { type: 'cpu', path: '/debug/pprof/profile', seconds: 10, keepEmpty: true },
    { type: 'heap', path: '/debug/pprof/heap', keepEmpty: true },
  ],
}
const job: PlannedJob = { hash: '0011aabb', spec, credentials: [] }
const groups = new Map<string, PlannedGroup>()

function target(index: number, workload = `w${index % 7}`): PlannedTarget {
  let group = groups.get(workload)
  if (group === undefined) {
    group = { labels: { namespace: 'shop', workload } }
    groups.set(workload, group)
  }
  const uid = `uid-${index}`
  return {
    key: `${uid}/6060`,
    namespace: 'shop',
    workload,
    createdMs: index,
    job,
    group,
    target: {
      uid,
      address: `10.0.${index >> 8}.${index & 255}:6060`,
      labels: { pod: `${workload}-${index}` },
    },
  }
}

const many = (count: number, workload?: string) =>
  Array.from({ length: count }, (_, i) => target(i, workload))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

function plan(
  targets: readonly PlannedTarget[],
  members: readonly number[],
  facts: {
    readonly actual?: readonly ActualObject[]
    readonly releases?: ReadonlyMap<string, Release>
    readonly nowMs?: number
  } = {},
): DesiredObject[] {
  return planObjects(assignTargets(targets, members), {
    release: 'r',
    holders: holdersOf(facts.actual ?? []),
    releases: facts.releases ?? new Map(),
    nowMs: facts.nowMs ?? 1000,
  })
}

function holdersOf(actual: readonly ActualObject[]): ReadonlyMap<string, readonly number[]> {
  const objects = new ActualObjects({ now: () => 0 })
  for (const object of actual) objects.observe(object)
  return objects.holders
}

const written = (desired: readonly DesiredObject[]): ActualObject[] =>
  desired.map(({ name, spec }) => ({ name, uid: name, resourceVersion: '1', spec: { ...spec, epoch: 1 } }))

t.test('objects hold at most 32 targets, each target once, whatever their workloads', async (t) => {
  for (const targets of [[], many(1), many(32), many(33), many(1000), many(1000, 'one')]) {
    const objects = packShard(3, targets)
    t.strictSame(
      objects.flatMap(({ targets }) => targets.map(({ key }) => key)).sort(),
      targets.map(({ key }) => key).sort(),
    )
    t.ok(objects.every(({ targets }) => targets.length <= 32))
    t.equal(new Set(objects.map(({ name }) => name)).size, objects.length)
    const fill = targets.length / objects.length
    if (targets.length >= 1000) t.ok(fill > 15, `${fill} targets each`)
  }
})

t.test('objects do not depend on the order or the history of targets', async (t) => {
  const targets = many(500)
  t.strictSame(packShard(0, targets.toReversed()), packShard(0, targets))
})

t.test('one target more rewrites one object, or splits one', async (t) => {
  const targets = many(1000)
  const before = new Map(
    packShard(0, targets.slice(0, 999)).map((o) => [o.name, o.targets.map((x) => x.key)]),
  )
  const after = new Map(packShard(0, targets).map((o) => [o.name, o.targets.map((x) => x.key)]))
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name)?.join() !== after.get(name)?.join(),
  )
  t.ok(changed.length === 1 || changed.length === 3, changed.join())
})

t.test('targets with very many labels make smaller objects', async (t) => {
  const labels = Object.fromEntries(upTo(30).map((i) => [`label_${i}`, 'x'.repeat(1000)]))
  const large = many(64).map((each) => ({ ...each, target: { ...each.target, labels } }))
  const objects = packShard(0, large)
  t.ok(objects.length > 4)
  for (const object of planObjects(new Map([[0, large]]), {
    release: 'r',
    holders: new Map(),
    releases: new Map(),
    nowMs: 0,
  }))
    t.ok(JSON.stringify(object.spec).length < 700_000)
})

t.test('what is written reads as the contract says, and an object stays small', async (t) => {
  const objects = plan(many(500), upTo(3))
  for (const { spec } of objects) {
    scrapeConfigSpec.parse({ ...spec, epoch: 4 })
    t.ok(JSON.stringify(spec).length < 15_000)
  }
  t.strictSame(
    objects.flatMap(({ spec }) => keysOf(spec)).sort(),
    many(500)
      .map(({ key }) => key)
      .sort(),
  )
})

t.test('content is compared without epoch, startAfterMs and the order of keys', async (t) => {
  const [object] = plan(many(3), [0])
  const [actual] = written([object!])
  const reordered = (address: string): ActualObject => {
    const spec = structuredClone(
      Object.fromEntries(Object.entries(actual!.spec).reverse()) as unknown as ActualObject['spec'],
    )
    spec.groups[0]!.targets[0] = { ...spec.groups[0]!.targets[0]!, startAfterMs: 5, address }
    return { ...actual!, spec }
  }
  t.equal(hasSameContent(reordered(actual!.spec.groups[0]!.targets[0]!.address), object!), true)
  t.equal(hasSameContent(reordered('10.9.9.9:1'), object!), false)
})

t.test('a move leaves the old owner first, then waits for the longest profile', async (t) => {
  const targets = many(300)
  const three = written(plan(targets, upTo(3)))
  const first = plan(targets, upTo(4), { actual: three })
  const held = holdersOf(three)
  const moving = assignTargets(targets, upTo(4)).get(3)!
  t.ok(moving.length > 0)
  t.equal(first.filter(({ shard }) => shard === 3).length, 0, 'the new owner gets nothing yet')
  const kept = new Set(first.flatMap(({ spec }) => keysOf(spec)))
  for (const { key } of moving) t.equal(kept.has(key), false, 'the old owner has lost it')
  // The old owners' objects are written.
  const releases = new Map(moving.map(({ key }) => [key, { shard: held.get(key)![0]!, untilMs: 16_000 }]))
  const second = plan(targets, upTo(4), { actual: written(first), releases, nowMs: 2000 })
  const ofNew = second.filter(({ shard }) => shard === 3).flatMap(({ spec }) => spec.groups)
  t.equal(ofNew.flatMap((group) => group.targets).length, moving.length)
  t.ok(ofNew.every((group) => group.targets.every(({ startAfterMs }) => startAfterMs === 16_000)))
  const later = plan(targets, upTo(4), { actual: written(second), releases, nowMs: 20_000 })
  t.ok(later.every((object) => written(second).some((actual) => hasSameContent(actual, object))))
  t.equal(later.length, second.length, 'nothing is written once more when the time is over')
})

t.test('what was planned last is planned again as the same objects', async (t) => {
  const targets = many(200)
  const shards = assignTargets(targets, upTo(2))
  const facts = { release: 'r', holders: new Map(), releases: new Map(), nowMs: 0 }
  const first = planObjects(shards, facts)
  const before = new Map(first.map((object) => [object.name, object]))
  const again = planObjects(assignTargets(targets.slice(1), upTo(2)), { ...facts, before })
  t.equal(again.filter((object) => before.get(object.name) !== object).length, 1)
})

t.test('a target that waits is planned again as the same object, also when its time is over', async (t) => {
  const shards = assignTargets(many(5), [0])
  const releases = new Map([['uid-1/6060', { shard: 1, untilMs: 100 }]])
  const facts = { release: 'r', holders: new Map(), releases }
  const [first] = planObjects(shards, { ...facts, nowMs: 0 })
  t.strictSame([...first!.startAfterMs], [['uid-1/6060', 100]])
  const before = new Map([[first!.name, first!]])
  for (const nowMs of [50, 200]) {
    t.equal(planObjects(shards, { ...facts, nowMs, before })[0], first, `at ${nowMs}`)
  }
  const later = new Map([['uid-1/6060', { shard: 1, untilMs: 300 }]])
  t.not(planObjects(shards, { ...facts, releases: later, nowMs: 250, before })[0], first)
})

t.test('without a collector, what is scraped is scraped further by whom it was', async (t) => {
  const targets = many(100)
  const held = written(plan(targets, upTo(3)))
  const holders = holdersOf(held)
  const left = targets.slice(10)
  const desired = planObjects(keepTargets([...left, target(1000)], holders), {
    release: 'r',
    holders,
    releases: new Map(),
    nowMs: 0,
  })
  const lines = desired.flatMap(({ shard, spec }) => keysOf(spec).map((key) => `${shard} ${key}`))
  t.strictSame(lines.sort(), left.map(({ key }) => `${holders.get(key)![0]} ${key}`).sort())
})
