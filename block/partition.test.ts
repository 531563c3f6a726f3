import t from 'tap'
import { sortLabels } from '../profile/labels.ts'
import {
  isWhole,
  partitionContains,
  partitionOf,
  partitionsOverlap,
  servicePartition,
  wholePartition,
} from './partition.ts'

t.test('partitionOf() never changes, and keeps a service together', async (t) => {
  const labels = sortLabels([
    ['pod', 'cart-1'],
    ['service_name', 'shop/cart'],
  ])
  t.equal(partitionOf(labels), 1_674_874_692_656_323)
  t.ok(partitionOf(labels) <= wholePartition.last)
  t.equal(partitionOf({}), servicePartition('').first + 0xe3b0c, 'without labels')
  for (const pod of ['a', 'b', 'c', 'd']) {
    const place = partitionOf(
      sortLabels([
        ['pod', pod],
        ['service_name', 'shop/cart'],
      ]),
    )
    t.ok(partitionContains(servicePartition('shop/cart'), { first: place, last: place }))
  }
})

t.test('ranges include both ends', async (t) => {
  t.ok(isWhole(wholePartition))
  t.notOk(isWhole({ first: 1, last: wholePartition.last }))
  t.ok(partitionsOverlap({ first: 1, last: 5 }, { first: 5, last: 9 }))
  t.notOk(partitionsOverlap({ first: 1, last: 4 }, { first: 5, last: 9 }))
  t.ok(partitionContains({ first: 1, last: 5 }, { first: 5, last: 5 }))
  t.notOk(partitionContains({ first: 1, last: 5 }, { first: 5, last: 6 }))
})
