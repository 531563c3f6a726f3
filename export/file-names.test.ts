import { join, normalize, relative } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { labelsHash, sortLabels } from '../profile/labels.ts'
import { groupName, seriesFolder } from './file-names.ts'

t.test('seriesFolder() and groupName() say who and what', async (t) => {
  const labels = sortLabels([
    ['service_name', 'shop/cart'],
    ['profile_type', 'heap'],
    ['pod', 'cart-7d9'],
    ['instance', '10.0.0.1:6060'],
  ])
  t.equal(seriesFolder(labels), `shop_cart/heap/cart-7d9-${labelsHash(labels)}`)
  const alone = sortLabels([
    ['job', 'etcd'],
    ['profile_type', 'cpu'],
  ])
  t.equal(seriesFolder(alone), `etcd/cpu/${labelsHash(alone)}`)
  t.equal(groupName(sortLabels([['profile_type', 'heap']])), 'heap')
  t.equal(groupName(labels), '10.0.0.1_6060-cart-7d9-shop_cart-heap')
})

t.test('names stay in the folder that they are for, whatever labels are', async () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('..', '../..', '/', '.', '', '-', 'a/../../b', '\0', 'x'.repeat(300)),
  )
  fc.assert(
    fc.property(value, value, value, (service, type, pod) => {
      const labels = sortLabels([
        ['service_name', service],
        ['profile_type', type],
        ['pod', pod],
      ])
      for (const name of [seriesFolder(labels), groupName(labels)]) {
        const path = relative('/out', normalize(join('/out', name)))
        if (path !== name || path.startsWith('..') || path === '' || /[\0\n]/.test(path))
          throw new Error(path)
        if (path.split('/').some((part) => part.startsWith('.') || part.length > 400)) throw new Error(path)
      }
      if (seriesFolder(labels).split('/').length !== 3 || groupName(labels).includes('/'))
        throw new Error('depth')
    }),
  )
})
