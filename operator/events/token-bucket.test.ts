import t from 'tap'
import { TokenBucket } from './token-bucket.ts'

t.test('a burst at once, then one by one', async (t) => {
  const bucket = new TokenBucket({ perSecond: 5, burst: 3 })
  t.same(
    [0, 0, 0, 0, 0].map((nowMs) => bucket.take(nowMs)),
    [0, 0, 0, 200, 400],
  )
  t.equal(bucket.take(600), 0, 'what was waited for is paid')
  t.equal(bucket.take(600), 200)
  t.same(
    [60_000, 60_000, 60_000, 60_000].map((nowMs) => bucket.take(nowMs)),
    [0, 0, 0, 200],
  )
  t.equal(bucket.take(0), 400, 'a clock that goes back gives nothing')
})
