import fc from 'fast-check'
import t from 'tap'
import { accept, podView, profileTargetView } from '../../test/support/pod-shapes.ts'
import type { NamespaceView } from './pod-view.ts'
import { compareAge, createPodSelection, selects } from './select-pods.ts'
import { defaultTargetSettings } from './settings.ts'

const settings = { ...defaultTargetSettings, allowCrossNamespace: true }
const endpoints = [{ port: 'pprof' }]
const target = (name: string, spec: object, createdMs = 0) =>
  accept(profileTargetView(name, { selector: {}, endpoints, ...spec }, createdMs), settings)
const pod = (namespace: string, labels: Record<string, string>) =>
  podView({ metadata: { namespace, labels } })
const named = (name: string, labels: Record<string, string> = {}): NamespaceView => ({
  name,
  labels,
  annotations: {},
})

t.test('select() finds ProfileTargets by namespace and labels, oldest first', async (t) => {
  const selection = createPodSelection([
    target('own', {}, 5),
    target('cart', { selector: { matchLabels: { app: 'cart' } } }, 4),
    target(
      'cart-too',
      { selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart'] }] } },
      4,
    ),
    target('named', { namespaceSelector: { matchNames: ['bank', 'shop'] } }, 2),
    target('any', { selector: { matchLabels: { app: 'cart' } }, namespaceSelector: { any: true } }, 1),
    target('labelled', { namespaceSelector: { matchLabels: { team: 'a' } } }, 3),
  ])
  const found = (namespace: NamespaceView | undefined, labels: Record<string, string>, of = 'shop') =>
    selection.select(pod(namespace?.name ?? of, labels), namespace).map(({ name }) => name)
  t.strictSame(found(named('shop'), { app: 'cart' }), ['any', 'named', 'cart', 'cart-too', 'own'])
  t.strictSame(found(named('shop'), { app: 'web' }), ['named', 'own'])
  t.strictSame(found(named('bank'), { app: 'cart' }), ['any', 'named'])
  t.strictSame(found(named('team', { team: 'a' }), { app: 'cart' }), ['any', 'labelled'])
  t.strictSame(found(named('else'), { app: 'web' }), [])
  t.strictSame(found(undefined, { app: 'web' }, 'team'), [], 'no labels of a namespace that is not known yet')
})

t.test('select() finds what comparing with each would find', async () => {
  const word = fc.constantFrom('a', 'b', 'c')
  const labels = fc.dictionary(word, word, { maxKeys: 3 })
  const selector = fc.record(
    {
      matchLabels: labels,
      matchExpressions: fc.array(
        fc.oneof(
          fc.record({ key: word, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
          fc.record({
            key: word,
            operator: fc.constantFrom('In', 'NotIn'),
            values: fc.array(word, { minLength: 1, maxLength: 2 }),
          }),
        ),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  )
  const namespaceSelector = fc.oneof(
    fc.record({ matchNames: fc.uniqueArray(fc.constantFrom('shop', 'bank'), { minLength: 1 }) }),
    fc.record({ matchLabels: fc.dictionary(word, word, { minKeys: 1, maxKeys: 2 }) }),
  )
  const spec = fc.record({ selector, namespaceSelector }, { requiredKeys: ['selector'] })
  fc.assert(
    fc.property(
      fc.array(spec, { maxLength: 12 }),
      labels,
      fc.constantFrom('shop', 'bank'),
      labels,
      (specs, podLabels, name, namespaceLabels) => {
        const targets = specs.map((given, index) => target(`t${index % 7}-${index}`, given, index % 3))
        const view = pod(name, podLabels)
        const namespace = named(name, namespaceLabels)
        const want = targets.filter((each) => selects(each, view, namespace)).sort(compareAge)
        const got = createPodSelection(targets.toReversed()).select(view, namespace)
        return want.length === got.length && want.every((each, index) => each === got[index])
      },
    ),
  )
})

t.test('1,000 ProfileTargets and 10,000 pods are a matter of milliseconds', async (t) => {
  const all = Array.from({ length: 1000 }, (_, index) =>
    target(`t${index}`, { selector: { matchLabels: { team: 'a', app: `app-${index}` } } }, index),
  )
  const pods = Array.from({ length: 10_000 }, (_, index) =>
    pod('shop', { team: 'a', app: `app-${index % 1000}` }),
  )
  const start = performance.now()
  const selection = createPodSelection(all)
  const found = pods.map((each) => selection.select(each, named('shop')).length)
  t.comment(`selected in ${(performance.now() - start).toFixed(0)} ms`)
  t.ok(found.every((count) => count === 1))
})
