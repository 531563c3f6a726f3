import t from 'tap'
import { ListingPatience } from './listing-patience.ts'

t.test('a bucket that is away is waited for shortly, but for now and then', async (t) => {
  let nowMs = 0
  const patience = new ListingPatience({ now: () => nowMs })
  t.equal(patience.begin(), undefined)
  t.equal(patience.failed(new Error('connect ECONNREFUSED'), { wasShort: false }), 'connect ECONNREFUSED')
  t.equal(patience.begin(), 1000)
  t.equal(patience.failed(new Error('no answer within 1s'), { wasShort: true }), 'connect ECONNREFUSED')
  nowMs = 15_000
  t.equal(patience.begin(), undefined, 'one finds out')
  t.equal(patience.begin(), 1000, 'while others get on')
  t.equal(patience.failed(new Error('403'), { wasShort: false }), '403')
  t.equal(patience.begin(), 1000)
  patience.succeeded()
  t.equal(patience.begin(), undefined)
})
