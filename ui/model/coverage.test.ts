import t from 'tap'
import { coresOf, coverageWords, formatCores } from './coverage.ts'

const cpu = {
  coveredSeconds: 1220,
  rangeSeconds: 3600,
  profiles: 122,
  series: 2,
  sum: '1586000000000',
  unit: 'nanoseconds',
}

t.test('coverageWords() says how much of the time was looked at', (t) => {
  t.same(coverageWords(cpu, 'duration'), [
    '122 profiles of 2 series',
    'sampled 16.9 % of the time (20 min 20 s)',
    '1.30 cores while sampled, per series',
  ])
  t.match(coverageWords({ ...cpu, coveredSeconds: 3600, series: 1 }, 'duration')[1], 'all of the time')
  t.match(coverageWords(cpu, 'gauge')[1], 'averaged over time')
  t.match(coverageWords(cpu, 'counter')[1], 'within 1 h')
  t.end()
})

t.test('coresOf() is undefined where there is no time to divide', (t) => {
  t.equal(coresOf({ ...cpu, unit: 'bytes' }), undefined)
  t.equal(coresOf({ ...cpu, coveredSeconds: 0 }), undefined)
  t.equal(formatCores(0.0131), '0.013 cores')
  t.equal(formatCores(12.34), '12.3 cores')
  t.end()
})
