import t from 'tap'
import { matchesLabels } from '../../profile/matcher.ts'
import { SelectorError } from '../../profile/selector.ts'
import { formatSelector } from '../format-selector.ts'
import { grafanaSelector } from './grafana-selector.ts'
import { formatProfileTypeId, parseProfileTypeId, profileTypeIdOf } from './profile-type-id.ts'
import { typedSeries, withServiceName } from './typed-series.ts'

const cpu = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds'

t.test('ids are those that Grafana knows, and lead back', async (t) => {
  const cases: [profileType: string, type: string, unit: string, id: string][] = [
    ['cpu', 'cpu', 'nanoseconds', cpu],
    ['cpu', 'samples', 'count', 'process_cpu:samples:count:cpu:nanoseconds'],
    ['heap', 'inuse_space', 'bytes', 'memory:inuse_space:bytes:space:bytes'],
    ['heap', 'alloc_objects', 'count', 'memory:alloc_objects:count:space:bytes'],
    ['allocs', 'alloc_space', 'bytes', 'allocs:alloc_space:bytes:space:bytes'],
    ['goroutine', 'goroutine', 'count', 'goroutine:goroutine:count:goroutine:count'],
    ['mutex', 'delay', 'nanoseconds', 'mutex:delay:nanoseconds:contentions:count'],
    ['block', 'contentions', 'count', 'block:contentions:count:contentions:count'],
    ['queue', 'jobs', 'count', 'queue:jobs:count:jobs:count'],
  ]
  for (const [profileType, type, unit, text] of cases) {
    const id = profileTypeIdOf(profileType, { type, unit })
    t.equal(formatProfileTypeId(id), text)
    t.strictSame(parseProfileTypeId(text), id)
    t.match(first(text, '{}'), `{"profile_type"`)
    const { attempts } = grafanaSelector('{}', id)
    t.ok(matchesLabels(attempts[0]!, { profile_type: profileType }), text)
    t.notOk(matchesLabels(attempts[0]!, { profile_type: 'other' }), text)
  }
  t.strictSame(parseProfileTypeId(`${cpu}:delta`), parseProfileTypeId(cpu))
  for (const text of ['', 'cpu', 'process_cpu:cpu:nanoseconds', '::::', `${cpu}:delta:more`])
    t.throws(() => parseProfileTypeId(text), SyntaxError, text)
})

function first(type: string, text: string): string {
  return formatSelector(grafanaSelector(text, parseProfileTypeId(type)).attempts[0]!)
}

t.test('a selector is read in terms of what is stored', async (t) => {
  t.equal(
    first(cpu, '{namespace="shop",pod=~"cart-.*"}'),
    '{"profile_type"=~"cpu|process_cpu","namespace"="shop","pod"=~"cart-.*","capture"=""}',
  )
  t.equal(
    first('goroutine:goroutine:count:goroutine:count', ''),
    '{"profile_type"="goroutine","capture"=""}',
    'profiles that somebody asked for do not count a second time',
  )
  t.equal(
    first('goroutine:goroutine:count:goroutine:count', '{capture="01"}'),
    '{"profile_type"="goroutine","capture"="01"}',
  )
  t.equal(
    formatSelector(grafanaSelector(`{__profile_type__="${cpu}", "job.name"="a"}`).attempts[0]!),
    '{"profile_type"=~"cpu|process_cpu","job.name"="a","capture"=""}',
  )
  t.equal(
    formatSelector(grafanaSelector(`${cpu}{namespace="shop"}`).attempts[0]!),
    '{"profile_type"=~"cpu|process_cpu","namespace"="shop","capture"=""}',
    'as variables of dashboards ask',
  )
  t.equal(formatSelector(grafanaSelector('heap{}').attempts[0]!), '{"profile_type"="heap","capture"=""}')
  t.throws(() => grafanaSelector('{a='), SelectorError)
  t.throws(() => grafanaSelector('{__profile_type__="cpu"}'), SyntaxError)
})

t.test('labels of the protocol are matched on what a series has', async (t) => {
  const [samples, nanoseconds] = typedSeries({ profile_type: 'cpu', job: 'api' }, [
    { type: 'samples', unit: 'count' },
    { type: 'cpu', unit: 'nanoseconds' },
  ])
  const { matchesType } = grafanaSelector('{__type__="cpu", __unit__!="count", __period_type__=~"c.*"}')
  t.notOk(matchesType(samples!))
  t.ok(matchesType(nanoseconds!))
  t.ok(grafanaSelector(`{__profile_type__=~".*:nanoseconds:cpu:.*"}`).matchesType(nanoseconds!))
})

t.test('a series without a service gets one', async (t) => {
  const names = [
    { service_name: 'a', job: 'b' },
    { namespace: 'shop', workload: 'cart', pod: 'cart-1', job: 'b' },
    { namespace: 'shop', pod: 'cart-1' },
    { job: 'b' },
    { pod: 'cart-1' },
    { instance: '::1' },
  ].map((labels) => withServiceName(labels as Record<string, string>)['service_name'])
  t.strictSame(names, ['a', 'shop/cart', 'shop/cart-1', 'b', 'cart-1', 'unknown_service'])
})

t.test('services that were made up are found', async (t) => {
  const named = { service_name: 'shop/cart' }
  const unnamed = { namespace: 'shop', workload: 'cart' }
  const other = { namespace: 'shop', workload: 'mail' }
  const found = (text: string) => {
    const { attempts, matchesSeries } = grafanaSelector(text)
    return attempts.map((matchers) =>
      [named, unnamed, other].filter((labels) => matchesLabels(matchers, labels) && matchesSeries(labels)),
    )
  }
  t.strictSame(
    found('{service_name="shop/cart"}'),
    [[named], [named, unnamed]],
    'first those that are labelled so',
  )
  t.strictSame(found('{service_name=~"shop/c.*"}'), [[named, unnamed]])
  t.strictSame(found('{service_name!="shop/cart"}'), [[other]])
  t.strictSame(found('{service_name!~"shop/m.*"}'), [[named, unnamed]])
  t.strictSame(found('{service_name!=""}'), [[named, unnamed, other]])
  t.strictSame(found('{service_name=""}'), [[], []])
  t.strictSame(found('{service_name=~".*"}'), [[named, unnamed, other]])
})
