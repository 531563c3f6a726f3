import t from 'tap'
import { labelsHash } from '../../profile/labels.ts'
import { parseSelector } from '../../profile/selector.ts'
import type { TargetAnswer } from '../api/types.ts'
import { explainNoTarget } from './explain-no-target.ts'
import { planCapture } from './plan-capture.ts'

interface Given {
  readonly service?: string
  readonly node?: string
  readonly type?: string
  readonly health?: string
  readonly collector?: string
  readonly container?: string
  readonly port?: number
}

function target(pod: string, given: Given = {}): TargetAnswer {
  const { service = 'cart', node = 'a', type = 'cpu', health = 'ok', collector = 'collector-0' } = given
  const { container = 'app', port = 6060 } = given
  return {
    collector,
    scrapePool: 'annotations',
    scrapeUrl: `http://${pod}:${port}/debug/pprof/${type}`,
    labels: { container, namespace: 'shop', node, pod, profile_type: type, service_name: service },
    discoveredLabels: {},
    profileType: type,
    intervalSeconds: 60,
    timeoutSeconds: 10,
    health,
    reason: '',
    remedy: '',
    lastScrape: 0,
    lastScrapeDurationSeconds: 0,
    lastSizeBytes: 0,
    nextScrape: 0,
  }
}

function plan(targets: readonly TargetAnswer[], selector: string, { pods = 5, goroutineText = false } = {}) {
  return planCapture(targets, { matchers: parseSelector(selector), pods, goroutineText }, () => 0.5)
}

const podsOf = ({ takes }: ReturnType<typeof plan>) => takes.map(({ labels }) => labels['pod'])

t.test('planCapture() takes every profile type of a pod that matches', async (t) => {
  const targets = ['cpu', 'heap', 'goroutine'].map((type) => target('cart-0', { type }))
  const all = plan(targets, '{pod="cart-0"}')
  t.equal(all.takes.length, 3)
  t.match(all, { matched: 1, leftOut: 0 })
  t.strictSame(plan(targets, 'heap').takes, [
    {
      series: labelsHash(targets[1]!.labels),
      kind: 'profile',
      collector: 'collector-0',
      labels: targets[1]!.labels,
    },
  ])
})

t.test('planCapture() spreads over services, then nodes, and takes those that answer first', async (t) => {
  const carts = ['a', 'a', 'a', 'b'].map((node, i) => target(`cart-${i}`, { node }))
  const fronts = ['a', 'b'].map((node, i) => target(`front-${i}`, { node, service: 'front' }))
  const four = plan([...carts, ...fronts], 'cpu', { pods: 4 })
  t.strictSame(podsOf(four), ['cart-0', 'front-0', 'cart-3', 'front-1'])
  t.match(four, { matched: 6, leftOut: 2 })
  const broken = [target('cart-0', { health: 'refused' }), target('cart-1', { health: 'unknown' })]
  t.strictSame(podsOf(plan(broken, 'cpu', { pods: 1 })), ['cart-1'])
  t.strictSame(podsOf(plan(broken.slice(0, 1), 'cpu')), ['cart-0'], 'better than none')
})

t.test('planCapture() asks each process once for its goroutines', async (t) => {
  const targets = [
    target('cart-0'),
    target('cart-0', { type: 'goroutine' }),
    target('cart-0', { container: 'proxy', port: 9090 }),
  ]
  const texts = (selector: string, goroutineText: boolean) =>
    plan(targets, selector, { goroutineText }).takes.filter(({ kind }) => kind === 'goroutine_text')
  t.match(texts('{profile_type="cpu"}', true), [
    // Through its own goroutines, as their path is known.
    { series: labelsHash(targets[1]!.labels), labels: { container: 'app', profile_type: 'goroutine_text' } },
    { series: labelsHash(targets[2]!.labels), labels: { container: 'proxy' } },
  ])
  t.equal(plan(targets, 'goroutine_text{container="app"}').takes.length, 1, 'named like a type, alone')
  t.strictSame(texts('{profile_type="cpu"}', false), [])
})

t.test('planCapture() asks one collector where a target moves', async (t) => {
  const both = [target('cart-0'), target('cart-0', { collector: 'collector-1' })]
  t.equal(plan(both, 'cpu').takes.length, 1)
})

t.test('explainNoTarget() names the part to blame', async (t) => {
  const targets = [
    ...['cart-0', 'cart-1'].map((pod) => target(pod)),
    target('front-0', { service: 'front', type: 'heap' }),
  ]
  const explain = (selector: string) => explainNoTarget(parseSelector(selector), targets)
  t.equal(
    explain('{service_name="carts"}'),
    'no target matches {service_name="carts"}: nothing that is scraped has service_name="carts": service_name is "cart", "front"',
  )
  t.match(explain('{app="cart"}'), /has app="cart": there is no label app$/)
  t.match(
    explain('{service_name="cart", profile_type="heap"}'),
    /: 2 would without profile_type="heap": profile_type is "cpu"$/,
  )
  t.match(
    explain('allocs{service_name="cart"}'),
    /profile_type is "cpu", "heap"; allocs are taken with heap$/,
  )
  t.match(explainNoTarget(parseSelector('cpu'), []), /: nothing is scraped$/)
})
