import t from 'tap'
import type { TargetAnswer } from '../../query/api/types.ts'
import { filterTargets } from './target-filter.ts'

t.test('filterTargets() looks at address, labels and health', (t) => {
  const target = (pod: string, health: string) =>
    ({
      scrapeUrl: `http://10.0.0.1:6060/${pod}`,
      labels: { namespace: 'shop', pod },
      health,
      reason: '',
    }) as unknown as TargetAnswer
  const targets = [target('cart-1', 'ok'), target('pay-1', 'refused')]
  const pods = (text: string) => filterTargets(targets, text).map(({ labels }) => labels['pod'])
  t.same(pods(''), ['cart-1', 'pay-1'])
  t.same(pods('SHOP pay'), ['pay-1'])
  t.same(pods('refused'), ['pay-1'])
  t.same(pods('10.0.0.1'), ['cart-1', 'pay-1'])
  t.same(pods('nothing'), [])
  t.end()
})
