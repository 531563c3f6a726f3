import t from 'tap'
import type { Measure, WorkloadRow } from '../../query/api/overview-types.ts'
import {
  changeOf,
  comparePatch,
  explorePatch,
  filterRows,
  narrowed,
  sortRows,
  workloadName,
} from './overview-rows.ts'

const none: Measure = { now: null, hour: null, day: null, week: null }

function row(workload: string, facts: Partial<WorkloadRow> = {}): WorkloadRow {
  return {
    labels: { namespace: 'shop', workload },
    selector: `{namespace="shop", workload="${workload}"}`,
    pods: 1,
    gonePods: 0,
    restarts: { hour: 0, day: 0, week: 0, last: 0 },
    targets: { up: 1, failing: 0, reasons: [] },
    cores: none,
    heapBytes: none,
    goroutines: none,
    newest: 0,
    ...facts,
  }
}

t.test('changeOf() says with a sign what became of a value', (t) => {
  const table: readonly [number | null, number | null, string, string][] = [
    [null, null, '', 'none'],
    [1, null, 'new', 'more'],
    [null, 1, 'gone', 'less'],
    [1, 1, '=', 'same'],
    [0, 0, '=', 'same'],
    [1, 0, '+', 'more'],
    [0, 1, '−100 %', 'less'],
    [1.001, 1, '=', 'same'],
    [1.03, 1, '+3 %', 'same'],
    [1.5, 1, '+50 %', 'more'],
    [0.5, 1, '−50 %', 'less'],
    [4.44, 1, '+344 %', 'more'],
    [15.3, 1, '+15 ×', 'more'],
  ]
  for (const [now, before, text, tone] of table)
    t.match(changeOf(now, before), { text, tone }, `${before} → ${now}`)
  t.end()
})

t.test('sortRows() keeps the order of the server until a column is chosen', (t) => {
  const measure = (now: number | null, day: number | null): Measure => ({ now, hour: null, day, week: null })
  const rows = [
    row('b', { cores: measure(2, 1), targets: { up: 0, failing: 3, reasons: [] } }),
    row('c', { cores: measure(1, 4) }),
    row('a', { cores: measure(null, 1), restarts: { hour: 0, day: 5, week: 9, last: 1 } }),
  ]
  const names = (order: string) => sortRows(rows, order).map(workloadName).join('')
  t.equal(names(''), 'bca')
  t.equal(names('nonsense'), 'bca')
  t.equal(names('name'), 'abc')
  t.equal(names('-name'), 'cba')
  t.equal(names('-cores'), 'bca')
  t.equal(names('cores'), 'acb')
  t.equal(names('-cores.day'), 'bac')
  t.equal(names('-failing'), 'bac')
  t.equal(names('-restarts'), 'abc')
  t.end()
})

t.test('filterRows() wants every word in the labels', (t) => {
  const rows = [row('cart'), row('checkout')]
  t.same(filterRows(rows, ' SHOP c ').map(workloadName), ['cart', 'checkout'])
  t.same(filterRows(rows, 'shop cart').map(workloadName), ['cart'])
  t.same(filterRows(rows, 'nothing'), [])
  t.end()
})

t.test('links of a row select what the cell shows', (t) => {
  const cart = row('cart', { heapBytes: { now: 1, hour: 1, day: 1, week: 1 } })
  t.equal(narrowed('{}', 'cpu'), '{profile_type="cpu"}')
  t.match(explorePatch(cart, 'heapBytes'), {
    q: '{namespace="shop", workload="cart", profile_type="heap"}',
    from: 'now-1h',
  })
  t.match(explorePatch(cart, 'cores'), { from: 'now-1d' }, 'what is gone is looked for further back')
  const answer = { at: 1_000_000_000, windowSeconds: 300, workloads: [] }
  t.match(comparePatch(cart, { measure: 'cores', span: 'day', answer }), {
    fa: String(1_000_000_000 - 86_400_000 - 300_000),
    ta: String(1_000_000_000 - 86_400_000),
    fb: String(1_000_000_000 - 300_000),
    tb: '1000000000',
  })
  t.end()
})
