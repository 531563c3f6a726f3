import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { CaptureAnswer, CaptureRequest } from '../../query/api/capture-types.ts'
import type { Answer, ProfilesAnswer, QueryRangeAnswer, TargetsAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { type Conprof, runConprof, spawnConprof, startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'
import { type CaptureProgram, startCaptureProgram } from './capture-program.ts'

const off = { enabled: false }

/** What a busy machine may take for what comes within some seconds. */
const limitMs = 120_000

/** Its CPU every ten seconds, its heap as often as is said. */
function configOf(job: string, programs: readonly CaptureProgram[], heapInterval = '10s') {
  const targets = programs.map(({ address }) => address)
  const job_ = (name: string, interval: string, pprof_config: Readonly<Record<string, unknown>>) => ({
    job_name: name,
    scrape_interval: interval,
    // As much as it may be: the machine has other things to do.
    scrape_timeout: interval,
    static_configs: [{ targets, labels: { service_name: job } }],
    profiling_config: { pprof_config: { block: off, mutex: off, ...pprof_config } },
  })
  return JSON.stringify({
    scrape_configs: [
      job_(`${job}-cpu`, '10s', { cpu: { seconds: 1 }, heap: off, goroutine: off }),
      job_(`${job}-heap`, heapInterval, { cpu: off, goroutine: off }),
    ],
  })
}

/** Collectors with the programs of each, a bucket in common, and query before them. */
async function startAll(t: Test, programs: readonly (readonly CaptureProgram[])[], heapInterval?: string) {
  const dir = t.testdir({ bucket: {} })
  const objstore = join(dir, 'objstore.yaml')
  writeFileSync(objstore, JSON.stringify({ type: 'FILESYSTEM', config: { directory: join(dir, 'bucket') } }))
  const token = join(dir, 'token')
  writeFileSync(token, 'a-token-of-ours')
  const common = [`--objstore.config-file=${objstore}`, `--web.token-file=${token}`]
  const start = async (index: number, port = 0) => {
    const job = `job${index}`
    const config = join(dir, `${job}.yaml`)
    writeFileSync(config, configOf(job, programs[index]!, heapInterval))
    const collector = await startConprof(
      [
        ...common,
        `--config.file=${config}`,
        `--storage.path=${join(dir, job)}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      'collector',
    )
    t.teardown(() => collector.stop())
    return collector
  }
  const collectors = await Promise.all(programs.map((_, index) => start(index)))
  const startQuery = async () => {
    const started = await startConprof(
      [...common, ...collectors.map(({ url }) => `--collectors=${url}`)],
      'query',
    )
    t.teardown(() => started.stop())
    return started
  }
  const query = await startQuery()
  const haveAll = async () => {
    const { data } = await askApi<TargetsAnswer>(query.url, 'targets')
    return data.activeTargets.length === 2 * programs.flat().length
  }
  await until('all targets', haveAll, limitMs)
  return { collectors, query, start, startQuery }
}

async function post(url: string, wish: CaptureRequest): Promise<CaptureAnswer> {
  const response = await fetch(`${url}/api/v1/capture`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  })
  const answer = (await response.json()) as Answer<CaptureAnswer>
  if (answer.status !== 'success') throw new Error(`${response.status} ${answer.error}`)
  return answer.data
}

async function reportOf({ url }: Conprof, id: string): Promise<CaptureAnswer> {
  return (await askApi<CaptureAnswer>(url, `capture/${id}`)).data
}

function done(query: Conprof, id: string): Promise<CaptureAnswer> {
  return until(
    `the end of ${id}`,
    async () => {
      const answer = await reportOf(query, id)
      return answer.state === 'done' && answer
    },
    limitMs,
    100,
  )
}

async function storedOf({ url }: Conprof, id: string) {
  const query = `{capture="${id}"}`
  return (await askApi<ProfilesAnswer>(url, 'profiles', { query, start: 'now-10m' })).data.profiles
}

async function bytesOf({ url }: Conprof, id: string): Promise<Buffer> {
  const response = await fetch(`${url}/api/v1/profile?id=${id}`)
  if (!response.ok) throw new Error(await response.text())
  const bytes = Buffer.from(await response.arrayBuffer())
  return bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
}

t.test('captures take turns with scrapes of a real Go program', async (t) => {
  const program = await startCaptureProgram(t)
  const { query } = await startAll(t, [[program]], '1s')
  const scrapes = async () => {
    const parameters = { query: '{profile_type="cpu", capture=""}', start: 'now-10m' }
    return (await askApi<QueryRangeAnswer>(query.url, 'query_range', parameters)).data.result[0]
  }
  await until('a scheduled CPU profile', async () => ((await scrapes())?.values.length ?? 0) > 0, limitMs)

  const wish = { query: '{profile_type="cpu"}', seconds: 3, count: 3, goroutineText: true }
  const begun = await post(query.url, wish)
  t.equal(begun.state, 'running')
  t.match(begun.items, [
    { labels: { capture: begun.id, profile_type: 'cpu', job: 'job0-cpu' }, count: 3 },
    { labels: { capture: begun.id, profile_type: 'goroutine_text' }, count: 3 },
  ])
  // Two people press at once.
  const second = await post(query.url, { ...wish, count: 1, goroutineText: false })
  await until('word of the one before', async () => {
    const [item] = (await reportOf(query, second.id)).items
    return item!.state === 'waiting' && item!.reason === `capture ${begun.id} of the same comes first`
  })

  const answer = await done(query, begun.id)
  for (const item of answer.items)
    t.match(item, { state: 'done', done: 3, count: 3, health: '', reason: '', remedy: '' })
  const [cpu, text] = answer.items
  const stored = await storedOf(query, begun.id)
  t.strictSame(
    new Set(stored.map(({ id }) => id)),
    new Set([...cpu!.profileIds, ...text!.profileIds]),
    'and all of it is there as soon as it is said to be',
  )
  for (const { id, durationSeconds, labels, health, hasBody } of stored) {
    t.ok(hasBody)
    t.equal(health, 'ok')
    if (labels['profile_type'] === 'cpu') {
      // A program that has to wait for the processor ends its profile later; its own 30 s are what is not wanted.
      t.ok(durationSeconds >= 2.9 && durationSeconds < 20, `${id} covers ${durationSeconds} s`)
      t.equal(labels['profile_path'], '/debug/pprof/profile')
    }
  }
  t.match((await bytesOf(query, text!.profileIds[2]!)).toString(), /^goroutine \d+ \[.*main\.work\(/s)
  t.equal(
    (await bytesOf(query, text!.profileIds[2]!)).toString(),
    (await program.notes()).text,
    'byte for byte',
  )

  const shown = await fetch(`${query.url}/api/v1/profile?id=${text!.profileIds[0]}`)
  t.equal(shown.headers.get('content-type'), 'text/plain; charset=utf-8', 'for browsers to show')
  t.match(shown.headers.get('content-disposition'), /^inline; filename="job0-goroutine_text-.*\.txt"$/)
  t.match(await shown.text(), /^goroutine /)

  t.match((await done(query, second.id)).items, [{ state: 'done', done: 1, count: 1 }])
  const notes = await program.notes()
  t.equal(notes.refused, 0, 'no CPU profile met another')
  t.equal(notes.overlaps, 0)
  t.ok(notes.beside > 0, 'its heap was scraped all the while')
  const before = (await scrapes())!.values.length
  await until(
    'scheduled CPU profiles as before',
    async () => (await scrapes())!.values.length > before,
    limitMs,
  )
  t.strictSame((await scrapes())!.failures, [], 'none failed')
  const metrics = await (await fetch(`${query.url}/metrics`)).text()
  t.match(metrics, /conprof_query_captures_total 2/)
})

t.test(
  'what a collector took before it was killed is found, also by a query that was started anew',
  async (t) => {
    const programs = await Promise.all([1, 2, 3, 4].map(() => startCaptureProgram(t)))
    const { collectors, query, start, startQuery } = await startAll(t, [
      programs.slice(0, 2),
      programs.slice(2),
    ])
    const few = await post(query.url, { query: '{profile_type="heap"}', pods: 2 })
    t.equal(few.leftOut, 2)
    t.strictSame(new Set(few.items.map(({ labels }) => labels['service_name'])), new Set(['job0', 'job1']))
    t.equal(
      new Set(few.items.map(({ collector }) => collector)).size,
      2,
      'spread over services and collectors',
    )
    t.match((await done(query, few.id)).items, [{ state: 'done' }, { state: 'done' }])

    const many = await post(query.url, { query: '{profile_type="cpu"}', seconds: 2, count: 8, pods: 4 })
    t.equal(many.items.length, 4)
    const of = (answer: CaptureAnswer, job: string) =>
      answer.items.filter(({ labels }) => labels['service_name'] === job)
    await until(
      'a profile of each',
      async () => (await reportOf(query, many.id)).items.every(({ done }) => done > 0),
      limitMs,
    )
    const { port } = new URL(collectors[1]!.url)
    collectors[1]!.process.kill('SIGKILL')
    await collectors[1]!.stop()
    const { data: without, warnings } = await askApi<CaptureAnswer>(query.url, `capture/${many.id}`)
    t.match(warnings, [/^collector .* is missing from this answer: /])
    for (const item of of(without, 'job1'))
      t.ok(item.done >= 1 && item.state === 'running', 'as it was heard of last')
    await start(1, Number(port))
    const answer = await done(query, many.id)
    for (const item of of(answer, 'job0')) t.match(item, { state: 'done', done: 8, health: '' })
    for (const item of of(answer, 'job1')) {
      t.match(item, { state: 'failed', health: 'gone', reason: /was started anew, or is gone/ })
      t.ok(item.done >= 1 && item.done < 8, `${item.done} of 8`)
      t.equal(item.profileIds.length, item.done)
      for (const id of item.profileIds) t.ok((await bytesOf(query, id)).length > 100)
    }

    const another = await startQuery()
    const known = await done(another, many.id)
    const idsOf = ({ items }: CaptureAnswer) => new Set(items.flatMap(({ profileIds }) => profileIds))
    t.strictSame(idsOf(known), idsOf(answer), 'its id is all that it needs')
    const { notes } = programs[0]!
    t.match(await notes(), { refused: 0, overlaps: 0 })
  },
)

t.test('conprof capture, of a conprof all on loopback', async (t) => {
  const program = await startCaptureProgram(t)
  const dir = t.testdir()
  const config = join(dir, 'conprof.yaml')
  writeFileSync(config, configOf('api', [program]))
  const flags = [`--config.file=${config}`, `--storage.path=${join(dir, 'data')}`]
  const all = await startConprof(flags)
  t.teardown(() => all.stop())
  const capture = (...words: string[]) => runConprof(['capture', ...words, `--url=${all.url}`])
  const haveAll = async () => {
    const { data } = await askApi<TargetsAnswer>(all.url, 'targets')
    return data.activeTargets.length === 2
  }
  await until('its targets', haveAll, limitMs)

  const folder = join(dir, 'out')
  const taken = await capture(
    'heap{service_name="api"}',
    '--count=2',
    '--seconds=1',
    '--goroutine-text',
    '-o',
    folder,
  )
  t.equal(taken.code, 0, taken.stderr)
  t.match(taken.stderr, /^capture \d{8}T\d{6}Z-[0-9a-f]{8}: 2 series, all at once\n.*4 of 4 profiles\n$/s)
  const lines = taken.stdout.trim().split('\n')
  t.equal(lines.length, 1 + 4 + 4, 'a title, the profiles, the files')
  const link = new URL(lines[1]!.split(' ').at(-1)!)
  t.equal((await fetch(link)).status, 200)
  const shown = await askApi<ProfilesAnswer>(all.url, 'profiles', {
    query: link.searchParams.get('q')!,
    start: String(Number(link.searchParams.get('from')) / 1000),
    end: String(Number(link.searchParams.get('to')) / 1000),
  })
  t.ok(
    shown.data.profiles.some(({ id }) => id === link.searchParams.get('id')),
    'what the link shows has it',
  )
  const names = readdirSync(folder)
  t.equal(names.filter((name) => name.endsWith('.pb.gz')).length, 2)
  const texts = names.filter((name) => name.endsWith('.txt'))
  t.equal(texts.length, 2)
  const { text } = await program.notes()
  t.ok(
    texts.some((name) => readFileSync(join(folder, name), 'utf8') === text),
    'byte for byte',
  )

  // As by Ctrl-C.
  const interrupted = spawnConprof(['capture', 'cpu', '--seconds=60', `--url=${all.url}`])
  let said = ''
  interrupted.stderr!.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  const ended = once(interrupted, 'close')
  await until('its CPU profile', () => said.includes('1 running'), limitMs)
  interrupted.kill('SIGINT')
  t.strictSame(await ended, [1, null])
  t.match(said, /0 of 1 profiles, 1 failed\n.* cpu: canceled: somebody stopped it\n$/s)

  const nothing = await capture('{service_name="apii", profile_type="cpu"}')
  t.equal(nothing.code, 1)
  t.match(
    nothing.stderr,
    /: capture: no target matches .*: nothing that is scraped has service_name="apii": service_name is "api"\n/,
  )
  t.match((await capture('{service_name=')).stderr, /read selector: unexpected end/)
  t.match((await capture('{}', '--seconds=301')).stderr, /body, "seconds": .*300/)
  t.match((await capture('{}', '--seconds=300', '--count=100')).stderr, /more than 3600, an hour/)
  t.match(
    (await runConprof(['capture', '{}', '--url=http://127.0.0.1:1'])).stderr,
    /want --url of a running conprof/,
  )

  const closed = await startConprof([
    `--storage.path=${join(dir, 'closed')}`,
    '--web.enable-admin-api=false',
    `--config.file=${config}`,
  ])
  t.teardown(() => closed.stop())
  const refused = await runConprof(['capture', '{}', `--url=${closed.url}`])
  t.equal(refused.code, 1)
  t.match(refused.stderr, /POST \/api\/v1\/capture: writing is off; start with --web\.enable-admin-api/)
  t.equal(
    (await askApi<Record<string, string>>(closed.url, 'status/flags')).data['web.enable-admin-api'],
    'false',
  )
})

t.test('an order needs the token, or permission', async (t) => {
  const dir = t.testdir({ token: 'a-token-of-ours', 'conprof.yaml': 'scrape_configs: []\n' })
  const order = { id: '20261129T000706Z-3f9a2c11', startedMs: 1, seconds: 1, count: 1, leftOut: 0, takes: [] }
  const send = async (url: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${url}/api/v1/collector/captures`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(order),
    })
    return `${response.status} ${await response.text()}`
  }
  const config = `--config.file=${join(dir, 'conprof.yaml')}`
  const guardedOne = await startConprof(
    [config, `--storage.path=${join(dir, 'a')}`, `--web.token-file=${join(dir, 'token')}`],
    'collector',
  )
  t.teardown(() => guardedOne.stop())
  t.match(await send(guardedOne.url), /^401/)
  t.match(await send(guardedOne.url, { authorization: 'Bearer a-token-of-ours' }), /^200 .*"items":\[\]/)
  const open = await startConprof(
    [config, `--storage.path=${join(dir, 'b')}`, '--web.enable-admin-api=false'],
    'collector',
  )
  t.teardown(() => open.stop())
  t.match(await send(open.url), /^403 .*--web\.enable-admin-api/)
})
