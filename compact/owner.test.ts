import t from 'tap'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { Ownership, ownerKey, readOwner } from './owner.ts'

const settleMs = 50

t.test('claim() keeps a bucket with the cluster that came first', async (t) => {
  const bucket = new MemoryBucket()
  const own = new Ownership({ bucket, cluster: 'east', settleMs, now: () => 5 })
  await own.claim()
  t.same(await readOwner(bucket), { cluster: 'east', createdMs: 5 })
  await own.claim()
  await new Ownership({ bucket, cluster: 'east', settleMs }).claim()
  await t.rejects(new Ownership({ bucket, cluster: 'west', settleMs }).claim(), {
    code: 'OWNED',
    message: `own bucket ${bucket.name}: owner.json names cluster "east", this is "west"; want a prefix of its own for each, or --take-ownership where the other is gone`,
  })
  const taker = new Ownership({ bucket, cluster: 'west', take: true, settleMs })
  await taker.claim()
  t.equal((await readOwner(bucket))?.cluster, 'west')
  await t.rejects(own.claim(), { code: 'OWNED' }, 'the other stops in its next round')
  await new Ownership({ bucket, cluster: 'east', take: true, settleMs }).claim()
  await t.rejects(taker.claim(), { code: 'OWNED' }, 'it takes once, and not back and forth')
})

t.test('claim() by two at once leaves one', async (t) => {
  const bucket = new MemoryBucket()
  const claims = ['a', 'b', 'c'].map((cluster) => new Ownership({ bucket, cluster, settleMs }).claim())
  const results = await Promise.allSettled(claims)
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
})

t.test('claim() says what is wrong with what it finds', async (t) => {
  for (const text of ['', 'east', '{"cluster": ""}', '{"cluster":"a","createdMs":-1}']) {
    const bucket = new MemoryBucket()
    await bucket.put(ownerKey, Buffer.from(text))
    await t.rejects(new Ownership({ bucket, cluster: 'east', settleMs }).claim(), {
      message: `read owner.json of bucket ${bucket.name}: it is ${JSON.stringify(text)}, want {"cluster": …, "createdMs": …}`,
    })
  }
})

t.test('claim() ends when told so', async (t) => {
  const controller = new AbortController()
  const own = new Ownership({ bucket: new MemoryBucket(), cluster: 'east', settleMs: 60_000 })
  const claim = own.claim({ signal: controller.signal })
  controller.abort()
  await t.rejects(claim, { name: 'AbortError' })
})
