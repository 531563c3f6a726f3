import { readFileSync } from 'node:fs'
import t from 'tap'
import { aroundMs, linkLabels, readAt, readDeepLink } from './deep-link.ts'
import { readPlace } from './routes.ts'
import { parseUrlState } from './url-state.ts'

const nowMs = Date.parse('2026-11-23T12:00:00Z')
const at = Date.parse('2026-11-23T10:00:00Z')

t.test('readDeepLink() turns labels, type and time into the explore page’s state', (t) => {
  const state = parseUrlState(
    readDeepLink('?namespace=shop&pod=cart-1&type=inuse_space&at=2026-11-23T10:00:00Z&tz=utc', nowMs),
  )
  t.equal(state.q, '{namespace="shop", pod="cart-1", profile_type="heap"}')
  t.equal(state.type, 'inuse_space')
  t.equal(state.at, String(at))
  t.equal(state.from, String(at - aroundMs))
  t.equal(state.to, String(at + aroundMs))
  t.equal(state.tz, 'utc')
  t.end()
})

t.test('readDeepLink() takes several values of a variable, and none', (t) => {
  const q = (search: string) => parseUrlState(readDeepLink(search, nowMs)).q
  t.equal(q('?pod=a.b&pod=c&pod=c'), '{pod=~"a\\\\.b|c", profile_type="cpu"}')
  t.equal(q('?namespace=$__all&pod=&job=api&type=goroutine'), '{job="api", profile_type="goroutine"}')
  t.equal(q('?var-pod=a&var-pod=b&var-other=c'), '{pod=~"a|b", profile_type="cpu"}')
  t.equal(q('?at=now'), '{profile_type="cpu"}')
  t.end()
})

t.test('a moment just gone shows what there is, a range that is given is kept', (t) => {
  const fresh = parseUrlState(readDeepLink(`?pod=a&at=${nowMs - 30_000}`, nowMs))
  t.equal(fresh.to, String(nowMs + 30_000), 'at least the minute after it')
  const given = parseUrlState(readDeepLink('?pod=a&at=now&from=now-2h&to=now', nowMs))
  t.equal(given.from, 'now-2h')
  t.equal(given.at, String(nowMs))
  t.equal(parseUrlState(readDeepLink('?pod=a&at=yesterday', nowMs)).at, '')
  t.end()
})

t.test('readAt() reads what alerts and dashboards have', (t) => {
  const ms = Date.parse('2026-11-23T10:00:00Z')
  for (const text of [
    '2026-11-23T10:00:00Z',
    '2026-11-23T10:00:00.000Z',
    '2026-11-23T11:00:00+01:00',
    '2026-11-23T11:00:00 01:00',
    String(ms / 1000),
    `${ms / 1000}.000`,
    String(ms),
    'now-2h',
  ])
    t.equal(readAt(text, nowMs), ms, text)
  t.equal(readAt('', nowMs), undefined)
  t.equal(readAt('soon', nowMs), undefined)
  t.end()
})

t.test('docs/links.md names the labels that are understood, and its examples open what they say', (t) => {
  const page = readFileSync(new URL('../../docs/links.md', import.meta.url), 'utf8')
  const row = page.split('\n').find((line) => line.startsWith('| `namespace`')) ?? ''
  t.same(
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, label]) => label),
    [...linkLabels],
  )
  const examples = [
    ...page.matchAll(
      /^(?: *profile_url: )?(https:\/\/conprof\.example\/\?\S+|https:\/\/conprof\.example\/\?.+)$/gm,
    ),
  ]
  t.equal(examples.length, 5)
  for (const [, text = ''] of examples) {
    // As Grafana, Alertmanager and Prometheus would fill them in.
    const filled = text
      .replaceAll(/\$\{__(?:value\.time|from|to)\}|\{\{ \.StartsAt\.Unix \}\}/g, String(at))
      .replaceAll(/\{\{.+?\}\}|\$\{.+?\}/g, 'x')
    const url = new URL(filled)
    const place = readPlace('', url.search, nowMs)
    t.equal(place.page, 'explore', text)
    t.match(parseUrlState(place.search).q, /^\{namespace="(shop|x)", /, text)
  }
  t.end()
})
