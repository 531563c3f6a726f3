import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../lib/log.ts'
import { until } from '../test/support/until.ts'
import { type CollectorAddress, CollectorClient, collectorUrl } from './collector-client.ts'
import { CollectorProbe } from './collector-probe.ts'

async function listen(test: Test, answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return collectorUrl('127.0.0.1', (server.address() as AddressInfo).port)
}

function startProbe(
  test: Test,
  collectors: () => readonly CollectorAddress[],
  { token, timeoutMs = 30_000 }: { readonly token?: string; readonly timeoutMs?: number } = {},
) {
  const registry = new Registry()
  const client = new CollectorClient({ token: () => token, timeoutMs })
  const probe = new CollectorProbe({ client, collectors, logger: silentLogger(), registry, intervalMs: 50 })
  const stop = new AbortController()
  const ended = probe.run({ signal: stop.signal })
  test.teardown(async () => {
    stop.abort()
    await ended
    await client.close()
  })
  return { probe, registry }
}

const health = {
  ordinal: 2,
  configEpoch: 7,
  targets: 3,
  owners: [{ owner: 'annotations', targets: 3, unhealthy: 0, errors: [], later: 'unknown here' }],
}

t.test('an answer is a sign of life and a summary', async (t) => {
  let authorization: string | undefined
  const url = await listen(t, (request, response) => {
    authorization = request.headers.authorization
    t.equal(request.url, '/api/v1/status/scrapes')
    response.end(JSON.stringify({ status: 'success', data: health }))
  })
  const { probe } = startProbe(t, () => [{ ordinal: 2, url }], { token: 'secret' })
  await until('an answer', () => probe.lastAnswerMs(2) > 0)
  t.equal(authorization, 'Bearer secret')
  t.equal(probe.lastAnswerMs(1), 0)
  t.match(probe.summaries(), [
    { ordinal: 2, configEpoch: 7, owners: [{ owner: 'annotations', endpoint: '' }] },
  ])
  t.same(probe.unreachable(), [])
  const first = probe.lastAnswerMs(2)
  await until('another', () => probe.lastAnswerMs(2) > first)
})

const bad: readonly (readonly [string, RequestListener, RegExp, timeoutMs?: number])[] = [
  [
    'refuses',
    (_, response) => response.writeHead(401).end(),
    /status is 401 \(is the token that of the collectors\?\), want 200/,
  ],
  ['says nothing', () => {}, /no answer within 300 ms/, 300],
  ['answers no JSON', (_, response) => response.end('<html>'), /Unexpected token/],
  ['answers something else', (_, response) => response.end('{"targets":-1}'), /ordinal/],
  [
    'answers too much',
    (_, response) => response.end(Buffer.alloc(9 * 2 ** 20, 32)),
    /more than 8388608 bytes/,
  ],
  [
    'is another one',
    (_, response) => response.end(JSON.stringify({ ...health, ordinal: 5 })),
    /it is collector 5/,
  ],
]
for (const [name, answer, reason, timeoutMs] of bad) {
  t.test(`a collector that ${name} is not alive`, async (t) => {
    const url = await listen(t, answer)
    const { probe, registry } = startProbe(t, () => [{ ordinal: 2, url }], {
      ...(timeoutMs !== undefined && { timeoutMs }),
    })
    await until('it is found out', () => probe.unreachable().length > 0)
    t.match(probe.unreachable()[0]?.reason, reason)
    t.equal(probe.lastAnswerMs(2), 0)
    t.same(probe.summaries(), [])
    t.match(await registry.metrics(), /conprof_operator_collector_up{ordinal="2"} 0/)
  })
}

t.test('one that stops to answer, and one in its place', async (t) => {
  let isAway = false
  const answer: RequestListener = (_, response) =>
    isAway ? response.destroy() : response.end(JSON.stringify(health))
  let collectors = [{ ordinal: 2, url: await listen(t, answer) }]
  const { probe } = startProbe(t, () => collectors)
  await until('an answer', () => probe.summaries().length === 1)
  isAway = true
  await until('none', () => probe.unreachable().length === 1)
  t.ok(probe.lastAnswerMs(2) > 0, 'when it answered last is still known')
  t.same(probe.summaries(), [])
  collectors = [{ ordinal: 2, url: await listen(t, (_, response) => response.end(JSON.stringify(health))) }]
  await until('an answer of the other', () => probe.summaries().length === 1)
  collectors = []
  await until('nobody is missed', () => probe.unreachable().length === 0)
})

t.test('addresses of IPv6 are in brackets', async (t) => {
  t.equal(collectorUrl('fd00::7', 8080, 'https'), 'https://[fd00::7]:8080')
})
