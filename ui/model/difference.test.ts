import t from 'tap'
import { formatScaled, normOf, scaleOf } from './compare-scale.ts'
import { differenceOf, differenceWords, formatChange } from './difference.ts'

t.test('differenceOf() tells new, gone and noise apart', (t) => {
  t.same(differenceOf(0, 5), { delta: 5, change: 1, kind: 'new' })
  t.same(differenceOf(5, 0), { delta: -5, change: -1, kind: 'gone' })
  t.same(differenceOf(4, 8), { delta: 4, change: 0.5, kind: 'more' })
  t.same(differenceOf(8, 4), { delta: -4, change: -0.5, kind: 'less' })
  t.same(differenceOf(100, 101, 2), { delta: 1, change: 0, kind: 'same' })
  t.same(differenceOf(0, 1, 2).kind, 'same', 'one sample more than none is noise too')
  t.same(differenceOf(0, 0).kind, 'same')
  t.end()
})

t.test('differenceWords() never says slower', (t) => {
  t.equal(differenceWords(differenceOf(1, 2), 'cpu', 'nanoseconds'), 'takes more time')
  t.equal(differenceWords(differenceOf(2, 1), 'cpu', 'nanoseconds'), 'takes less time')
  t.equal(differenceWords(differenceOf(1, 2), 'inuse_space', 'bytes'), 'holds more')
  t.equal(differenceWords(differenceOf(2, 1), 'alloc_objects', 'count'), 'allocates less')
  t.equal(differenceWords(differenceOf(1, 2), 'goroutine', 'count'), 'has more')
  t.equal(differenceWords(differenceOf(0, 2), 'goroutine', 'count'), 'only in B')
  t.equal(differenceWords(differenceOf(2, 0), 'goroutine', 'count'), 'only in A')
  t.end()
})

t.test('formatChange() always has a sign, or says new or gone', (t) => {
  t.equal(formatChange(100, 112), '+12 %')
  t.equal(formatChange(100, 101.24), '+1.2 %')
  t.equal(formatChange(100, 50), '−50 %')
  t.equal(formatChange(100, 0), 'gone')
  t.equal(formatChange(0, 5), 'new')
  t.equal(formatChange(0, 0), '0 %')
  t.equal(formatChange(100, 100.001), '0 %')
  t.equal(formatChange(1, 1e9), '+>9,999 %')
  t.end()
})

const coverage = { rangeSeconds: 60, profiles: 1, series: 1 }
const head = (type: string, coveredSeconds: number, baseSeconds: number, rangeSeconds = 0) => ({
  ...coverage,
  rangeSeconds,
  type,
  unit: 'nanoseconds',
  sum: '30',
  coveredSeconds,
  base: { ...coverage, rangeSeconds, sum: '10', coveredSeconds: baseSeconds },
})

t.test('normOf() compares per second what grows with time, where the seconds are known', (t) => {
  t.equal(normOf(head('cpu', 10, 20), ''), 'sec')
  t.equal(normOf(head('cpu', 10, 0), ''), 'abs')
  t.equal(normOf(head('cpu', 10, 0), 'sec'), 'abs')
  t.equal(normOf(head('alloc_space', 0, 0, 60), ''), 'sec', 'counters grow within the range')
  const empty = head('cpu', 10, 0)
  t.equal(normOf({ ...empty, base: { ...empty.base, sum: '0' } }, ''), 'sec', 'nothing needs no seconds')
  t.equal(normOf(head('inuse_space', 10, 20), ''), 'abs')
  t.equal(normOf(head('cpu', 10, 20), 'share'), 'share')
  t.equal(normOf(head('cpu', 10, 20), 'nonsense'), 'sec')
  t.end()
})

t.test('scaleOf() brings both sides to one measure', (t) => {
  t.same(scaleOf(head('cpu', 10, 20), 'sec'), { profile: 0.1, base: 0.05 })
  t.same(scaleOf(head('cpu', 10, 20), 'share'), { profile: 1 / 30, base: 0.1 })
  t.same(scaleOf(head('cpu', 10, 20), 'abs'), { profile: 1, base: 1 })
  t.equal(formatScaled(420e6, 'nanoseconds', 'sec'), '420 ms/s')
  t.equal(formatScaled(203.4e9, 'nanoseconds', 'sec'), '203.4 s/s')
  t.equal(formatScaled(2048, 'bytes', 'sec'), '2 KiB/s')
  t.equal(formatScaled(0.25, 'bytes', 'share'), '25.0 %')
  t.equal(formatScaled(2048, 'bytes', 'abs'), '2 KiB')
  t.end()
})
