import t from 'tap'
import { type Order, readRows, sortRows } from './table-rows.ts'

const row = (name: string, flat: string, cum: string, baseFlat = '0', baseCum = '0') => ({
  name,
  file: '',
  flat,
  cum,
  baseFlat,
  baseCum,
})

t.test('sortRows() puts the largest of either side first', (t) => {
  const rows = readRows([row('b', '5', '5'), row('a', '5', '9'), row('gone', '0', '0', '7', '7')], {
    profile: 1,
    base: 1,
  })
  const names = (order: Order, isCompared = true) => sortRows(rows, order, isCompared).map(({ name }) => name)
  t.same(names('flat', false), ['gone', 'a', 'b'])
  t.same(names('cum', false), ['a', 'gone', 'b'])
  t.same(names('name'), ['a', 'b', 'gone'])
  t.same(names('flat'), ['gone', 'a', 'b'], 'what changed most')
  t.same(names('cum'), ['a', 'gone', 'b'])
  t.same(names('flatsize'), ['gone', 'a', 'b'])
  t.end()
})

t.test('readRows() scales each side', (t) => {
  const [read] = readRows([row('a', '10', '20', '4', '8')], { profile: 0.1, base: 0.5 })
  t.same(read, { name: 'a', file: '', line: 0, flat: 1, cum: 2, baseFlat: 2, baseCum: 4 })
  t.end()
})
