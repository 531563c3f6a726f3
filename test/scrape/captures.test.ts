import type { ServerResponse } from 'node:http'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import type { CaptureOrder } from '../../collector/capture/capture-order.ts'
import { Captures } from '../../collector/capture/captures.ts'
import { Scraper } from '../../collector/scrape/scraper.ts'
import { StoreError } from '../../collector/store-error.ts'
import type { Target } from '../../collector/target.ts'
import { silentLogger } from '../../lib/log.ts'
import { labelsHash, sortLabels } from '../../profile/labels.ts'
import { corpusProfile } from '../support/corpus-profile.ts'
import { emptyProfile } from '../support/empty-profile.ts'
import { until } from '../support/until.ts'
import { httpServer } from './sick-servers.ts'

const cpu = corpusProfile('cpu')
const heap = corpusProfile('heap')
const hour = 3_600_000

/** Scraped once an hour, so that what is asked for is all there is. */
function targetOf(address: string, type: string, more: Partial<Target> = {}): Target {
  const labels = sortLabels([
    ['instance', address],
    ['profile_type', type],
    ['service_name', 'api'],
  ])
  const isTimed = type === 'cpu'
  return {
    key: `${type} ${address}`,
    job: 'api',
    profileType: type,
    labels,
    discoveredLabels: {},
    url: `http://${address}/debug/pprof/${isTimed ? 'profile?seconds=10' : type}`,
    scheme: 'http',
    address,
    ...(isTimed && { seconds: 10 }),
    intervalMs: 24 * hour,
    timeoutMs: isTimed ? 40_000 : 30_000,
    keepEmpty: true,
    http: { tls: { insecureSkipVerify: false }, followRedirects: false },
    ...more,
  }
}

function orderOf(targets: readonly Target[], more: Partial<CaptureOrder> = {}): CaptureOrder {
  const takes = targets.map(({ labels }) => ({ series: labelsHash(labels), kind: 'profile' as const }))
  return { id: 'one', startedMs: 1, seconds: 1, count: 1, leftOut: 2, takes, ...more }
}

function start(t: Test, targets: readonly Target[], options: { readonly busyMs?: number } = {}) {
  const attempts: Attempt[] = []
  const registry = new Registry()
  let failure: Error | undefined
  const store = {
    append: async (attempt: Attempt) => {
      if (failure !== undefined) throw failure
      attempts.push(attempt)
    },
  }
  const log = silentLogger()
  const scraper = new Scraper({ store, log, registry })
  const apply = (...active: Target[]) => scraper.applyTargets(new Map([['object', { active, dropped: [] }]]))
  apply(...targets)
  const captures = new Captures({ scraper, log, registry, ...options })
  const stop = new AbortController()
  const ended = Promise.all([scraper, captures].map((part) => part.run({ signal: stop.signal })))
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  const done = (id = 'one') =>
    until(`the end of ${id}`, () => {
      const report = captures.report(id)
      return report?.state === 'done' && report
    })
  const fail = (error: Error) => {
    failure = error
  }
  return { captures, attempts, registry, apply, done, stop, fail }
}

/** Answers after as long as is asked for, and counts who meets whom. */
async function program(t: Test, answer: (response: ServerResponse, asked: number, url: string) => void) {
  const asked: string[] = []
  const askedMs: number[] = []
  const running = new Map<string, number>()
  const met = { timed: 0, others: 0 }
  const server = await httpServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://program')
    asked.push(request.url!)
    askedMs.push(performance.now())
    const kind = pathname.endsWith('profile') ? 'timed' : 'others'
    if ((running.get(kind) ?? 0) > 0) met[kind]++
    running.set(kind, (running.get(kind) ?? 0) + 1)
    const seconds = Number(searchParams.get('seconds') ?? 0)
    const timer = setTimeout(() => answer(response, asked.length, request.url!), seconds * 1000)
    // As Go does it: who goes away ends the profile.
    response.on('close', () => {
      clearTimeout(timer)
      running.set(kind, running.get(kind)! - 1)
    })
  })
  t.teardown(() => server.close())
  return { address: server.address, asked, askedMs, met }
}

t.test('Captures store what they take under the label, with the seconds that were asked for', async (t) => {
  const { address, asked, met } = await program(t, (response, n) => response.end(n === 2 ? heap : cpu))
  const targets = [targetOf(address, 'cpu'), targetOf(address, 'heap')]
  const { captures, attempts, done, registry } = start(t, targets)
  const begun = captures.begin(orderOf(targets, { count: 2 }))
  t.match(begun, { id: 'one', startedMs: 1, leftOut: 2, state: 'running' })
  t.strictSame(
    captures.begin(orderOf(targets, { count: 2 })).items.length,
    2,
    'the same again changes nothing',
  )
  const { items } = await done()
  t.match(items, [
    { state: 'done', done: 2, count: 2, health: '', labels: { capture: 'one', profile_type: 'cpu' } },
    { state: 'done', done: 2, count: 2, labels: { capture: 'one', profile_type: 'heap' } },
  ])
  t.strictSame([...asked].sort(), [
    ...Array(2).fill('/debug/pprof/heap'),
    ...Array(2).fill('/debug/pprof/profile?seconds=1'),
  ])
  t.strictSame(met, { timed: 0, others: 0 })
  t.equal(attempts.length, 4)
  const heaps = attempts.filter(({ labels }) => labels['profile_type'] === 'heap')
  t.ok(heaps[1]!.timeMs - heaps[0]!.timeMs >= 990, 'as far apart as others are long')
  const ids = attempts.map(({ timeMs, labels }) => `${timeMs}-${labelsHash(labels)}`)
  t.strictSame(new Set(items.flatMap(({ profileIds }) => profileIds)), new Set(ids))
  t.match(
    await registry.metrics(),
    /conprof_collector_captured_profiles_total\{health="ok",profile_type="cpu"\} 2/,
  )
})

t.test('scheduled scrapes of a timed type wait for a long capture, those of others go on', async (t) => {
  const enough = Promise.withResolvers<void>()
  const { address, asked, askedMs, met } = await program(t, async (response, _, url) => {
    if (url.includes('seconds=4')) await enough.promise
    response.end(cpu)
  })
  const url = `http://${address}/debug/pprof/profile?seconds=1`
  const timed = targetOf(address, 'cpu', { url, seconds: 1, intervalMs: 1500 })
  const { captures, done, registry } = start(t, [timed, targetOf(address, 'heap', { intervalMs: 200 })])
  const times = (path: string) => asked.filter((each) => each.includes(path)).length
  await until('a scheduled CPU profile', () => times('seconds=1') > 0)
  captures.begin(orderOf([timed], { seconds: 4 }))
  await until('the capture', () => times('seconds=4') > 0)
  const before = { cpu: times('seconds=1'), heap: times('heap') }
  await until('heaps meanwhile', () => times('heap') - before.heap >= 10)
  t.match(captures.report('one'), { state: 'running', items: [{ done: 0 }] })
  t.equal(times('seconds=1'), before.cpu)
  enough.resolve()
  await done()
  await until('the next', () => times('seconds=1') > before.cpu)
  const long = asked.findIndex((each) => each.includes('seconds=4'))
  const next = asked.findIndex((each, at) => at > long && each.includes('seconds=1'))
  t.ok(askedMs[next]! - askedMs[long]! >= 3990, 'none began meanwhile')
  await until('word of what was skipped', async () =>
    /scrapes_skipped_total\{reason="capture"\} [1-9]/.test(await registry.metrics()),
  )
  t.strictSame(met, { timed: 0, others: 0 })
})

t.test('Captures of one target wait for each other', async (t) => {
  const { address, met } = await program(t, (response) => response.end(cpu))
  const targets = [targetOf(address, 'cpu')]
  const { captures, done } = start(t, targets)
  captures.begin(orderOf(targets))
  captures.begin(orderOf(targets, { id: 'two' }))
  captures.begin(orderOf(targets, { id: 'three' }))
  t.match(captures.report('three')?.items, [
    { state: 'waiting', reason: 'capture two of the same comes first' },
  ])
  t.match((await done('three')).items, [{ state: 'done', reason: '' }])
  t.equal(captures.report('one')?.state, 'done')
  t.strictSame(met, { timed: 0, others: 0 })
  t.equal(captures.report('four'), undefined)
})

t.test('where another profiler runs it is tried again', async (t) => {
  const used = 'Could not enable CPU profiling: cpu profiling already in use\n'
  const { address, asked } = await program(t, (response, n) =>
    n < 3 ? response.writeHead(500).end(used) : response.end(cpu),
  )
  const targets = [targetOf(address, 'cpu')]
  const { captures, done } = start(t, targets)
  captures.begin(orderOf(targets))
  await until('word of the other', () => captures.report('one')?.items[0]?.health === 'busy')
  t.match(captures.report('one')?.items, [{ state: 'running', reason: /already in use/ }])
  t.match((await done()).items, [{ state: 'done', done: 1, health: '' }])
  t.equal(asked.length, 3)
})

t.test('a capture says how it failed, and what helps', async (t) => {
  const { address } = await program(t, (response) => response.writeHead(500).end('no\n'))
  const empty = await program(t, (response) => response.end(emptyProfile))
  const targets = [
    targetOf(address, 'cpu'),
    targetOf('127.0.0.1:1', 'heap'),
    targetOf(empty.address, 'mutex', { keepEmpty: false }),
  ]
  const { captures, done, attempts } = start(t, targets)
  const nobodys = { series: '0123456789abcdef', kind: 'profile' as const }
  const order = orderOf(targets, { count: 5 })
  captures.begin({ ...order, takes: [...order.takes, nobodys] })
  const { items } = await done()
  t.match(items, [
    { state: 'failed', done: 0, health: 'http-5xx', reason: /status 500: no/, remedy: /program/ },
    { state: 'failed', done: 0, health: 'refused', remedy: /address and port/ },
    { state: 'failed', done: 0, health: 'empty', remedy: /SetMutexProfileFraction/ },
    { state: 'failed', done: 0, health: 'gone', labels: {} },
  ])
  const failures = attempts.map(({ health }) => health)
  t.equal(failures.filter((health) => health === 'http-5xx').length, 3, 'given up after three in a row')
  t.notOk(failures.includes('empty'))
  t.ok(attempts.every(({ labels }) => labels['capture'] === 'one'))
})

t.test('a target that goes away ends its part, another interval does not', async (t) => {
  const { address, asked } = await program(t, (response) => response.end(cpu))
  const targets = [targetOf(address, 'cpu')]
  const { captures, done, apply } = start(t, targets)
  captures.begin(orderOf(targets, { seconds: 2 }))
  await until('the first request', () => asked.length === 1)
  apply({ ...targets[0]!, intervalMs: 12 * hour })
  t.match((await done()).items, [{ state: 'done', done: 1 }])
  t.equal(asked.length, 2, 'the loop that began it was replaced by one of the other interval')

  captures.begin(orderOf(targets, { id: 'two', seconds: 60, count: 2 }))
  await until('the second', () => asked.length === 3)
  apply()
  t.match((await done('two')).items, [{ state: 'failed', done: 0, health: 'gone', remedy: /capture again/ }])
})

t.test('a capture is stopped, by somebody or with the collector', async (t) => {
  const { address, asked } = await program(t, (response) => response.end(cpu))
  const targets = [targetOf(address, 'cpu')]
  const { captures, stop } = start(t, targets)
  captures.begin(orderOf(targets, { seconds: 60 }))
  captures.begin(orderOf(targets, { id: 'two', seconds: 60 }))
  await until('the request', () => asked.length === 1)
  t.ok(captures.cancel('one'))
  t.match(captures.report('one'), { state: 'done', items: [{ state: 'failed', health: 'canceled' }] })
  t.notOk(captures.cancel('one'))
  await until('the turn of the next', () => asked.length === 2)
  stop.abort()
  await until('the end', () => captures.report('two')?.state === 'done')
  t.match(captures.report('two')?.items, [{ health: 'canceled', reason: 'this collector stops' }])
  t.throws(() => captures.begin(orderOf(targets, { id: 'three' })), { code: 'STOPPED' })
})

t.test('a collector takes so many captures at a time', async (t) => {
  const { address } = await program(t, (response) => response.end(cpu))
  const targets = [targetOf(address, 'cpu')]
  const { captures } = start(t, targets)
  for (let n = 0; n < 50; n++) captures.begin(orderOf(targets, { id: `${n}`, seconds: 60 }))
  t.throws(() => captures.begin(orderOf(targets, { id: 'more' })), {
    code: 'BUSY',
    message: 'capture more: 50 are under way, want less',
  })
  captures.cancel('49')
  t.equal(captures.begin(orderOf(targets, { id: 'more' })).state, 'running')
})

t.test('what cannot be stored is not done', async (t) => {
  const { address } = await program(t, (response) => response.end(cpu))
  const targets = [targetOf(address, 'cpu')]
  const { captures, done, fail } = start(t, targets)
  fail(new StoreError('DISK_FULL', 'append: no room'))
  captures.begin(orderOf(targets))
  t.match((await done()).items, [
    { state: 'failed', done: 0, health: 'disk-full', reason: 'append: no room' },
  ])
})
