import t from 'tap'
import type { HeatmapAnswer } from '../../query/api/view-types.ts'
import { cellAt, cellBounds, cellStrength } from './heat-cells.ts'

const heat = {
  startMs: 1000,
  stepMs: 100,
  columns: 10,
  minValue: 50,
  maxValue: 150,
  rows: 4,
  cells: [
    [0, 0, 3],
    [2, 3, 40],
  ],
} as unknown as HeatmapAnswer

t.test('cells stand for a stretch of time and of values', (t) => {
  t.same(cellBounds(heat, 2, 3), { startMs: 1200, endMs: 1300, low: 125, high: 150 })
  t.same(cellAt(heat, 1250, 130), { startMs: 1200, endMs: 1300, low: 125, high: 150, count: 40 })
  t.equal(cellAt(heat, 1299, 150)?.count, 40, 'the largest value is in the last row')
  t.equal(cellAt(heat, 1000, 50)?.count, 3)
  t.equal(cellAt(heat, 1250, 60), undefined)
  t.equal(cellAt({ ...heat, minValue: 50, maxValue: 50 }, 1010, 50)?.count, 3, 'all values alike')
  t.end()
})

t.test('few profiles are seen beside many', (t) => {
  t.equal(cellStrength(1, 1), 1)
  t.ok(cellStrength(1, 10_000) > 0.1)
  t.ok(Math.abs(cellStrength(10_000, 10_000) - 1) < 1e-9)
  t.ok(cellStrength(100, 10_000) > cellStrength(10, 10_000))
  t.end()
})
