import t from 'tap'
import {
  formatAgo,
  formatBytes,
  formatSeconds,
  formatShare,
  formatTime,
  formatValue,
  plural,
} from './format.ts'

t.test('formatValue() follows the unit', (t) => {
  const cases: readonly (readonly [number, string, string])[] = [
    [0, 'nanoseconds', '0 s'],
    [850, 'nanoseconds', '850 ns'],
    [1_500, 'nanoseconds', '1.5 µs'],
    [12_340_000, 'nanoseconds', '12.3 ms'],
    [3_900_000_000, 'nanoseconds', '3.9 s'],
    [8.64e13, 'nanoseconds', '1 d'],
    [2_000, 'microseconds', '2 ms'],
    [999.4, 'microseconds', '999 µs'],
    [999.6, 'microseconds', '1 ms'],
    [-999_700_000, 'nanoseconds', '-1 s'],
    [0, 'bytes', '0 B'],
    [1_023, 'bytes', '1,023 B'],
    [1_536, 'bytes', '1.5 KiB'],
    [1_048_575, 'bytes', '1 MiB'],
    [5 * 2 ** 40, 'bytes', '5 TiB'],
    [1_234, 'count', '1,234'],
    [12_345, 'count', '12.3 k'],
    [1_234_567_890, 'count', '1.23 G'],
    [-2_048, 'bytes', '-2 KiB'],
  ]
  for (const [value, unit, text] of cases) t.equal(formatValue(value, unit), text)
  t.end()
})

t.test('formatSeconds() uses two units from a minute on', (t) => {
  t.equal(formatSeconds(59.999), '60 s')
  t.equal(formatSeconds(60), '1 min')
  t.equal(formatSeconds(1125), '18 min 45 s')
  t.equal(formatSeconds(3600 * 3 + 60 * 4), '3 h 4 min')
  t.equal(formatSeconds(86_400 * 2 + 3599.9 * 24), '3 d')
  t.end()
})

t.test('formatShare() never calls something nothing', (t) => {
  t.equal(formatShare(0), '0 %')
  t.equal(formatShare(0.00001), '<0.01 %')
  t.equal(formatShare(0.0052), '0.52 %')
  t.equal(formatShare(0.1234), '12.3 %')
  t.equal(formatShare(1), '100 %')
  t.end()
})

t.test('times, ages and plurals', (t) => {
  t.equal(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5), true), '2026-01-02 03:04:05')
  t.match(formatTime(Date.UTC(2026, 5, 15, 12), false), /^2026-06-1[456] \d\d:\d\d:00$/)
  t.equal(formatAgo(1_000, 13_000), '12 s ago')
  t.equal(formatAgo(13_000, 1_000), 'in 12 s')
  t.equal(formatAgo(1_000, 1_200), 'now')
  t.equal(plural(1, 'profile'), '1 profile')
  t.equal(plural(12_345, 'profile'), '12,345 profiles')
  t.equal(plural(2, 'series', 'series'), '2 series')
  t.equal(formatBytes(999.99 * 1024), '1,000 KiB')
  t.end()
})
