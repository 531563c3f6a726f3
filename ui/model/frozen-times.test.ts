import t from 'tap'
import { frozenTimes } from './frozen-times.ts'
import { parseUrlState } from './url-state.ts'

t.test('frozenTimes() makes every relative time absolute', (t) => {
  const nowMs = Date.parse('2026-11-23T12:00:00Z')
  const freeze = (search: string) => frozenTimes(parseUrlState(search), { nowMs, utc: true })
  t.match(freeze(''), { from: String(nowMs - 15 * 60_000), to: String(nowMs) })
  t.match(freeze('?from=1795380901253&to=now'), { from: '1795380901253', to: String(nowMs) })
  t.match(freeze('?fa=now-1d1h&ta=now-1d'), {
    fa: String(nowMs - 25 * 3_600_000),
    ta: String(nowMs - 24 * 3_600_000),
  })
  t.notOk('fb' in freeze('?fa=now-1h'))
  t.end()
})
