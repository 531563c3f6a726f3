import t from 'tap'
import type { Problem } from '../targets/decision.ts'
import type { ObjectReference } from './object-reference.ts'
import { EventPlanner, type EventSubject, type PlannedEvent } from './plan-events.ts'

const minute = 60_000
const badPort: Problem = {
  reason: 'InvalidProfileAnnotation',
  key: 'conprof.io/port',
  value: 'http!',
  note: 'conprof.io/port: "http!" is no port',
}
const badPath: Problem = { ...badPort, key: 'conprof.io/path', value: 'x', note: 'conprof.io/path: want /' }

const replicaSet: ObjectReference = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  namespace: 'shop',
  name: 'cart-7d',
  uid: 'rs',
}
function pod(name: string, owner: ObjectReference | undefined = replicaSet): EventSubject {
  return { object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name, uid: `uid-${name}` }, owner }
}

const names = (events: readonly PlannedEvent[]) => events.map(({ regarding }) => regarding.name)

t.test('500 pods with the same bad annotation: three events, one on their owner, then none', async (t) => {
  const planner = new EventPlanner()
  const events = Array.from({ length: 500 }, (_, at) =>
    planner.observe(pod(`cart-${at}`), [badPort], { nowMs: at }),
  ).flat()
  t.same(names(events), ['cart-0', 'cart-1', 'cart-2', 'cart-7d'])
  t.equal(events[0]!.note, badPort.note)
  t.equal(events[3]!.note, `4 of its pods so far, such as cart-3: ${badPort.note}`)
  t.same([...planner.countByReason()], [['InvalidProfileAnnotation', 500]])
  t.same(planner.repeats({ nowMs: 59 * minute }), [])
  t.same(
    names(planner.repeats({ nowMs: 61 * minute })),
    ['cart-0', 'cart-1', 'cart-2', 'cart-7d'],
    'an hour later again, and no more',
  )
  t.same(planner.repeats({ nowMs: 62 * minute }), [])
})

t.test('the same problem of the same pod is said once, another value of it at once', async (t) => {
  const planner = new EventPlanner()
  t.equal(planner.observe(pod('a'), [badPort], { nowMs: 0 }).length, 1)
  t.equal(planner.observe(pod('a'), [badPort], { nowMs: minute }).length, 0)
  t.equal(planner.observe(pod('a'), [], { nowMs: 2 * minute }).length, 0)
  t.equal(planner.observe(pod('a'), [badPort], { nowMs: 3 * minute }).length, 0, 'back and forth is no news')
  t.equal(planner.observe(pod('a'), [{ ...badPort, value: '0' }], { nowMs: 4 * minute }).length, 1)
  t.equal(planner.observe(pod('a'), [badPort, badPath], { nowMs: 5 * minute }).length, 1, 'the other key')
})

t.test('what is over is not repeated, and forgotten', async (t) => {
  const planner = new EventPlanner()
  planner.observe(pod('a'), [badPort], { nowMs: 0 })
  planner.observe(pod('b'), [badPort], { nowMs: 0 })
  planner.observe(pod('a'), [], { nowMs: minute })
  planner.forget('uid-b')
  t.same(planner.repeats({ nowMs: 61 * minute }), [])
  t.equal(planner.countByReason().size, 0)
  t.equal(planner.observe(pod('a'), [badPort], { nowMs: 62 * minute }).length, 1)
})

t.test('pods of other owners, and pods of none', async (t) => {
  const planner = new EventPlanner()
  const other = { ...replicaSet, name: 'web-5f', uid: 'rs2' }
  const tell = (subject: EventSubject) => names(planner.observe(subject, [badPort], { nowMs: 0 }))
  for (const name of ['a', 'b', 'c', 'd']) tell(pod(name))
  t.same(tell(pod('e', other)), ['e'], 'each owner has its own three')
  const bare = ['v', 'w', 'x', 'y', 'z'].flatMap((name) => tell({ ...pod(name), owner: undefined }))
  t.same(bare, ['v', 'w', 'x'], 'a crowd of pods that nothing owns is quiet after three')
  const object = { ...replicaSet, kind: 'ProfileTarget' }
  const targets = ['1', '2', '3', '4'].flatMap((uid) =>
    tell({ object: { ...object, name: uid, uid }, owner: undefined }),
  )
  t.same(targets, ['1', '2', '3', '4'], 'ProfileTargets are no crowd')
})
