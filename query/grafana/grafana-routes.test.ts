import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import Koa from 'koa'
import { Registry } from 'prom-client'
import t from 'tap'
import type { BlockBuilder } from '../../block/block-builder.ts'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { sortLabels } from '../../profile/labels.ts'
import { drawProfile } from '../../test/support/drawn-profile.ts'
import { createApi } from '../api/create-api.ts'
import { Catalog } from '../catalog.ts'
import { querierMethods } from './grafana-routes.ts'
import { ExemplarType, QuerierService, TimeSeriesAggregationType } from './querier-pb.ts'

const minuteMs = 60_000
const nowMs = Date.UTC(2026, 10, 23, 10)
const cpu = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds'
const heap = 'memory:inuse_space:bytes:space:bytes'
const range = { start: BigInt(nowMs - 10 * minuteMs), end: BigInt(nowMs) }

interface Workload {
  readonly labels: Readonly<Record<string, string>>
  readonly pods: number
  readonly cores: number
  readonly heapBytes: number
}

const workloads: readonly Workload[] = [
  {
    labels: { namespace: 'shop', workload: 'cart', service_name: 'shop/cart' },
    pods: 3,
    cores: 1.4,
    heapBytes: 900,
  },
  {
    labels: { namespace: 'shop', workload: 'checkout', service_name: 'shop/checkout' },
    pods: 2,
    cores: 0.45,
    heapBytes: 100,
  },
  { labels: { namespace: 'tools', workload: 'lint' }, pods: 1, cores: 0.5, heapBytes: 50 },
]

/** A quarter of an hour, 10 s of every minute. Somebody took a profile of `lint`, which names no service, beside them. */
function putProfiles(builder: BlockBuilder): void {
  let seq = 0
  for (const { labels, pods, cores, heapBytes } of workloads) {
    for (let pod = 0; pod < pods; pod++) {
      for (let ago = 15; ago > 0; ago--) {
        const timeMs = nowMs - ago * minuteMs + pod * 7000
        const timeNanos = BigInt(timeMs) * 1_000_000n
        const append = (own: Readonly<Record<string, string>>, durationMs: number, body: Uint8Array) => {
          const all = sortLabels(Object.entries({ ...labels, pod: `${labels['workload']}-${pod}`, ...own }))
          builder.append(
            { labels: all, timeMs, durationMs, health: 'ok', httpStatus: 200, body },
            { writer: 'w', seq: seq++ },
          )
        }
        const burnt = drawProfile({
          types: ['samples/count', 'cpu/nanoseconds'],
          stacks: { 'main;work': [cores * 1000, cores * 1e10] },
          timeNanos,
          durationNanos: 10_000_000_000n,
        })
        append({ profile_type: 'cpu' }, 10_000, burnt)
        if (labels['workload'] === 'lint' && ago === 4)
          append({ profile_type: 'cpu', capture: '01' }, 10_000, burnt)
        const held = { 'main;keep': [1, heapBytes] }
        const body = drawProfile({
          types: ['inuse_objects/count', 'inuse_space/bytes'],
          stacks: held,
          timeNanos,
        })
        append({ profile_type: 'heap' }, 10, body)
      }
    }
  }
}

const limits = { maxProfiles: 1000 }

async function startShop() {
  const bucket = new MemoryBucket()
  const builder = createBlockBuilder()
  putProfiles(builder)
  const block = builder.encode()!
  await bucket.put(`blocks/${block.key}`, block.bytes)
  const registry = new Registry()
  const log = silentLogger()
  const catalog = new Catalog({ bucket, log, registry })
  const build = { version: 'test', revision: 'test', nodeVersion: process.version }
  const api = createApi({ catalog, flags: {}, build, log, registry, limits })
  const app = new Koa()
  app.use(api.routes() as unknown as Koa.Middleware)
  const server = createServer(app.callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, registry }
}

const { url, registry } = await startShop()
const client = createClient(QuerierService, createConnectTransport({ baseUrl: url, httpVersion: '1.1' }))

/** Per group, its value in each step, each once. */
async function levels(
  labelSelector: string,
  more: {
    readonly profileTypeID?: string
    readonly step: number
    readonly groupBy?: string[]
    readonly limit?: bigint
  },
): Promise<Record<string, number[]>> {
  const { series } = await client.selectSeries({ profileTypeID: cpu, labelSelector, ...range, ...more })
  return Object.fromEntries(
    series.map(({ labels, points }) => [
      labels.map(({ value }) => value).join(' '),
      [...new Set(points.map(({ value }) => Math.round((value / more.step / 1e9) * 1e6) / 1e6))],
    ]),
  )
}

t.test('cores are those that each pod uses, at every step', async (t) => {
  for (const step of [15, 60, 300]) {
    t.strictSame(
      await levels('{namespace="shop", workload=~"c.*"}', { step, groupBy: ['workload'] }),
      { cart: [4.2], checkout: [0.9] },
      `three pods of 1.4 cores and two of 0.45, one profile a minute, steps of ${step} s`,
    )
  }
  t.strictSame(await levels('{workload="cart"}', { step: 60 }), { '': [4.2] })
  t.strictSame(await levels('{workload=~"c.*"}', { step: 60, groupBy: ['workload'], limit: 1n }), {
    cart: [4.2],
  })
  const { series } = await client.selectSeries({
    ...{ profileTypeID: cpu, labelSelector: '{workload=~"c.*"}', ...range, step: 60 },
    aggregation: TimeSeriesAggregationType.AVERAGE,
  })
  const means = series[0]!.points.map(({ value }) => Math.round((value / 6e10) * 1e6) / 1e6)
  t.strictSame([...new Set(means)], [1.02], 'on average of five')
})

t.test('heaps are what there is', async (t) => {
  const { series } = await client.selectSeries({
    ...{ profileTypeID: heap, labelSelector: '{workload="cart"}', ...range, step: 60 },
  })
  t.strictSame([...new Set(series[0]!.points.map(({ value }) => value))], [2700])
})

t.test(
  'a service that is not labelled is found, and what was taken of it does not count twice',
  async (t) => {
    const { names } = await client.labelValues({ name: 'service_name', ...range })
    t.strictSame(names, ['shop/cart', 'shop/checkout', 'tools/lint'])
    const service = '{service_name="tools/lint"}'
    t.strictSame(await levels(service, { step: 60, groupBy: ['service_name'] }), { 'tools/lint': [0.5] })
    const total = async (labelSelector: string) =>
      (await client.selectMergeStacktraces({ profileTypeID: cpu, labelSelector, ...range })).flamegraph?.total
    t.equal(await total(service), 50_000_000_000n)
    t.equal(await total('{service_name="tools/lint", capture="01"}'), 5_000_000_000n)
    t.equal(await total('{service_name=~"tools/.*", capture=~".*"}'), 55_000_000_000n)
    t.equal(await total('{service_name="tools/none"}'), undefined)
  },
)

t.test('a point tells which profile is the largest part of it', async (t) => {
  const { series } = await client.selectSeries({
    ...{ profileTypeID: cpu, labelSelector: '{workload=~"lint|checkout"}', ...range, step: 60 },
    ...{ groupBy: ['namespace'], exemplarType: ExemplarType.INDIVIDUAL },
  })
  const lint = series.find(({ labels }) => labels[0]!.value === 'tools')!
  const [exemplar] = lint.points.at(-1)!.exemplars
  t.equal(exemplar!.value, 5_000_000_000n)
  t.match(exemplar!.profileId, /^\d+-[0-9a-f]{16}$/)
  t.strictSame(
    exemplar!.labels.map(({ name, value }) => `${name}=${value}`),
    ['pod=lint-0', 'profile_type=cpu', 'service_name=tools/lint', 'workload=lint'],
    'without those that the series has',
  )
})

t.test('an answer over a limit says so where somebody looks', async (t) => {
  const ask = async (from: number) => {
    const search = new URLSearchParams({ query: `${cpu}{}`, from: String(from), until: String(nowMs) })
    const response = await fetch(`${url}/pyroscope/render?${search}`)
    t.equal(response.status, 200)
    return response.headers.get('x-conprof-warnings')
  }
  t.equal(await ask(nowMs - 5 * minuteMs), null, 'nothing is missing')
  const partial = async () =>
    /conprof_query_partial_answers_total\{route="\/pyroscope\/render"\} (\d+)/.exec(
      await registry.metrics(),
    )?.[1]
  t.equal(await partial(), '0')
  limits.maxProfiles = 20
  t.match(
    await ask(nowMs - 15 * minuteMs),
    'is missing from this answer: more than --query.max-profiles, 20, match',
  )
  t.equal(await partial(), '1')
})

t.test('each method has a route of its own', async (t) => {
  const names = QuerierService.methods.map(({ name }) => name)
  t.strictSame([...querierMethods].sort(), names.sort())
  t.match(
    await registry.metrics(),
    'requests_total{route="/querier.v1.QuerierService/SelectSeries",code="200"}',
  )
})

function post(method: string, type: string, body: string): Promise<Response> {
  return fetch(`${url}/querier.v1.QuerierService/${method}`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body,
  })
}

t.test('newer clients get the flame graph where they ask for formats that are not known here', async (t) => {
  const ask = async (more: object) => {
    const asked = { profile_typeID: cpu, label_selector: '{workload="cart"}', max_nodes: null, ...more }
    const [start, end] = [Number(range.start), Number(range.end)]
    const body = JSON.stringify({ ...asked, start, end })
    return (await post('SelectMergeStacktraces', 'application/json', body)).json()
  }
  const plain = await ask({})
  t.ok(plain.flamegraph.names.length > 1)
  t.strictSame(await ask({ format: 'PROFILE_FORMAT_FUNCTIONS', frameFilter: { text: 'main' } }), plain)
})

t.test('requests that are none', async (t) => {
  t.equal((await post('ProfileTypes', 'text/plain', '')).status, 415)
  const broken = await post('ProfileTypes', 'application/json', '{')
  t.equal(broken.status, 400)
  t.match(await broken.json(), { code: 'invalid_argument' })
  t.equal((await post('ProfileTypes', 'application/proto', '\xff\xff\xff')).status, 400)
  const long = await post(
    'LabelNames',
    'application/json',
    JSON.stringify({ matchers: ['x'.repeat(2 ** 20)] }),
  )
  t.equal(long.status, 400)
  t.match(await long.json(), { message: 'read request: it is longer than 1048576 bytes' })
  t.equal((await fetch(`${url}/querier.v1.QuerierService/ProfileTypes`)).status, 404)
})
