import t from 'tap'
import type { LabelSelector } from '../api/profile-target.ts'
import { compileLabelSelector } from './match-labels.ts'

const labels = { app: 'cart', tier: 'web', empty: '' }
const one = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', key: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
})

t.test('compileLabelSelector() matches as the API server does', async (t) => {
  const cases: [string, LabelSelector, boolean][] = [
    ['empty', {}, true],
    ['empty parts', { matchLabels: {}, matchExpressions: [] }, true],
    ['a label', { matchLabels: { app: 'cart' } }, true],
    ['two labels', { matchLabels: { app: 'cart', tier: 'web' } }, true],
    ['another value', { matchLabels: { app: 'shop' } }, false],
    ['one of two', { matchLabels: { app: 'cart', tier: 'db' } }, false],
    ['no such label', { matchLabels: { team: '' } }, false],
    ['an empty value', { matchLabels: { empty: '' } }, true],
    ['In', one('In', 'app', 'shop', 'cart'), true],
    ['In without it', one('In', 'app', 'shop'), false],
    ['In, no such label', one('In', 'team', 'a'), false],
    ['NotIn', one('NotIn', 'app', 'shop'), true],
    ['NotIn with it', one('NotIn', 'app', 'shop', 'cart'), false],
    ['NotIn, no such label', one('NotIn', 'team', 'a'), true],
    ['Exists', one('Exists', 'empty'), true],
    ['Exists, no such label', one('Exists', 'team'), false],
    ['DoesNotExist', one('DoesNotExist', 'team'), true],
    ['DoesNotExist, and it does', one('DoesNotExist', 'app'), false],
    ['what every object has', one('Exists', 'constructor'), false],
    ['both kinds', { matchLabels: { app: 'cart' }, ...one('Exists', 'tier') }, true],
    ['both kinds, one does not hold', { matchLabels: { app: 'cart' }, ...one('Exists', 'team') }, false],
  ]
  for (const [name, selector, want] of cases) t.equal(compileLabelSelector(selector)(labels), want, name)
  t.throws(() => compileLabelSelector(one('In', 'app')), { message: 'In on "app" needs values' })
  t.throws(() => compileLabelSelector(one('Exists', 'app', 'x')), {
    message: 'Exists on "app" takes no values',
  })
})
