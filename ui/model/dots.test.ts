import t from 'tap'
import type { QueryRangeAnswer } from '../../query/api/types.ts'
import {
  type DotSeries,
  differingLabels,
  groupColors,
  groupDots,
  groupingLabels,
  isCapture,
  largestDots,
  nearestDot,
  processName,
  seriesName,
  stepDot,
  toDotSeries,
} from './dots.ts'

const answer = {
  result: [
    {
      metric: { job: 'shop', pod: 'a', profile_type: 'heap' },
      hash: 'aaaa',
      values: [
        [1000, '10'],
        [2000, '20'],
        [3000, '9007199254740993'],
      ],
      failures: [],
    },
    {
      metric: { job: 'shop', pod: 'b', profile_type: 'heap' },
      hash: 'bbbb',
      values: [[2500, '20']],
      failures: [[1500, 'refused', 0]],
      restarts: [2200],
      newest: 2500,
      coveredSeconds: [5],
    },
  ],
} as unknown as QueryRangeAnswer
const series = toDotSeries(answer)
const scale = {
  x: (ms: number) => ms / 10,
  y: (value: number) => 100 - value,
  msPerPx: 10,
  failureY: 100,
  restartY: 0,
}

t.test('nearestDot() finds profiles and failed attempts within reach', (t) => {
  const near = (x: number, y: number) => nearestDot(series, { x, y, timeMs: x * 10 }, scale, 14)
  t.equal(near(203, 82)?.id, '2000-aaaa')
  t.equal(near(246, 78)?.id, '2500-bbbb')
  t.equal(near(150, 95)?.failure?.health, 'refused')
  t.match(near(222, 4), { isRestart: true, timeMs: 2200, series: 1 })
  t.equal(near(150, 40), undefined)
  t.equal(near(120, 90), undefined)
  t.end()
})

t.test('toDotSeries() divides by what a profile covers, where that is asked for', (t) => {
  const cpu = {
    result: [
      {
        metric: {},
        hash: 'c',
        values: [
          [1, '20000000000'],
          [2, '5'],
        ],
        coveredSeconds: [10, 0],
      },
    ],
  }
  const [plain] = toDotSeries(cpu as unknown as QueryRangeAnswer)
  t.same([...(plain?.values ?? [])], [20e9, 5])
  const [cores] = toDotSeries(cpu as unknown as QueryRangeAnswer, { perSecond: true })
  t.same([...(cores?.values ?? [])], [2, 0])
  t.same(plain?.restarts, [])
  t.end()
})

t.test('dots are grouped by a label, and the largest found', (t) => {
  t.same(groupingLabels(series), ['pod'])
  t.match(groupDots(series, ''), [
    { key: 'aaaa', name: 'a', series: [0] },
    { key: 'bbbb', name: 'b', series: [1] },
  ])
  t.match(groupDots(series, 'job'), [{ key: 'vshop', name: 'shop', value: 'shop', series: [0, 1] }])
  t.match(groupDots(series, 'zone'), [{ key: 'v', name: 'without zone', value: '', series: [0, 1] }])
  t.same(
    largestDots(series, 2).map(({ id }) => id),
    ['3000-aaaa', '2500-bbbb'],
  )
  t.end()
})

t.test('what was captured is a mark on the series it is of', (t) => {
  const [a, b] = series as [DotSeries, DotSeries]
  const captured = { ...a, hash: 'cccc', labels: { ...a.labels, capture: '20261129T034345Z-287ac493' } }
  const gone = { ...captured, hash: 'dddd', labels: { ...captured.labels, pod: 'gone' } }
  t.same([captured, a].map(isCapture), [true, false])
  const groups = groupDots([captured, b, a, gone], '')
  t.match(groups, [
    { key: 'aaaa', name: 'a', series: [2, 0] },
    { key: 'bbbb', name: 'b', series: [1] },
    { key: 'dddd', name: 'gone', series: [3] },
  ])
  t.same(groupColors(groups), [0, 1, 0, 2])
  t.end()
})

t.test('a process is named by its pod, where there is one', (t) => {
  const labels = { namespace: 'shop', pod: 'cart-0', container: 'cart', instance: '10.0.0.1:6060' }
  t.equal(processName(labels), 'shop/cart-0 · cart')
  t.equal(processName({ pod: 'cart-0' }), 'cart-0')
  t.equal(processName({ job: 'cart', instance: '10.0.0.1:6060' }), '')
  t.end()
})

t.test('stepDot() stays within the series', (t) => {
  t.equal(stepDot(series, '2000-aaaa', 1), '3000-aaaa')
  t.equal(stepDot(series, '2000-aaaa', -1), '1000-aaaa')
  t.equal(stepDot(series, '1000-aaaa', -1), undefined)
  t.equal(stepDot(series, '3000-aaaa', 1), undefined)
  t.equal(stepDot(series, '2400-aaaa', 1), '3000-aaaa', 'a profile outside of the answer')
  t.equal(stepDot(series, '', 1), '3000-aaaa', 'nothing open: the newest')
  t.equal(stepDot([], '', 1), undefined)
  t.end()
})

t.test('a series is named by what tells it from the others', (t) => {
  const differing = differingLabels(series)
  t.same(differing, ['pod'])
  t.equal(seriesName(series[0]?.labels ?? {}, differing), 'a')
  const three = ['a', 'b', 'c'].map((pod) => ({
    ...series[0]!,
    labels: { job: pod, service_name: pod, pod: `${pod}1` },
  }))
  t.same(differingLabels(three), ['service_name'], 'one is enough')
  t.same(differingLabels([]), [])
  t.equal(seriesName({ job: 'shop', profile_type: 'heap' }, []), 'shop · heap')
  t.equal(seriesName({}, []), 'profiles')
  t.end()
})
