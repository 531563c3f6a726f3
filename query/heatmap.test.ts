import t from 'tap'
import { type MadeRow, madeRows } from '../test/support/made-rows.ts'
import { heatmap } from './heatmap.ts'

const options = { startMs: 0, endMs: 99, type: 'cpu', columns: 10, rows: 4 }
const profile = (at: number, total: number | bigint): MadeRow => ({ at, total, coveredMs: 500 })

t.test('heatmap() counts profiles by cells', async (t) => {
  const series = [
    madeRows('cpu', [profile(0, 0), profile(5, 1), profile(9, 100), { at: 50 }, profile(99, 75)]),
    madeRows('cpu', [profile(7, 24), profile(55, 25)]),
    madeRows('heap', [profile(7, 1)]),
  ]
  t.strictSame(heatmap(series, options), {
    ...{ type: 'cpu', startMs: 0, stepMs: 10, columns: 10, rows: 4, minValue: 0, maxValue: 100 },
    cells: [
      [0, 0, 3],
      [0, 3, 1],
      [5, 1, 1],
      [9, 3, 1],
    ],
    ...{ coveredSeconds: 3, profiles: 6, series: 2 },
  })
})

t.test('heatmap() of values that are all the same, or none', async (t) => {
  t.match(heatmap([madeRows('cpu', [profile(1, 5), profile(2, 5)])], options), {
    minValue: 5,
    maxValue: 5,
    cells: [[0, 0, 2]],
  })
  t.match(heatmap([], options), { minValue: 0, maxValue: 0, cells: [], profiles: 0, series: 0 })
})

t.test('heatmap() has a place for negative and for wide values', async (t) => {
  const { cells, minValue, maxValue } = heatmap(
    [madeRows('cpu', [profile(1, -(2n ** 60n)), profile(2, 2n ** 60n)])],
    options,
  )
  t.strictSame(cells, [
    [0, 0, 1],
    [0, 3, 1],
  ])
  t.strictSame([minValue, maxValue], [-(2 ** 60), 2 ** 60])
})

t.test('heatmap() of a range that is shorter than its columns', async (t) => {
  const { stepMs, cells } = heatmap([madeRows('cpu', [profile(3, 5)])], { ...options, endMs: 4 })
  t.equal(stepMs, 1)
  t.strictSame(cells, [[3, 0, 1]])
})
