import { setTimeout } from 'node:timers/promises'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import { ListWatch, type ListWatchOptions } from '../../lib/kube/list-watch.ts'
import type { ListWatchTiming } from '../../lib/kube/list-watch-timing.ts'
import { silentLogger } from '../../lib/log.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { type FaultProxy, type OpenWatch, startFaultProxy, statusBody } from '../support/fault-proxy.ts'
import { until } from '../support/until.ts'

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly managedFields?: unknown }
  readonly data?: Readonly<Record<string, string>>
}

const timing: ListWatchTiming = {
  pageSize: 3,
  minWatchMs: 60_000,
  maxWatchMs: 90_000,
  // Longer than bookmarks are apart: no watch is taken for dead but where a test shortens it.
  stallMs: 90_000,
  minBackoffMs: 20,
  maxBackoffMs: 200,
  relistMs: 1_000_000,
  driftGraceMs: 5000,
  stuckMs: 1_000_000,
}

const plane = await startControlPlane(t)
const direct = await plane.client()
let namespaces = 0

/** A collection of its own, behind a proxy of its own. */
async function setUp(t: Test) {
  const namespace = `space-${++namespaces}`
  const metadata = { name: namespace }
  await direct.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata } })
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const proxy = await startFaultProxy(t, plane)
  const kubeconfig = await plane.writeKubeconfig({ token: plane.token, server: proxy.url })
  const client = await plane.client({ kubeconfig })
  const server = {
    write: async (name: string, value: string) =>
      direct.apply(`${path}/${name}`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: { value },
      }),
    delete: async (name: string) => direct.request({ method: 'DELETE', path: `${path}/${name}` }),
    list: async () => {
      const { items } = await direct.request<{ items: ConfigMap[] }>({ path })
      return Object.fromEntries(items.map(({ metadata, data }) => [metadata.name, data?.['value']]))
    },
  }
  for (let i = 0; i < 8; i++) await server.write(`old-${i}`, 'first')
  return { path, proxy, client, server, namespace }
}

/** Runs one until the test ends, and keeps what it tells. */
function follow(
  t: Test,
  { client, path }: { readonly client: KubeClient; readonly path: string },
  options: Partial<ListWatchOptions<string>> = {},
) {
  const registry = new Registry()
  const mirror = new Map<string, string>()
  const told: string[] = []
  const watch = new ListWatch<string>({
    client,
    kind: 'configmaps',
    path,
    project: (object: ConfigMap) => {
      if (object.metadata.managedFields !== undefined) throw new Error('has managed fields')
      return object.data?.['value']
    },
    onChange: ({ key, before, after }) => {
      t.equal(mirror.get(key), before, `what was told of ${key} before`)
      told.push(key)
      if (after === undefined) mirror.delete(key)
      else mirror.set(key, after)
    },
    logger: silentLogger(),
    registry,
    ...options,
    timing: { ...timing, ...options.timing },
  })
  const stop = new AbortController()
  const ended = watch.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort(new Error('the test is over'))
    await ended
  })
  const short = (map: ReadonlyMap<string, string>) =>
    Object.fromEntries([...map].map(([key, value]) => [key.replace(/^.*\//, ''), value]))
  /** Until `items` is what the server has; compares what was told as well. */
  const converge = async (server: { list(): Promise<Record<string, string | undefined>> }) => {
    const wanted = await server.list()
    await until('what the server has', () => same(short(watch.items), wanted))
    t.strictSame(short(watch.items), wanted, 'items are what the server has')
    t.strictSame(short(mirror), wanted, 'what was told adds up to it')
  }
  const metric = async (name: string, labels: Record<string, string> = {}) => {
    const found = await registry.getSingleMetric(name)?.get()
    const matching = found?.values.filter((value) =>
      Object.entries(labels).every(
        ([label, wanted]) => (value.labels as Record<string, unknown>)[label] === wanted,
      ),
    )
    return matching?.reduce((total, { value }) => total + value, 0)
  }
  return { watch, told, converge, metric, stop, ended }
}

t.test('lists page by page, then follows', async (t) => {
  const setting = await setUp(t)
  const { proxy, server, namespace, path } = setting
  const { watch, told, converge, metric } = follow(t, setting)
  t.equal(watch.isSynced, false)
  await watch.synced
  t.equal(watch.isSynced, true)
  await converge(server)
  t.equal(watch.items.get(`${namespace}/old-0`), 'first')
  const pages = proxy.requests.filter(({ kind }) => kind === 'list').map(({ page }) => page)
  t.strictSame(pages, [1, 2, 3])
  await until('a watch', () => proxy.watches(path).length === 1)
  const [watched] = proxy.requests.filter(({ kind }) => kind === 'watch')
  t.equal(watched?.query.get('allowWatchBookmarks'), 'true')
  t.ok(Number(watched?.query.get('timeoutSeconds')) >= 60)

  told.length = 0
  await server.write('new', 'one')
  await server.write('new', 'two')
  await server.delete('old-3')
  await converge(server)
  t.strictSame(told, [`${namespace}/new`, `${namespace}/new`, `${namespace}/old-3`])
  await direct.request({
    method: 'PATCH',
    path: `${path}/new`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { labels: { unseen: 'yes' } } },
  })
  await server.write('last', 'x')
  await converge(server)
  t.equal(told.length, 4, 'what changes nothing of the projection is not told')
  t.equal(await metric('conprof_kube_objects', { kind: 'configmaps' }), 9)
  t.equal(await metric('conprof_kube_watch_restarts_total'), 0)
  t.equal(await metric('conprof_kube_relists_total'), 1)
})

interface Breakage {
  readonly name: string
  /** Of restarts, as counted. */
  readonly reason: string
  readonly isListedAgain?: boolean
  readonly stallMs?: number
  readonly harm: (tools: {
    readonly proxy: FaultProxy
    readonly path: string
    readonly open: OpenWatch
    readonly plane: ControlPlane
    readonly server: { write(name: string, value: string): Promise<unknown> }
  }) => Promise<void> | void
}

const gone = statusBody(410, 'Expired', 'too old resource version')
const errorEvent = (status: string) => `${JSON.stringify({ type: 'ERROR', object: JSON.parse(status) })}\n`

const breakages: readonly Breakage[] = [
  { name: 'RST', reason: 'unreachable', harm: ({ open }) => open.reset() },
  { name: 'an orderly end', reason: 'ended', harm: ({ open }) => open.end() },
  { name: 'silence in the middle', reason: 'stalled', stallMs: 1500, harm: ({ open }) => open.silence() },
  {
    name: 'a half-open connection from the start',
    reason: 'stalled',
    stallMs: 1500,
    harm: ({ open, proxy, path }) => {
      proxy.inject({ type: 'silence' }, { match: (it) => it.kind === 'watch' && it.path === path, times: 1 })
      open.reset()
    },
  },
  {
    name: '410 as an answer',
    reason: 'gone',
    isListedAgain: true,
    harm: ({ open, proxy }) => {
      proxy.inject(
        { type: 'answer', status: 410, body: gone },
        { match: ({ kind }) => kind === 'watch', times: 1 },
      )
      open.reset()
    },
  },
  {
    name: '410 as an event',
    reason: 'gone',
    isListedAgain: true,
    harm: ({ open }) => open.send(errorEvent(gone)),
  },
  {
    name: '410 on the second page of a list, twice',
    reason: 'gone',
    isListedAgain: true,
    harm: ({ open, proxy }) => {
      proxy.inject({ type: 'answer', status: 410, body: gone }, { match: ({ page }) => page === 2, times: 2 })
      open.send(errorEvent(gone))
    },
  },
  {
    name: '500 as an event',
    reason: 'busy',
    harm: ({ open }) => open.send(errorEvent(statusBody(500, 'InternalError'))),
  },
  {
    name: '500 to everything for a while',
    reason: 'busy',
    harm: async ({ open, proxy }) => {
      const rule = proxy.inject({ type: 'answer', status: 500, body: statusBody(500, 'InternalError') })
      open.reset()
      await until('several 500s', () => rule.hits >= 5)
      rule.remove()
    },
  },
  {
    name: '403 for a while',
    reason: 'refused',
    harm: async ({ open, proxy }) => {
      const rule = proxy.inject({ type: 'answer', status: 403, body: statusBody(403, 'Forbidden') })
      open.reset()
      await until('several 403s', () => rule.hits >= 3)
      rule.remove()
    },
  },
  {
    name: 'slow lists',
    reason: 'gone',
    isListedAgain: true,
    harm: ({ open, proxy }) => {
      proxy.inject({ type: 'delay', ms: 300 }, { match: ({ kind }) => kind === 'list', times: 3 })
      open.send(errorEvent(gone))
    },
  },
  {
    name: 'a list that is reset on its second page',
    reason: 'unreachable',
    isListedAgain: true,
    harm: ({ open, proxy }) => {
      proxy.inject({ type: 'reset' }, { match: ({ page }) => page === 2, times: 1 })
      open.send(errorEvent(gone))
    },
  },
  {
    name: 'half of a line',
    reason: 'unreadable',
    isListedAgain: true,
    harm: async ({ open, server }) => {
      open.truncateNext()
      await server.write('truncated', 'x')
    },
  },
  {
    name: 'a line without end',
    reason: 'unreadable',
    isListedAgain: true,
    harm: ({ open }) => open.send('x'.repeat(17 << 20)),
  },
  ...[
    'null',
    '[]',
    '"ADDED"',
    '{"type":"ADDED"}',
    '{"type":"BOOKMARK","object":{}}',
    '{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"1"}}}',
    '{"type":"RENAMED","object":{"metadata":{"name":"x","resourceVersion":"1"}}}',
    '{"type":"ADDED","object":{"metadata":{"name":"x","resourceVersion":7}}}',
  ].map((line) => ({
    name: `the line ${line}`,
    reason: 'unreadable',
    isListedAgain: true,
    harm: ({ open }: { open: OpenWatch }) => open.send(`${line}\n`),
  })),
  {
    name: 'a cut network',
    reason: 'unreachable',
    harm: async ({ proxy }) => {
      proxy.disconnect()
      await setTimeout(500)
      proxy.connect()
    },
  },
]

t.test('whatever breaks, it ends with what the server has', async (t) => {
  const setting = await setUp(t)
  const { path, proxy, server } = setting
  for (const { name, reason, isListedAgain = false, stallMs = timing.stallMs, harm } of breakages) {
    await t.test(name, async (t) => {
      const { watch, converge, metric, stop, ended } = follow(t, setting, { timing: { stallMs } })
      await watch.synced
      await until('a watch', () => proxy.watches(path).length === 1)
      const [open] = proxy.watches(path)
      const suffix = name.length
      await server.write(`before-${suffix}`, name)
      await harm({ proxy, path, open: open!, plane, server })
      await server.delete(`before-${suffix}`)
      await server.write(`after-${suffix}`, name)
      await server.write('old-1', name)
      await converge(server)
      t.ok((await metric('conprof_kube_watch_restarts_total', { reason }))! >= 1, `restarted: ${reason}`)
      t.equal((await metric('conprof_kube_relists_total'))! > 1, isListedAgain)
      t.equal(await metric('conprof_kube_drift_total'), 0)
      t.equal((await metric('conprof_kube_parse_errors_total'))! > 0, reason === 'unreadable')
      // And it still follows.
      await server.write('old-2', name)
      await converge(server)
      await until('one watch, and no others', () => proxy.watches(path).length === 1)
      stop.abort(new Error('over'))
      await ended
      await until('the end of the watch', () => proxy.watches(path).length === 0)
    })
  }
})

t.test('a restarted API server, which forgot the past', async (t) => {
  const setting = await setUp(t)
  const { path, proxy, server } = setting
  const { watch, converge, metric } = follow(t, setting)
  await watch.synced
  await until('a watch', () => proxy.watches(path).length === 1)
  await plane.restart()
  await server.write('new', 'x')
  await converge(server)
  // Of other collections something may have been written in between, and then the server has forgotten that as well.
  const gone = async () => (await metric('conprof_kube_watch_restarts_total', { reason: 'gone' })) ?? 0
  const goneBefore = await gone()
  const listed = await metric('conprof_kube_relists_total')
  t.equal(listed, 1 + goneBefore, 'it goes on from where it was, unless it is told that this is gone')
  proxy.disconnect()
  for (let i = 0; i < 20; i++) await server.write('old-0', `${i}`)
  await server.delete('old-1')
  await plane.compact()
  await plane.restart()
  proxy.connect()
  await converge(server)
  t.ok((await gone()) > goneBefore, 'a 410 of its own')
  t.equal(await metric('conprof_kube_relists_total'), listed! + 1)
})

t.test('it does not storm, and comes back when it is told to', async (t) => {
  const setting = await setUp(t)
  const { path, proxy, server } = setting
  const { watch, converge } = follow(t, setting)
  await watch.synced
  await until('a watch', () => proxy.watches(path).length === 1)
  const count = () => proxy.count((it) => it.kind === 'watch' && it.path === path)
  const before = count()
  const rule = proxy.inject({ type: 'answer', status: 500, body: statusBody(500, 'InternalError') })
  const resetMs = performance.now()
  proxy.watches(path)[0]!.reset()
  await setTimeout(1500)
  rule.remove()
  const lastedMs = performance.now() - resetMs
  // 20 + 40 + 80 + 160 ms and then 200 ms each, or half of that.
  t.ok(count() - before <= 5 + lastedMs / 100, `${count() - before} tries in ${lastedMs} ms`)
  await server.write('new', 'x')
  await converge(server)

  await until('a watch', () => proxy.watches(path).length === 1)
  const headers = { 'retry-after': '1' }
  proxy.inject(
    { type: 'answer', status: 429, headers, body: statusBody(429, 'TooManyRequests') },
    { match: ({ kind }) => kind === 'watch', times: 1 },
  )
  const at = performance.now()
  const refused = count()
  proxy.watches(path)[0]!.reset()
  await until('another try', () => count() === refused + 2)
  t.ok(performance.now() - at >= 1000, `it came back after ${performance.now() - at} ms`)
  await converge(server)
})

t.test('changes that the watch lost are found by the next list, and no others', async (t) => {
  const setting = await setUp(t)
  const { path, proxy, server } = setting
  const { watch, converge, metric } = follow(t, setting, { timing: { relistMs: 400 } })
  await watch.synced
  await until('a watch', () => proxy.watches(path).length === 1)
  const endMs = performance.now() + 2500
  let i = 0
  await until('it was listed again and again', async () => {
    const name = `old-${i % 8}`
    await server.write(name, `${i}`)
    if (i++ % 5 === 0) await server.delete(name)
    return performance.now() >= endMs && (await metric('conprof_kube_relists_total'))! >= 3
  })
  await converge(server)
  t.equal(await metric('conprof_kube_drift_total'), 0, 'changes on their way are no drift')

  proxy.watches(path)[0]!.dropNext()
  await server.write('lost', 'x')
  // With this version it would go on, past what it lost.
  await server.write('old-0', 'y')
  await converge(server)
  t.equal(await metric('conprof_kube_drift_total'), 1)
  t.equal(await metric('conprof_kube_watch_restarts_total', { reason: 'drift' }), 1)
})

t.test('what a program cannot digest is counted, and the rest goes on', async (t) => {
  const setting = await setUp(t)
  const { server } = setting
  let failedChanges = 0
  const { watch, metric } = follow(t, setting, {
    project: (object: ConfigMap) => {
      if (object.metadata.name === 'old-1') throw new Error('cannot')
      return object.data?.['value']
    },
    onChange: () => {
      failedChanges++
      throw new Error('nor this')
    },
  })
  await watch.synced
  await server.write('new', 'x')
  await until('the new one', () => watch.items.size === 8)
  t.equal(await metric('conprof_kube_projection_errors_total'), 1)
  t.equal(failedChanges, 8)
  await server.write('old-2', 'y')
  await until('another change', () => failedChanges === 9)
})

t.test('stuck is who hears nothing while the server answers others', async (t) => {
  const setting = await setUp(t)
  const { path, proxy, client } = setting
  const registry = new Registry()
  const stuckMs = 3000
  const { watch } = follow(t, setting, { registry, timing: { stuckMs } })
  await watch.synced
  await until('a watch', () => proxy.watches(path).length === 1)
  const ask = async () => client.request({ path: '/version' }).catch(() => {})
  const rule = proxy.inject({ type: 'silence' }, { match: (it) => it.path === path })
  proxy.watches(path)[0]!.silence()
  t.equal(watch.isStuck(), false)
  await until('silence for so long', () => {
    const heardMs = Math.max(watch.lastActivityMs, client.lastAnswerMs)
    return performance.now() - heardMs > stuckMs
  })
  t.equal(watch.isStuck(), false, 'the server says nothing to others either, as far as anybody asked')
  // An answer counts for no longer than that either.
  await until('it is stuck', async () => {
    await ask()
    return watch.isStuck() && /conprof_kube_watch_stuck{kind="configmaps"} 1/.test(await registry.metrics())
  })
  t.match(await registry.metrics(), /conprof_kube_watch_last_activity_seconds\{kind="configmaps"\} [1-9]/)
  rule.remove()
  proxy.disconnect()
  await setTimeout(stuckMs + 100)
  await ask()
  t.equal(watch.isStuck(), false, 'the server is away')
  proxy.connect()
})

t.test('several of one kind share a registry', async (t) => {
  const [one, two] = [await setUp(t), await setUp(t)]
  const registry = new Registry()
  const a = follow(t, one, { registry })
  const b = follow(t, two, { registry })
  await Promise.all([a.watch.synced, b.watch.synced])
  t.match(await registry.metrics(), 'conprof_kube_objects{kind="configmaps"} 16')
  a.stop.abort()
  await a.ended
  t.match(await registry.metrics(), 'conprof_kube_objects{kind="configmaps"} 8')
})

function same(a: object, b: object): boolean {
  const sorted = (value: object) => JSON.stringify(Object.entries(value).sort())
  return sorted(a) === sorted(b)
}
