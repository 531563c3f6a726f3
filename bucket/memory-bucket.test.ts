import t from 'tap'
import { acceptBucket } from './acceptance.ts'
import { MemoryBucket } from './memory-bucket.ts'
import { PrefixedBucket } from './prefixed-bucket.ts'

t.test('MemoryBucket', async (t) => acceptBucket(t, async () => new MemoryBucket()))

t.test('PrefixedBucket', async (t) => {
  await acceptBucket(t, async () => {
    const inner = new MemoryBucket()
    await inner.put('prod-2/object', Buffer.from('of another'))
    return new PrefixedBucket(inner, 'prod')
  })

  await t.test('keeps everything below its prefix', async (t) => {
    const inner = new MemoryBucket({ name: 's3://profiles' })
    const bucket = new PrefixedBucket(inner, 'clusters/prod')
    t.equal(bucket.name, 's3://profiles/clusters/prod')
    await bucket.put('blocks/x', Buffer.from('1'))
    t.equal((await inner.stat('clusters/prod/blocks/x')).sizeBytes, 1)
    t.throws(() => new PrefixedBucket(inner, '/prod/'), TypeError)
  })
})
