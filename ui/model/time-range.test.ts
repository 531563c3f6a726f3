import t from 'tap'
import { describeRange, isRelative, resolveRange, resolveTime } from './time-range.ts'

const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0)
const at = { nowMs, utc: true }

t.test('resolveTime() reads relative, numeric and written times', (t) => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['now', nowMs],
    ['now-90m', nowMs - 5_400_000],
    ['now - 1h30m', nowMs - 5_400_000],
    ['now-7d', nowMs - 604_800_000],
    ['now-250ms', nowMs - 250],
    [String(nowMs), nowMs],
    [String(nowMs / 1000), nowMs],
    ['2026-11-23', Date.UTC(2026, 10, 23)],
    ['2026-11-23 9:05', Date.UTC(2026, 10, 23, 9, 5)],
    ['2026-11-23 09:05:07', Date.UTC(2026, 10, 23, 9, 5, 7)],
    ['2026-11-23T09:05:00+02:00', Date.UTC(2026, 10, 23, 7, 5)],
    ['2026-11-23 09:05 UTC', Date.UTC(2026, 10, 23, 9, 5)],
    ['yesterday', undefined],
    ['now-', undefined],
    ['now-1x', undefined],
    ['2026-13-01', undefined],
    ['', undefined],
  ]
  for (const [text, ms] of cases) t.equal(resolveTime(text, at), ms, JSON.stringify(text))
  t.end()
})

t.test('resolveRange() falls back to the last hour where the range makes no sense', (t) => {
  const lastHour = { startMs: nowMs - 3_600_000, endMs: nowMs }
  t.same(resolveRange({ from: 'now-1h', to: 'now' }, at), lastHour)
  t.same(resolveRange({ from: 'now', to: 'now-1h' }, at), lastHour)
  t.same(resolveRange({ from: 'rubbish', to: 'now' }, at), lastHour)
  t.same(resolveRange({ from: String(nowMs - 10_000), to: String(nowMs) }, at), {
    startMs: nowMs - 10_000,
    endMs: nowMs,
  })
  t.end()
})

t.test('describeRange() names presets and writes out the rest', (t) => {
  const format = { utc: true, format: (ms: number) => new Date(ms).toISOString().slice(0, 16) }
  t.equal(describeRange({ from: 'now-1h', to: 'now' }, format), 'Last hour')
  t.equal(describeRange({ from: 'now-9h', to: 'now-8h' }, format), 'now-9h → now-8h')
  t.equal(describeRange({ from: String(nowMs), to: 'now' }, format), '2026-11-23T12:00 → now')
  t.equal(isRelative({ from: String(nowMs), to: 'now' }), true)
  t.equal(isRelative({ from: 'now-1h', to: String(nowMs) }), false)
  t.end()
})
