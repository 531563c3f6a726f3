import t from 'tap'
import type { DotSeries } from './dots.ts'
import { isStale, selectionHealth } from './selection-health.ts'

const minute = 60_000
const nowMs = 1_000 * minute

function series(times: readonly number[], failed: readonly (readonly [number, string])[] = []): DotSeries {
  return {
    hash: 'a',
    labels: {},
    times: Float64Array.from(times),
    values: new Float64Array(times.length),
    failures: failed.map(([timeMs, health]) => ({ timeMs, health, httpStatus: 0 })),
    restarts: [],
    newest: times.at(-1) ?? 0,
  }
}

t.test('selectionHealth() counts series whose last attempt failed', (t) => {
  const health = selectionHealth(
    [
      series([nowMs - 3 * minute, nowMs - 2 * minute, nowMs - minute]),
      series([nowMs - 5 * minute], [[nowMs - minute, 'refused']]),
      series([], [[nowMs - minute, 'refused']]),
      series([nowMs - minute], [[nowMs - 2 * minute, 'timeout']]),
      series([], [[nowMs - 2 * 60 * minute, 'refused']]),
    ],
    nowMs,
  )
  t.equal(health.newest, nowMs - minute)
  t.equal(health.intervalMs, minute)
  t.same(health.failing, [{ health: 'refused', httpStatus: 0, count: 2 }])
  t.end()
})

t.test('isStale() knows how often profiles come', (t) => {
  const health = { newest: nowMs - 4 * minute, intervalMs: minute, failing: [] }
  t.equal(isStale(health, nowMs), true)
  t.equal(isStale({ ...health, intervalMs: 10 * minute }, nowMs), false)
  t.equal(isStale({ ...health, newest: nowMs - minute }, nowMs), false)
  t.equal(isStale({ ...health, newest: 0 }, nowMs), false, 'nothing came ever: that is another matter')
  t.end()
})
