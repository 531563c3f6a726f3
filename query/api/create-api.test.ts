import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import Koa from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { profileId, sortLabels } from '../../profile/labels.ts'
import { matchesLabels } from '../../profile/matcher.ts'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { Catalog } from '../catalog.ts'
import { unframeBlocks } from '../frame-blocks.ts'
import type { HeadSource } from '../head-source.ts'
import { listPendingFiles } from '../pending-files.ts'
import { type CorpusFile, corpusFiles } from '../testdata/corpus-files.ts'
import { createApi } from './create-api.ts'
import type {
  Answer,
  BlocksAnswer,
  FlamegraphAnswer,
  ProfilesAnswer,
  QueryRangeAnswer,
  SeriesAnswer,
  TopAnswer,
} from './types.ts'

const heaps = corpusFiles('etcd', 'heap')
const cpus = corpusFiles('etcd', 'cpu')
const kinds = [...heaps, ...cpus]
const last = Math.max(...kinds.map(({ timeMs }) => timeMs))
const first = Math.min(...kinds.map(({ timeMs }) => timeMs))
const range = `start=${first / 1000 - 1}&end=${last / 1000 + 1}`
const writer = 'collector-0'

/** A third of the profiles each in the bucket, in a pending file and in the head, and some in two of them. */
async function startApi(t: Test) {
  const directory = await mkdtemp(join(tmpdir(), 'conprof-query-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const attempts: Attempt[] = kinds.map(attemptOf).sort((a, b) => a.timeMs - b.timeMs)
  attempts.push({
    labels: attempts[0]!.labels,
    timeMs: last + 1,
    durationMs: 3,
    health: 'refused',
    httpStatus: 0,
  })
  const third = Math.ceil(attempts.length / 3)
  const built = (from: number, to: number) => {
    const builder = createBlockBuilder()
    for (let seq = from; seq < Math.min(to, attempts.length); seq++) {
      builder.append(attempts[seq]!, { writer, seq })
    }
    return builder
  }
  const bucket = new MemoryBucket()
  const uploaded = built(0, third).encode()!
  await bucket.put(`blocks/${uploaded.key}`, uploaded.bytes)
  for (const block of [uploaded, built(third, 2 * third).encode()!]) {
    await writeFile(join(directory, basename(block.key)), block.bytes)
  }
  // The head still holds what was cut last.
  const builder = built(2 * third - 5, attempts.length)
  const head: HeadSource = {
    name: 'head',
    async readHead({ matchers, startMs, endMs, withoutBodies }) {
      const select = (labels: Attempt['labels']) => matchesLabels(matchers, labels)
      const block = builder.encode({ select, startMs, endMs, withoutBodies, compression: 'fast' })
      return block === undefined ? [] : [block.bytes]
    },
  }
  const registry = new Registry()
  const log = silentLogger()
  const pending = () => listPendingFiles(directory)
  const catalog = new Catalog({ bucket, pending, heads: [head], log, registry })
  const build = { version: '1', revision: 'r', nodeVersion: process.version }
  const api = createApi({
    catalog,
    head,
    flags: { a: 'b' },
    build,
    log,
    registry,
    config: () => 'global: {}\n',
  })
  const server = createServer(new Koa().use(api.routes()).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const fetchPath = (path: string) => fetch(`http://127.0.0.1:${port}/api/v1${path}`)
  const ask = async <Data>(path: string): Promise<Data> => {
    const answer = (await (await fetchPath(path)).json()) as Answer<Data>
    if (answer.status !== 'success') throw new Error(answer.error)
    return answer.data
  }
  return { fetchPath, ask, bucket, uploaded, attempts, registry, directory, port }
}

function attemptOf({ program, type, timeMs, body }: CorpusFile): Attempt {
  const labels = sortLabels([
    ['job', program],
    ['service_name', program],
    ['profile_type', type],
  ])
  return { labels, timeMs, durationMs: 5, health: 'ok', httpStatus: 200, body }
}

t.test('the API answers from bucket, pending files and head as one', async (t) => {
  const { fetchPath, ask, bucket, uploaded, attempts, registry, port } = await startApi(t)

  t.strictSame(await ask(`/labels?${range}`), ['job', 'profile_type', 'service_name'])
  t.strictSame(await ask(`/label/profile_type/values?${range}`), ['cpu', 'heap'])
  t.strictSame(await ask(`/label/profile_type/values?match[]=heap&${range}`), ['heap'])
  const series = await ask<SeriesAnswer>(`/series?${range}`)
  t.strictSame(series.map((labels) => labels['profile_type']).sort(), ['cpu', 'heap'])

  const plot = await ask<QueryRangeAnswer>(`/query_range?query=heap&${range}&type=alloc_space`)
  t.match(plot, { type: 'alloc_space', unit: 'bytes', kind: 'counter', profiles: heaps.length, series: 1 })
  t.strictSame(
    plot.result[0]?.values,
    heaps.map(({ timeMs, body }) => [timeMs, totalOf(body, 'alloc_space')]),
    'one value per profile, each once',
  )
  const failures = (await ask<QueryRangeAnswer>(
    `/query_range?query=${encodeURIComponent('{profile_type=~"heap|cpu"}')}&${range}`,
  ).catch((error: Error) => error.message)) as unknown
  t.match(
    failures,
    /query selects 2 profile types, which do not add up: choose one with profile_type= of cpu, heap/,
  )

  const cpu = await ask<QueryRangeAnswer>(`/query_range?query=cpu&${range}&step=1h`)
  t.match(cpu, { type: 'cpu', unit: 'nanoseconds', kind: 'duration', agg: 'sum' })
  const wantCpu = cpus.reduce((sum, { body }) => sum + BigInt(totalOf(body, 'cpu')), 0n)
  t.equal(
    cpu.result[0]?.values.reduce((sum, [, value]) => sum + BigInt(value), 0n),
    wantCpu,
  )

  // Pages.
  const items: ProfilesAnswer['profiles'][number][] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: ProfilesAnswer = await ask(
      `/profiles?query=&${range}&limit=7${cursor && `&cursor=${cursor}`}`,
    )
    items.push(...page.profiles)
    cursor = page.next
  }
  t.equal(items.length, attempts.length)
  t.equal(new Set(items.map(({ id }) => id)).size, attempts.length)
  t.match(items[0], { health: 'refused', hasBody: false, totals: [], time: last + 1 })

  // One stored profile.
  for (const file of [heaps[0]!, heaps.at(-1)!]) {
    const id = profileId(file.timeMs, attemptOf(file).labels)
    const response = await fetchPath(`/profile?id=${id}`)
    t.equal(response.headers.get('content-encoding'), null)
    t.match(response.headers.get('content-disposition'), /attachment; filename="etcd-heap-.*\.pb\.gz"/)
    const bytes = gunzipSync(Buffer.from(await response.arrayBuffer()))
    t.ok(bytes.equals(gunzipSync(file.body)), 'as it was scraped')
    const flames = await ask<FlamegraphAnswer>(`/profile?id=${id}&format=flamegraph&type=inuse_space`)
    t.equal(flames.total[0], totalOf(file.body, 'inuse_space'))
    t.equal(flames.names[flames.name[0]!], 'total')
    t.strictSame(
      flames.sampleTypes.map(({ type }) => type),
      ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'],
    )
  }

  // A merge.
  const merged = await ask<TopAnswer>(`/profile?query=cpu&${range}&format=top`)
  t.equal(merged.total, wantCpu.toString())
  t.match(merged, { profiles: cpus.length, series: 1, type: 'cpu' })
  const folded = await (await fetchPath(`/profile?query=cpu&${range}&format=collapsed`)).text()
  const foldedTotal = folded
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + BigInt(line.slice(line.lastIndexOf(' ') + 1)), 0n)
  t.equal(foldedTotal, wantCpu)
  const download = await fetchPath(`/profile?query=cpu&${range}`)
  const downloaded = profileFromPprof(gunzipSync(Buffer.from(await download.arrayBuffer())))
  t.equal(downloaded.values[1]?.total(), wantCpu)

  // allocs is heap with another default.
  const allocs = await ask<TopAnswer>(`/profile?query=allocs&${range}&format=top&agg=sum`)
  t.equal(allocs.type, 'alloc_space')
  t.equal(allocs.profiles, heaps.length)

  // The head on its own.
  const framed = await (await fetchPath(`/head?match[]=cpu&${range}&without_bodies=true`)).arrayBuffer()
  const [block] = unframeBlocks(new Uint8Array(framed))
  const reader = await openBlock(memorySource('head', block!))
  t.strictSame(reader.labelValues('profile_type'), ['cpu'])

  t.strictSame(await ask('/status/flags'), { a: 'b' })
  t.strictSame(await ask('/status/config'), { yaml: 'global: {}\n' })
  t.match(await ask('/status/buildinfo'), { version: '1' })
  t.match(await ask('/status/runtimeinfo'), { serverTime: Number })
  t.strictSame(await ask('/targets'), { activeTargets: [], droppedTargets: [] })
  const { blocks } = await ask<BlocksAnswer>('/status/blocks')
  t.strictSame(blocks.map(({ place }) => place).sort(), ['bucket', 'pending', 'pending'])
  t.match(await registry.metrics(), /conprof_query_requests_total\{route="\/profile",code="200"\}/)

  await t.test('what is asked wrongly', async (t) => {
    const cases: [string, number, string][] = [
      ['/query_range', 400, 'parameter "query": missing'],
      ['/query_range?query=cpu&strat=1', 400, 'parameter "strat": unknown, want query, start'],
      ['/query_range?query={a=b}', 400, 'read selector: unexpected b at 3: values need quotes, ="b"'],
      ['/query_range?query=cpu&start=2&end=1', 400, 'range: start 2000 ms lies after end 1000 ms'],
      ['/query_range?query=cpu&start=0&end=now&step=1s', 400, 'parameter "step": '],
      [`/query_range?query=cpu&${range}&type=wall`, 422, 'sample type "wall": there are samples, cpu'],
      ['/labels?start=yesterday', 400, 'parameter "start": time "yesterday": want unix seconds'],
      ['/profile?format=top', 400, 'parameter "id" or "query": one of them is needed'],
      ['/profile?id=x&format=top', 400, 'parameter "id": "x", want <unix ms>-<16 hex digits>'],
      [
        `/profile?query=nothing&${range}&format=top`,
        404,
        'no profile matches {profile_type="nothing"} from ',
      ],
      ['/profiles?query=&cursor=z', 400, 'parameter "cursor": "z" is none that was given out'],
      ['/nowhere', 404, 'GET /api/v1/nowhere: no such route'],
    ]
    for (const [path, status, message] of cases) {
      const response = await fetchPath(path)
      const answer = (await response.json()) as Answer<unknown>
      t.equal(response.status, status, path)
      t.ok(answer.status === 'error' && answer.error.startsWith(message), JSON.stringify(answer))
    }
    const position = (await (await fetchPath('/series?match[]={a=b}')).json()) as object
    t.match(position, { position: { from: 3, to: 4 } })
    const forPprof = await fetchPath('/profile?query={')
    t.equal(forPprof.headers.get('x-go-pprof'), '1')
    t.match(forPprof.headers.get('content-type'), 'text/plain')
    t.match(await forPprof.text(), /^read selector: /)
  })

  await t.test('go tool pprof reads it', async (t) => {
    const url = `http://127.0.0.1:${port}/api/v1/profile?query=cpu&${range}`
    const { goToolPprof } = await import('../testdata/go-tool-pprof.ts')
    const text = await goToolPprof(t, ['-top', url])
    if (text !== undefined) t.match(text, /^File: |^Type: cpu/m)
    const refused = await goToolPprof(
      t,
      ['-top', `http://127.0.0.1:${port}/api/v1/profile?query=cpu%2B1`],
      true,
    )
    if (refused !== undefined) t.match(refused, /only a label selector/)
  })

  await t.test('what cannot be read is a warning', async (t) => {
    await bucket.put(
      `blocks/${uploaded.key.replace(/-1-[0-9a-f]+\.block/, '-1-0123456789abcdef.block')}`,
      Buffer.from('no block'),
    )
    const response = await fetchPath(`/query_range?query=heap&${range}`)
    const answer = (await response.json()) as Answer<QueryRangeAnswer>
    t.match(answer, {
      status: 'success',
      data: { profiles: heaps.length },
      warnings: [/0123456789abcdef.*missing/],
    })
    t.match(response.headers.get('x-conprof-warnings'), /0123456789abcdef/)
  })
})

function totalOf(body: Uint8Array, type: string): string {
  const profile = profileFromPprof(gunzipSync(body))
  return profile.values[profile.sampleTypes.findIndex((each) => each.type === type)]!.total().toString()
}
