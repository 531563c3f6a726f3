import fc from 'fast-check'
import t from 'tap'
import { formatDuration, parseDuration } from './duration.ts'

t.test('parseDuration() reads Prometheus durations', async (t) => {
  const cases: [string, number][] = [
    ['0', 0],
    ['5ms', 5],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['2w', 1_209_600_000],
    ['1y', 31_536_000_000],
  ]
  for (const [text, durationMs] of cases) t.equal(parseDuration(text), durationMs, text)
  for (const text of ['', '1', '1.5h', '-1h', '1m1h', '1 h', 'h', '999999999999y']) {
    t.throws(() => parseDuration(text), SyntaxError, text)
  }
})

t.test('parseDuration() reads what formatDuration() writes', async () => {
  fc.assert(fc.property(fc.nat(), (durationMs) => parseDuration(formatDuration(durationMs)) === durationMs))
})
