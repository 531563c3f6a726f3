import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type {
  CollectorsAnswer,
  ProfilesAnswer,
  QueryRangeAnswer,
  TargetsAnswer,
  TopAnswer,
} from '../../query/api/types.ts'
import { goToolPprof } from '../../query/testdata/go-tool-pprof.ts'
import { askApi } from '../support/ask-api.ts'
import { type Conprof, startConprof } from '../support/conprof.ts'
import { corpusConfig, startCorpusProgram } from '../support/corpus-program.ts'
import { startDnsServer } from '../support/dns-server.ts'
import { until } from '../support/until.ts'

/** Two collectors with a bucket in common, and the query program before them. Blocks are cut every half hour. */
async function startAll(t: Test) {
  const dir = t.testdir({ bucket: {}, a: {}, b: {} })
  const program = await startCorpusProgram(t)
  const objstore = join(dir, 'objstore.yaml')
  writeFileSync(objstore, JSON.stringify({ type: 'FILESYSTEM', config: { directory: join(dir, 'bucket') } }))
  const token = join(dir, 'token')
  writeFileSync(token, 'a-token-of-ours')
  const dns = await startDnsServer(t)
  const startCollector = async (job: string) => {
    const config = join(dir, `${job}.yaml`)
    writeFileSync(config, corpusConfig(job, program))
    const started = await startConprof(
      [
        `--config.file=${config}`,
        `--storage.path=${join(dir, job)}`,
        `--objstore.config-file=${objstore}`,
        `--web.token-file=${token}`,
      ],
      'collector',
    )
    t.teardown(() => {
      started.process.kill('SIGCONT')
      return started.stop()
    })
    return started
  }
  const [a, b] = await Promise.all([startCollector('a'), startCollector('b')])
  const at = (host: string, { url }: Conprof) => ({ host, port: Number(new URL(url).port) })
  const name = '_http._tcp.collectors.example'
  dns.records.set(name, [at('127.0.0.1', a), at('localhost', b)])
  const query = await startConprof(
    [
      `--objstore.config-file=${objstore}`,
      `--collectors=dnssrv+${name}.`,
      `--collectors.dns-servers=${dns.address}`,
      `--web.token-file=${token}`,
    ],
    'query',
  )
  t.teardown(() => query.stop())
  return { a, b, query, program, dns, name, at, startCollector }
}

t.test('conprof query answers from the heads of collectors', async (t) => {
  const { a, b, query, program, dns, name, at, startCollector } = await startAll(t)
  const { url } = query
  await until('readiness', async () => (await fetch(`${url}/-/ready`)).ok)

  const range = { start: 'now-10m' }
  const both = '{job=~"a|b"}'
  const profiles = async () =>
    askApi<ProfilesAnswer>(url, 'profiles', { query: both, ...range, limit: '1000' })
  await until('profiles of both', async () => {
    const { data } = await profiles()
    return new Set(data.profiles.map(({ labels }) => labels['job'])).size === 2
  })
  const newest = Math.max(...(await profiles()).data.profiles.map(({ time }) => time))
  t.ok(Date.now() - newest < 60_000, 'soon after the scrape, with blocks of half an hour')
  t.strictSame(await askApi(url, 'label/job/values', range), { data: ['a', 'b'], warnings: [] })

  await t.test('plots, merges, downloads', async (t) => {
    const end = String(newest / 1000)
    const listed = (await askApi<ProfilesAnswer>(url, 'profiles', { query: both, ...range, end })).data
      .profiles
    const plot = await askApi<QueryRangeAnswer>(url, 'query_range', {
      query: both,
      type: 'inuse_space',
      ...range,
      end,
    })
    t.strictSame(plot.warnings, [])
    t.equal(plot.data.profiles, listed.length)
    const total = plot.data.result
      .flatMap(({ values }) => values)
      .reduce((sum, [, value]) => sum + BigInt(value), 0n)
    const merge = { query: both, ...range, end, type: 'inuse_space', agg: 'sum' }
    const top = await askApi<TopAnswer>(url, 'profile', { ...merge, format: 'top' })
    t.equal(top.data.total, String(total))
    t.match(top.data, { series: 2, profiles: listed.length })
    const raw = await fetch(`${url}/api/v1/profile?id=${listed[0]!.id}`)
    const bytes = gunzipSync(Buffer.from(await raw.arrayBuffer()))
    t.ok(
      program.bodies.some((body) => gunzipSync(body).equals(bytes)),
      'byte for byte as it was scraped',
    )
    const download = `${url}/api/v1/profile?${new URLSearchParams(merge)}`
    const printed = await goToolPprof(t, ['-top', '-unit=B', '-sample_index=inuse_space', download])
    if (printed !== undefined) t.match(printed, `of ${total}B total`)
  })

  await t.test('targets and collectors', async (t) => {
    const { data, warnings } = await askApi<TargetsAnswer>(url, 'targets')
    t.strictSame(warnings, [])
    const heaps = data.activeTargets.filter(({ profileType }) => profileType === 'heap')
    t.strictSame(heaps.map(({ collector, scrapePool }) => [collector, scrapePool]).sort(), [
      ['127.0.0.1', 'a'],
      ['localhost', 'b'],
    ])
    const collectors = await until('what both say of themselves', async () => {
      const { collectors } = (await askApi<CollectorsAnswer>(url, 'status/collectors')).data
      return collectors.every(({ version }) => version !== undefined) ? collectors : undefined
    })
    t.match(collectors, [
      { name: '127.0.0.1', reachable: true, version: String, targets: Number, pendingBlocks: 0 },
      { name: 'localhost', reachable: true, headAttempts: Number, error: '' },
    ])
  })

  await t.test('our own profiles want the token', async (t) => {
    const own = `${url}/debug/pprof/heap`
    t.equal((await fetch(own)).status, 401)
    t.equal((await fetch(own, { headers: { authorization: 'Bearer a-token-of-ours' } })).status, 200)
    t.equal((await fetch(`${url}/`)).status, 200, 'the UI does not')
  })

  await t.test('one that is frozen is a warning within its time', async (t) => {
    b.process.kill('SIGSTOP')
    const frozen = await askApi<string[]>(url, 'label/job/values', range)
    t.strictSame(frozen, {
      data: ['a'],
      warnings: ['collector localhost is missing from this answer: no answer within 5s'],
    })
    t.strictSame(
      (await askApi<TargetsAnswer>(url, 'targets')).warnings,
      ['collector localhost is missing from this answer: no answer within 1s'],
      'and is not waited for so long again',
    )
    t.equal((await fetch(`${url}/-/ready`)).status, 200)
    b.process.kill('SIGCONT')
    await until('it again', async () => {
      const { data, warnings } = await askApi<string[]>(url, 'label/job/values', range)
      return data.length === 2 && warnings.length === 0
    })
  })

  await t.test('one that is killed is a warning, and is found where it comes back', async (t) => {
    const [first] = (await askApi<ProfilesAnswer>(url, 'profiles', { query: '{job="b"}', ...range })).data
      .profiles
    b.process.kill('SIGKILL')
    await b.stop()
    const without = await askApi<string[]>(url, 'label/job/values', range)
    t.strictSame(without.data, ['a'])
    t.match(without.warnings, [/^collector localhost is missing from this answer: connect ECONNREFUSED/])
    dns.records.set(name, [at('127.0.0.1', a)])
    await sleep(1500)
    t.match(
      (await askApi<string[]>(url, 'label/job/values', range)).warnings,
      [/^collector localhost is missing/],
      'also once it is out of DNS',
    )
    const again = await startCollector('b')
    dns.records.set(name, [at('127.0.0.1', a), at('localhost', again)])
    await until('it on another port', async () => {
      const { data, warnings } = await askApi<string[]>(url, 'label/job/values', range)
      return data.length === 2 && warnings.length === 0
    })
    // One that has just begun may need longer than it is waited for.
    await until(
      'what it had acknowledged before',
      async () => (await fetch(`${url}/api/v1/profile?id=${first!.id}`)).status === 200,
    )
  })

  const metrics = await (await fetch(`${url}/metrics`)).text()
  t.match(metrics, /conprof_query_partial_answers_total\{route="\/label\/:name\/values"\} [1-9]/)
  t.match(metrics, /conprof_query_collectors\{state="reachable"\} 2/)
  t.match(metrics, /conprof_query_head_requests_total\{result="silent"\} [1-9]/)
  t.equal(await query.stop(), 0)
})

t.test('conprof query is ready once bucket and name server have answered, and stays so', async (t) => {
  const dir = t.testdir({ bucket: {} })
  const dns = await startDnsServer(t)
  dns.mood = 'failing'
  const query = await startConprof(
    [
      `--storage.path=${dir}`,
      '--collectors=dnssrv+_http._tcp.collectors.example.',
      `--collectors.dns-servers=${dns.address}`,
    ],
    'query',
  )
  t.teardown(() => query.stop())
  const ready = async () => {
    const response = await fetch(`${query.url}/-/ready`)
    return { status: response.status, text: await response.text() }
  }
  t.match(
    await until('a failed look-up', async () =>
      (await ready()).text.includes('ESERVFAIL') ? ready() : undefined,
    ),
    {
      status: 503,
      text: /^conprof is not ready: look up dnssrv\+_http._tcp.collectors.example.: ESERVFAIL/,
    },
  )
  t.match(await askApi<string[]>(query.url, 'labels'), {
    data: [],
    warnings: [
      /^every collector of dnssrv\+_http._tcp.collectors.example. is missing from this answer: ESERVFAIL$/,
    ],
  })
  dns.mood = 'well'
  await until('readiness', async () => (await ready()).status === 200)
  t.match((await askApi<CollectorsAnswer>(query.url, 'status/collectors')).data, {
    collectors: [],
    unresolved: [{ problem: 'ENOTFOUND' }],
  })
})

t.test('conprof query without a bucket says which flags name one', async (t) => {
  const dir = t.testdir()
  await t.rejects(startConprof([`--storage.path=${dir}`], 'query'), {
    message: /open bucket ".*bucket": ENOENT; want --storage.path or --objstore.config-file/,
  })
  await t.rejects(startConprof(['--collectors=collector:8080'], 'query'), {
    message: /collectors "collector:8080": want dnssrv\+/,
  })
})
