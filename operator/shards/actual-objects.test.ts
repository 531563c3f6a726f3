import t from 'tap'
import type { ScrapeConfigSpec } from '../../collector/config/scrape-config-resource.ts'
import type { PlannedTarget } from '../targets/decision.ts'
import { ActualObjects } from './actual-objects.ts'
import type { ActualObject } from './plan-objects.ts'

function object(
  name: string,
  version: number,
  shard: number,
  uids: string,
  { seconds = 10, startAfterMs }: { readonly seconds?: number; readonly startAfterMs?: number } = {},
): ActualObject {
  const targets = uids.split(' ').map((uid) => ({
    uid,
    address: '10.0.0.1:6060',
    labels: {},
    ...(startAfterMs !== undefined && { startAfterMs }),
  }))
  const spec: ScrapeConfigSpec = {
    shard,
    epoch: 1,
    job: {
      owner: 'annotations',
      jobName: 'annotations',
      scheme: 'http',
      pathPrefix: '',
      interval: '60s',
      timeout: '10s',
      profiles: [{ type: 'cpu', path: '/debug/pprof/profile', seconds, keepEmpty: true }],
    },
    groups: [{ labels: {}, targets }],
  }
  return { name, uid: `uid of ${name}`, resourceVersion: String(version), spec }
}

t.test('a target is held as long as an object of its shard holds it', async (t) => {
  const actual = new ActualObjects({ now: () => 1000 })
  actual.observe(object('a', 1, 0, 'x y'))
  actual.observe(object('b', 2, 0, 'x'))
  t.strictSame(actual.holders.get('x/6060'), [0, 0])
  actual.observe(object('a', 3, 0, 'y'))
  t.strictSame(actual.holders.get('x/6060'), [0])
  actual.remove('b')
  t.equal(actual.holders.has('x/6060'), false)
  t.strictSame([...actual.releases], [['x/6060', { shard: 0, untilMs: 1000 + 10_000 + 5000 }]])
})

t.test('a target with several objects is over when the longest of all their profiles is', async (t) => {
  for (const names of ['ab', 'ba']) {
    const actual = new ActualObjects({ now: () => 0 })
    actual.observe(object('a', 1, 0, 'x', { seconds: 120 }))
    actual.observe(object('b', 2, 0, 'x', { seconds: 10 }))
    for (const name of names) actual.remove(name)
    t.strictSame([...actual.releases], [['x/6060', { shard: 0, untilMs: 125_000 }]], names)
  }
})

t.test('who takes over from one that was still waiting waits for both', async (t) => {
  const actual = new ActualObjects({ now: () => 1000 })
  actual.observe(object('a', 1, 0, 'x', { seconds: 120 }))
  actual.remove('a')
  actual.observe(object('b', 2, 1, 'x'))
  actual.remove('b')
  t.strictSame([...actual.releases], [['x/6060', { shard: undefined, untilMs: 126_000 }]])
  // An operator that starts in the middle knows of the first owner by the second's object alone.
  const anew = new ActualObjects({ now: () => 1000 })
  anew.observe(object('b', 2, 1, 'x', { startAfterMs: 126_000 }))
  anew.remove('b')
  t.strictSame([...anew.releases], [['x/6060', { shard: 1, untilMs: 126_000 }]])
})

t.test('a target that two shards hold is let go by both', async (t) => {
  const actual = new ActualObjects({ now: () => 0 })
  actual.observe(object('a', 1, 0, 'x'))
  actual.observe(object('b', 2, 1, 'x'))
  actual.remove('a')
  actual.remove('b')
  t.strictSame([...actual.releases], [['x/6060', { shard: undefined, untilMs: 15_000 }]])
})

t.test('what is older than a write answered is no news, and what was deleted stays so', async (t) => {
  const actual = new ActualObjects({ now: () => 0 })
  t.equal(actual.observe(object('a', 9, 0, 'x')), true)
  t.equal(actual.observe(object('a', 10, 0, 'y')), true)
  t.equal(actual.observe(object('a', 9, 0, 'x')), false)
  t.equal(actual.observe(object('a', 10, 0, 'y')), false)
  t.strictSame([...actual.holders.keys()], ['y/6060'])
  actual.remove('a')
  t.equal(actual.observe(object('a', 10, 0, 'y')), false)
  t.equal(actual.holders.size, 0)
  actual.observeRead(object('a', 10, 0, 'y'))
  t.equal(actual.holders.size, 1, 'but for what a read has found since')
  actual.remove('a')
  t.equal(actual.observe({ ...object('a', 4, 0, 'z'), uid: 'another' }), true)
})

t.test('what nobody holds when an operator takes over is treated as just let go', async (t) => {
  const actual = new ActualObjects({ now: () => 0 })
  actual.observe(object('a', 1, 0, 'x'))
  const { job } = object('', 1, 0, 'x', { seconds: 20 }).spec
  const planned = ['x/6060', 'new/6060'].map((key) => ({ key, job: { spec: job } }) as PlannedTarget)
  actual.releaseUnheld(planned)
  t.strictSame([...actual.releases], [['new/6060', { shard: undefined, untilMs: 25_000 }]])
})
