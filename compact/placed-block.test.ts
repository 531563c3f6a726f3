import t from 'tap'
import type { Covered } from '../block/block-reader.ts'
import { wholePartition } from '../block/partition.ts'
import { findDeletable, findHidden, isCoveredBy, type PlacedBlock } from './placed-block.ts'

const half = { first: 0, last: 999 }
const otherHalf = { first: 1000, last: wholePartition.last }

function covers(first: number, last: number): Covered[] {
  return [{ writer: 'w', intervals: [{ first, last }] }]
}

function block(key: string, level: number, covered: Covered[], more: Partial<PlacedBlock> = {}): PlacedBlock {
  const times = { minTimeMs: 0, maxTimeMs: 1, modifiedMs: 0 }
  return { key, level, covered, partition: wholePartition, ...times, sizeBytes: 1, isDeleted: false, ...more }
}

const keysOf = (blocks: readonly PlacedBlock[]) => blocks.map(({ key }) => key)

t.test('findHidden() finds what higher levels cover wholly', (t) => {
  const sources = [block('a', 1, covers(0, 9)), block('b', 1, covers(10, 19)), block('c', 1, covers(20, 29))]
  t.same(findHidden(sources), [])
  t.same(keysOf(findHidden([...sources, block('x', 2, covers(0, 19))])), ['a', 'b'])
  t.same(keysOf(findHidden([...sources, block('x', 2, covers(0, 18))])), ['a'], 'one attempt is missing')
  t.same(findHidden([...sources, block('x', 1, covers(0, 29))]), [], 'not by its own level')
  const first = block('x', 2, covers(0, 29), { partition: half })
  t.same(findHidden([...sources, first]), [], 'half of the series')
  const second = block('y', 2, covers(0, 19), { partition: otherHalf })
  t.same(keysOf(findHidden([...sources, first, second])), ['a', 'b'])
  t.same(keysOf(findHidden([...sources, first, second, block('z', 3, covers(0, 29))])), [
    'a',
    'b',
    'c',
    'x',
    'y',
  ])
  t.end()
})

t.test('findDeletable() waits until what covers them has been there for long enough', (t) => {
  const blocks = [
    block('a', 1, covers(0, 9)),
    block('b', 1, covers(10, 19), { modifiedMs: 70 }),
    block('x', 2, covers(0, 19), { modifiedMs: 50 }),
  ]
  t.same(findDeletable(blocks, { nowMs: 149, delayMs: 100 }), [])
  t.same(
    keysOf(findDeletable(blocks, { nowMs: 150, delayMs: 100 })),
    ['a'],
    'one that came again waits itself',
  )
  t.same(keysOf(findDeletable(blocks, { nowMs: 170, delayMs: 100 })), ['a', 'b'])
  t.end()
})

t.test('isCoveredBy() compares attempts and series', (t) => {
  const whole = { covered: covers(0, 19), partition: wholePartition }
  const parts = [
    { covered: covers(0, 19), partition: half },
    { covered: covers(0, 19), partition: otherHalf },
  ]
  const halves = [
    { covered: covers(0, 9), partition: wholePartition },
    { covered: covers(10, 19), partition: wholePartition },
  ]
  t.ok(isCoveredBy(whole, [whole]))
  t.ok(isCoveredBy(whole, parts))
  t.ok(isCoveredBy(whole, halves))
  t.notOk(isCoveredBy(whole, parts.slice(1)))
  t.notOk(isCoveredBy(whole, halves.slice(1)))
  t.notOk(isCoveredBy(whole, [parts[0]!, halves[0]!]))
  t.notOk(isCoveredBy(whole, []))
  t.end()
})
