import t from 'tap'
import { type MadeRow, madeRows } from '../test/support/made-rows.ts'
import { breakdown } from './breakdown.ts'

const options = { startMs: 0, endMs: 60_000, by: 'pod', type: 'cpu', agg: 'sum' } as const
const series = (labels: Readonly<Record<string, string>>, rows: readonly MadeRow[], type = 'cpu') => ({
  labels,
  refs: madeRows(type, rows),
})

t.test('breakdown() adds up what each value has', async (t) => {
  const groups = breakdown(
    [
      series({ pod: 'a', job: 'x' }, [
        { at: 0, total: 5, coveredMs: 1000 },
        { at: 60_000, total: 6, coveredMs: 1000 },
      ]),
      series({ pod: 'a', job: 'y' }, [{ at: 1, total: 2n ** 62n, coveredMs: 500 }]),
      series({ pod: 'b' }, [{ at: 1, total: 20 }]),
      series({ job: 'x' }, [{ at: 1, total: 20 }]),
      series({ pod: 'c' }, [{ at: 1 }]),
      series({ pod: 'd' }, [{ at: 1, total: 1 }], 'heap'),
    ],
    options,
  )
  t.strictSame(groups, [
    {
      ...{ value: 'a', total: String(2n ** 62n + 11n) },
      ...{ series: 2, profiles: 3, coveredSeconds: 2.5, rangeSeconds: 60 },
    },
    { value: '', total: '20', series: 1, profiles: 1, coveredSeconds: 0, rangeSeconds: 60 },
    { value: 'b', total: '20', series: 1, profiles: 1, coveredSeconds: 0, rangeSeconds: 60 },
  ])
  t.strictSame(breakdown([], options), [])
})

t.test('breakdown() goes by the kind of the numbers', async (t) => {
  const rows = [10, 30, 20].map((total, i) => ({ at: i * 1000, total }))
  for (const [agg, total] of [
    ['avg', '20'],
    ['max', '30'],
    ['last', '20'],
    ['sum', '60'],
    // Up by 20; then a process that began anew, and has 20.
    ['delta', '40'],
  ] as const) {
    t.equal(breakdown([series({ pod: 'a' }, rows)], { ...options, agg })[0]?.total, total, agg)
  }
})
