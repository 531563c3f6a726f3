import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../../lib/log.ts'
import { startDnsServer } from '../../test/support/dns-server.ts'
import { until } from '../../test/support/until.ts'
import { parseCollectorsFlag } from './collectors-flag.ts'
import { CollectorResolver, type CollectorResolverOptions } from './resolve-collectors.ts'

const name = '_http._tcp.collectors.example'

function start(t: Test, texts: readonly string[], options: Partial<CollectorResolverOptions> = {}) {
  const registry = new Registry()
  const changes: (readonly string[])[] = []
  const resolver = new CollectorResolver({
    flags: texts.map(parseCollectorsFlag),
    log: silentLogger(),
    registry,
    refreshMs: 20,
    onChange: (addresses) => changes.push(addresses),
    ...options,
  })
  const stop = new AbortController()
  const running = resolver.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await running
  })
  return { resolver, registry, changes }
}

t.test('SRV records are followed, in stable order', async (t) => {
  const dns = await startDnsServer(t)
  dns.mood = 'failing'
  const { resolver, registry, changes } = start(t, [`dnssrv+${name}.`], { servers: [dns.address] })
  const soon = `look up dnssrv+${name}.: it was not looked up yet`
  t.equal(resolver.missing, soon)
  await until('a failure', () => resolver.missing !== soon)
  t.equal(resolver.missing, `look up dnssrv+${name}.: ESERVFAIL`)
  t.strictSame(resolver.unresolved, [{ name: `dnssrv+${name}.`, problem: 'ESERVFAIL' }])
  t.match(
    await registry.metrics(),
    /conprof_query_collector_lookup_failures_total\{name="dnssrv\+_http._tcp.collectors.example."\} [1-9]/,
  )

  dns.records.set(
    name,
    [10, 2, 1].map((n) => ({ host: `collector-${n}.example`, port: 8080 })),
  )
  dns.mood = 'well'
  await until('an answer', () => resolver.missing === undefined)
  const all = [1, 2, 10].map((n) => `http://collector-${n}.example:8080`)
  t.strictSame(resolver.addresses, all)
  t.strictSame(resolver.unresolved, [])

  dns.mood = 'failing'
  const asked = dns.asked.length
  await until('a failure', () => dns.asked.length > asked + 4)
  t.strictSame(resolver.addresses, all, 'the last good answer is kept')
  t.equal(resolver.missing, undefined, 'and it stays ready')
  dns.records.delete(name)
  dns.mood = 'well'
  await sleep(100)
  t.strictSame(resolver.addresses, all, 'also where the name is gone')

  dns.records.set(name, [
    { host: 'collector-1.example', port: 9090 },
    { host: 'collector-2.example', port: 8080 },
  ])
  await until('another port', () => resolver.addresses.includes('http://collector-1.example:9090'))
  t.strictSame(
    resolver.addresses,
    ['http://collector-1.example:9090', ...all.slice(1)],
    'a moved one is asked where it is now, one that is gone a while longer',
  )
  t.equal(changes.length, 2)
})

t.test('an address that is gone is forgotten after a while', async (t) => {
  const dns = await startDnsServer(t)
  dns.records.set(name, [
    { host: 'a.example', port: 1 },
    { host: 'b.example', port: 1 },
  ])
  const servers = [dns.address]
  const { resolver: short } = start(t, [`dnssrv+${name}.`], { servers, keepGoneMs: 300 })
  const { resolver: long } = start(t, [`dnssrv+${name}.`], { servers, keepGoneMs: 3_600_000 })
  await until('both', () => [short, long].every(({ addresses }) => addresses.length === 2))
  dns.records.set(name, [{ host: 'b.example', port: 1 }])
  await until('one', () => short.addresses.length === 1)
  t.strictSame(short.addresses, ['http://b.example:1'])
  // Two more look-ups of either, and perhaps three of one.
  const asked = dns.asked.length
  await until('more answers', () => dns.asked.length > asked + 4)
  t.equal(long.addresses.length, 2, 'the while is as long as one says')
})

t.test('a name that is not there is an answer, and no collector', async (t) => {
  const dns = await startDnsServer(t)
  const { resolver } = start(t, [`dnssrv+${name}.`], { servers: [dns.address] })
  await until('an answer', () => resolver.missing === undefined)
  t.match(resolver.unresolved, [{ problem: 'ENOTFOUND' }])
})

t.test('silence of the name server ends with the signal', async (t) => {
  const dns = await startDnsServer(t)
  dns.mood = 'silent'
  const resolver = new CollectorResolver({
    flags: [parseCollectorsFlag(`dnssrv+${name}.`)],
    log: silentLogger(),
    registry: new Registry(),
    servers: [dns.address],
  })
  const stop = new AbortController()
  const running = resolver.run({ signal: stop.signal })
  await until('a question', () => dns.received === 1)
  stop.abort()
  await running
  t.equal(dns.received, 1, 'it ends before the question is asked again, as after 2 s')
})

t.test('hosts and URLs', async (t) => {
  const { resolver, changes } = start(t, ['http://collector.example:8080/conprof/', 'dns+localhost:8081'])
  t.strictSame(changes, [['http://collector.example:8080/conprof']])
  await until('an answer', () => resolver.missing === undefined)
  t.ok(resolver.addresses.some((url) => url === 'http://127.0.0.1:8081' || url === 'http://[::1]:8081'))
  t.ok(resolver.addresses.includes('http://collector.example:8080/conprof'))
})
