import t from 'tap'
import { parseStep, parseTime } from './time.ts'

const nowMs = Date.UTC(2026, 0, 2, 15, 4, 5)

t.test('parseTime() reads seconds, RFC 3339 and times relative to now', async (t) => {
  const cases: [string, number][] = [
    ['1435781451', 1435781451000],
    ['1435781451.781', 1435781451781],
    ['-1.5', -1500],
    ['2026-01-02T15:04:05Z', nowMs],
    ['2026-01-02t15:04:05.25z', nowMs + 250],
    ['2026-01-02T17:04:05+02:00', nowMs],
    ['now', nowMs],
    ['now-1h', nowMs - 3_600_000],
    ['now+1h30m', nowMs + 5_400_000],
  ]
  for (const [text, timeMs] of cases) t.equal(parseTime(text, nowMs), timeMs, text)
})

t.test('parseTime() refuses what is none', async (t) => {
  for (const text of [
    '',
    'yesterday',
    '2026-01-02',
    'now-',
    'now-1',
    '1e9',
    '2026-13-02T15:04:05Z',
    'now - 1h',
  ]) {
    t.throws(() => parseTime(text, nowMs), SyntaxError, text)
  }
  t.throws(
    () => parseTime('1435781451781', nowMs),
    { message: /want unix seconds/ },
    'milliseconds by mistake',
  )
})

t.test('parseStep() reads durations and seconds', async (t) => {
  t.equal(parseStep('15s'), 15_000)
  t.equal(parseStep('0.5'), 500)
  for (const text of ['0', '', '-1', '0s', 'x']) t.throws(() => parseStep(text), SyntaxError, text)
})
