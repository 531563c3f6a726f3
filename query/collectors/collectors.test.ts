import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa, { type Middleware } from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { silentLogger } from '../../lib/log.ts'
import { sortLabels } from '../../profile/labels.ts'
import { createMatcher, matchesLabels } from '../../profile/matcher.ts'
import { until } from '../../test/support/until.ts'
import { createApi } from '../api/create-api.ts'
import { Catalog } from '../catalog.ts'
import { Collectors, type CollectorsOptions } from './collectors.ts'
import { parseCollectorsFlag } from './collectors-flag.ts'

const log = silentLogger()
const dayMs = Date.UTC(2026, 0, 10)
const everything = { matchers: [], startMs: dayMs, endMs: dayMs + 1000 }

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A collector's API over a real socket; while `mood` is set it misbehaves so instead. */
async function startCollector(t: Test, writer: string) {
  const builder = createBlockBuilder()
  for (const [seq, job] of ['even', 'odd "\\ é'].entries()) {
    const labels = sortLabels([
      ['job', job],
      ['profile_type', 'heap'],
    ])
    const attempt = { labels, timeMs: dayMs + seq, durationMs: 1, health: 'refused', httpStatus: 0 } as const
    builder.append(attempt, { writer, seq })
  }
  let warning: string | undefined
  const target = {
    ...{ scrapePool: 'p', scrapeUrl: 'http://x', labels: {}, discoveredLabels: {}, profileType: 'heap' },
    ...{ intervalSeconds: 1, timeoutSeconds: 1, health: 'ok', reason: '', remedy: '', lastScrape: 0 },
    ...{ lastScrapeDurationSeconds: 0, lastSizeBytes: 0, nextScrape: 0 },
  }
  const registry = new Registry()
  const api = createApi({
    catalog: new Catalog({ log, registry }),
    head: {
      readHead: async ({ matchers, startMs, endMs, withoutBodies, warn }) => {
        if (warning !== undefined) warn?.(warning)
        const select = (labels: Parameters<typeof matchesLabels>[1]) => matchesLabels(matchers, labels)
        const block = builder.encode({ select, startMs, endMs, withoutBodies, compression: 'fast' })
        return block === undefined ? [] : [block.bytes]
      },
    },
    pending: () => [],
    targets: () => ({ activeTargets: [target], droppedTargets: [{ scrapePool: 'p', discoveredLabels: {} }] }),
    collector: () => ({
      ...{ writer, targets: 1, headAttempts: 2, headBytes: 100, pendingBlocks: 0, isReplayed: true },
    }),
    flags: {},
    build: { version: '1.2', revision: '', nodeVersion: '' },
    log,
    registry,
  })
  const handle = new Koa().use(api.routes() as unknown as Middleware).callback()
  const collector = {
    url: '',
    mood: undefined as Answer | undefined,
    requests: [] as IncomingMessage[],
    warn: (text: string) => (warning = text),
  }
  const server = createServer((request, response) => {
    collector.requests.push(request)
    if (collector.mood === undefined) void handle(request, response)
    else collector.mood(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return collector
}

async function start(t: Test, urls: readonly string[], options: Partial<CollectorsOptions> = {}) {
  const registry = new Registry()
  const collectors = new Collectors({
    flags: urls.map(parseCollectorsFlag),
    patienceMs: 60_000,
    pollMs: 3_600_000,
    log,
    registry,
    ...options,
  })
  const stop = new AbortController()
  const running = collectors.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await running
    await collectors.close()
  })
  // Later questions of how they are meet the mood that a test sets.
  await until('the state of each', () => collectors.status().collectors.every(({ version }) => version))
  const catalog = new Catalog({ heads: collectors.heads, log, registry })
  /** Seconds it took, rows it found, what it warns of. */
  const ask = async (request: Parameters<Catalog['open']>[0] = everything) => {
    const startMs = performance.now()
    const { sources, warnings } = await catalog.open(request)
    const rows = sources.reduce((sum, { source }) => sum + source.reader.meta.attemptCount, 0)
    return { rows, warnings, seconds: (performance.now() - startMs) / 1000 }
  }
  const metric = async (text: string) => (await registry.metrics()).includes(text)
  return { collectors, ask, metric }
}

const silence: Answer = () => {}

t.test('heads are read over HTTP, of just what is asked for', async (t) => {
  const one = await startCollector(t, 'one')
  const { collectors, ask, metric } = await start(t, [one.url], {
    authorization: () => Promise.resolve('Bearer secret-token'),
  })
  t.match(await ask(), { rows: 2, warnings: [] })
  t.equal(one.requests.at(-1)?.headers.authorization, 'Bearer secret-token')
  const matchers = [createMatcher('job', '=', 'odd "\\ é'), createMatcher('profile_type', '=~', 'he.*')]
  t.match(await ask({ ...everything, matchers }), { rows: 1 })
  t.match(await ask({ ...everything, endMs: dayMs }), { rows: 1 }, 'both ends belong to it')
  t.match(await ask({ ...everything, startMs: dayMs + 2 }), { rows: 0, warnings: [] })
  const [head] = collectors.heads()
  const [block] = await head!.readHead({ ...everything, matchers, withoutBodies: true })
  const reader = await openBlock(memorySource('head', block!))
  t.strictSame(reader.labelValues('job'), ['odd "\\ é'])
  one.warn('its log is still being read')
  t.match(await ask(), {
    rows: 2,
    warnings: ['a part of collector 127.0.0.1 is missing from this answer: its log is still being read'],
  })
  t.ok(await metric('conprof_query_head_requests_total{result="ok"} 6'))
  t.ok(await metric('conprof_query_collectors{state="reachable"} 1'))
})

t.test('a collector that does not answer is waited for once, then shortly', async (t) => {
  const [one, two] = [await startCollector(t, 'one'), await startCollector(t, 'two')]
  const { collectors, ask, metric } = await start(t, [one.url, two.url], { patienceMs: 5000, pollMs: 1000 })
  const name = new URL(two.url).host
  two.mood = silence
  const first = await ask()
  t.match(first, {
    rows: 2,
    warnings: [`collector ${name} is missing from this answer: no answer within 5s`],
  })
  // It never answers, so that what ends the waiting is patience alone, whose length the warning tells.
  t.ok(first.seconds > 4.9, `${first.seconds} s`)
  const second = await ask()
  t.match(second, { rows: 2, warnings: [/: no answer within 1s$/] })
  t.ok(await metric('conprof_query_head_requests_total{result="silent"} 2'))
  t.ok(await metric('conprof_query_collectors{state="unreachable"} 1'))
  two.mood = undefined
  await until('its answer', () => collectors.status().collectors.every(({ reachable }) => reachable))
  t.match(await ask(), { rows: 4, warnings: [] })
})

t.test('what goes wrong is a warning with its reason', async (t) => {
  const one = await startCollector(t, 'one')
  const { ask } = await start(t, [one.url])
  const cases: [Answer, RegExp][] = [
    [
      (_, response) => response.writeHead(401).end('no'),
      /it answered 401, want 200; is --web.token-file that/,
    ],
    [
      (_, response) => response.writeHead(503).end('{"error": "away"}'),
      /it answered 503 \(away\), want 200$/,
    ],
    [(_, response) => response.end(Buffer.from('0500000061', 'hex')), /a block of 5 bytes, 1 are left$/],
    [(_, response) => response.end(Buffer.from('0100000061', 'hex')), /footer/],
    [(_, response) => response.write('abc', () => response.destroy()), /closed|aborted|terminated/],
  ]
  for (const [mood, want] of cases) {
    one.mood = mood
    const { warnings } = await ask()
    t.match(warnings[0], /^collector 127\.0\.0\.1 is missing from this answer: /)
    t.match(warnings[0], want)
  }
  one.mood = (request, response) =>
    request.url?.includes('pending')
      ? response.end('{"data": {"blocks": [{"key": "../x"}]}}')
      : response.end()
  t.match((await ask()).warnings, [
    'pending blocks of collector 127.0.0.1 are missing from this answer: its list of pending blocks cannot be read',
  ])
})

t.test('a connection that was closed meanwhile is no failure', async (t) => {
  const one = await startCollector(t, 'one')
  const { ask } = await start(t, [one.url])
  t.match(await ask(), { rows: 2, warnings: [] })
  let closed = 0
  one.mood = (request) => {
    one.mood = undefined
    closed++
    request.socket.destroy()
  }
  t.match(await ask(), { rows: 2, warnings: [] })
  t.equal(closed, 1)
})

t.test('who goes away takes the requests along', async (t) => {
  const one = await startCollector(t, 'one')
  const { collectors, ask } = await start(t, [one.url], { patienceMs: 60_000 })
  await ask()
  const gone = new AbortController()
  let isClosed = false
  one.mood = (request) => {
    request.socket.once('close', () => (isClosed = true))
    gone.abort(new Error('the client went away'))
  }
  await t.rejects(ask({ ...everything, signal: gone.signal }), { message: 'the client went away' })
  await until('the end of its connection', () => isClosed)
  t.match(collectors.status().collectors, [{ reachable: true, error: '' }], 'and that is not its fault')
})

t.test('targets and states of all collectors', async (t) => {
  const [one, two] = [await startCollector(t, 'one'), await startCollector(t, 'two')]
  const { collectors } = await start(t, [one.url, two.url], { patienceMs: 5000, pollMs: 20 })
  const names = [one, two].map(({ url }) => new URL(url).host).sort()
  const signal = new AbortController().signal
  const { targets, warnings } = await collectors.targets({ signal })
  t.strictSame(targets.activeTargets.map(({ collector }) => collector).sort(), names)
  t.match(targets.droppedTargets, [{ scrapePool: 'p', collector: names[0] }, { collector: names[1] }])
  t.strictSame(warnings, [])
  t.match(
    collectors.status().collectors.find(({ writer }) => writer === 'one'),
    {
      name: new URL(one.url).host,
      address: one.url,
      reachable: true,
      lastSeen: Number,
      error: '',
      version: '1.2',
      targets: 1,
      headAttempts: 2,
      pendingBlocks: 0,
    },
  )
  two.mood = silence
  const part = await collectors.targets({ signal })
  t.strictSame(
    part.targets.activeTargets.map(({ collector }) => collector),
    [new URL(one.url).host],
  )
  t.match(part.warnings, [/^collector .* is missing from this answer: no answer within 5s$/])
  two.mood = (_, response) => response.end('{"data": {"activeTargets": 1}}')
  // With all patience again.
  await until('its answer', () => collectors.status().collectors.every(({ reachable }) => reachable))
  t.match((await collectors.targets({ signal })).warnings, [/: its targets cannot be read$/])
})
