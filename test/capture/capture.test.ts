import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { CaptureAnswer, CaptureRequest } from '../../query/api/capture-types.ts'
import type { Answer, ProfilesAnswer, QueryRangeAnswer, TargetsAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { type Conprof, startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'
import { type CaptureProgram, startCaptureProgram } from './capture-program.ts'

const off = { enabled: false }

/** Its CPU every six seconds, its heap every second. */
function configOf(
  job: string,
  programs: readonly CaptureProgram[],
  more: Readonly<Record<string, unknown>> = {},
) {
  const targets = programs.map(({ address }) => address)
  const job_ = (name: string, interval: string, pprof_config: Readonly<Record<string, unknown>>) => ({
    job_name: name,
    scrape_interval: interval,
    scrape_timeout: '1s',
    static_configs: [{ targets, labels: { service_name: job } }],
    profiling_config: { pprof_config: { block: off, mutex: off, ...pprof_config } },
  })
  return JSON.stringify({
    scrape_configs: [
      job_(`${job}-cpu`, '6s', { cpu: { seconds: 1 }, heap: off, goroutine: off, ...more }),
      job_(`${job}-heap`, '1s', { cpu: off, goroutine: off }),
    ],
  })
}

/** Collectors with the programs of each, a bucket in common, and query before them. */
async function startAll(
  t: Test,
  programs: readonly (readonly CaptureProgram[])[],
  queryFlags: string[] = [],
) {
  const dir = t.testdir({ bucket: {} })
  const objstore = join(dir, 'objstore.yaml')
  writeFileSync(objstore, JSON.stringify({ type: 'FILESYSTEM', config: { directory: join(dir, 'bucket') } }))
  const token = join(dir, 'token')
  writeFileSync(token, 'a-token-of-ours')
  const common = [`--objstore.config-file=${objstore}`, `--web.token-file=${token}`]
  const start = async (index: number, port = 0) => {
    const job = `job${index}`
    const config = join(dir, `${job}.yaml`)
    writeFileSync(config, configOf(job, programs[index]!))
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
  const query = await startConprof(
    [...common, ...collectors.map(({ url }) => `--collectors=${url}`), ...queryFlags],
    'query',
  )
  t.teardown(() => query.stop())
  await until('all targets', async () => {
    const { data } = await askApi<TargetsAnswer>(query.url, 'targets')
    return data.activeTargets.length === 2 * programs.flat().length
  })
  return { collectors, query, start }
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

function done(query: Conprof, id: string, limitMs = 60_000): Promise<CaptureAnswer> {
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
  const { query } = await startAll(t, [[program]])
  const scrapes = async () => {
    const parameters = { query: '{profile_type="cpu", capture=""}', start: 'now-10m' }
    return (await askApi<QueryRangeAnswer>(query.url, 'query_range', parameters)).data.result[0]
  }
  await until('a scheduled CPU profile', async () => ((await scrapes())?.values.length ?? 0) > 0)
  const heapsBefore = (await program.notes()).begun['/debug/pprof/heap']!

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
      t.ok(durationSeconds >= 2.9 && durationSeconds < 4, `${id} covers ${durationSeconds} s`)
      t.equal(labels['profile_path'], '/debug/pprof/profile')
    }
  }
  t.match((await bytesOf(query, text!.profileIds[2]!)).toString(), /^goroutine \d+ \[.*main\.work\(/s)
  t.equal(
    (await bytesOf(query, text!.profileIds[2]!)).toString(),
    (await program.notes()).text,
    'byte for byte',
  )

  t.match((await done(query, second.id)).items, [{ state: 'done', done: 1, count: 1 }])
  const notes = await program.notes()
  t.equal(notes.refused, 0, 'no CPU profile met another')
  t.equal(notes.overlaps, 0)
  t.ok(notes.begun['/debug/pprof/heap']! - heapsBefore >= 9, 'its heap was scraped all the while')
  const before = (await scrapes())!.values.length
  await until('scheduled CPU profiles as before', async () => (await scrapes())!.values.length > before)
  t.strictSame((await scrapes())!.failures, [], 'none failed')
  const metrics = await (await fetch(`${query.url}/metrics`)).text()
  t.match(metrics, /conprof_query_captures_total 2/)
})
