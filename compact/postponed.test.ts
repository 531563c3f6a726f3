import t from 'tap'
import { Postponed } from './postponed.ts'

t.test('Postponed waits twice as long after each failure, up to a bound', (t) => {
  const postponed = new Postponed({ firstMs: 10, maxMs: 35 })
  t.notOk(postponed.has('a', 0))
  for (const [nowMs, waitMs] of [
    [100, 10],
    [200, 20],
    [300, 35],
    [400, 35],
  ] as const) {
    postponed.add('a', nowMs)
    t.ok(postponed.has('a', nowMs + waitMs - 1))
    t.notOk(postponed.has('a', nowMs + waitMs))
  }
  postponed.add('b', 400)
  t.ok(postponed.has('b', 409), 'each by itself')
  postponed.keepOnly(new Set(['b']))
  postponed.add('a', 500)
  t.notOk(postponed.has('a', 510), 'what is gone is forgotten')
  t.ok(postponed.has('b', 405))
  t.end()
})
