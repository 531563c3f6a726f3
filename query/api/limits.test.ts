import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { sortLabels } from '../../profile/labels.ts'
import { Catalog } from '../catalog.ts'
import type { HeadSource } from '../head-source.ts'
import { MergeWorkers } from '../merge-workers/merge-workers.ts'
import type { QueryLimits } from '../query-limits.ts'
import { corpusFiles } from '../testdata/corpus-files.ts'
import { createApi } from './create-api.ts'

const files = corpusFiles('etcd', 'heap')
const range = `start=${files[0]!.timeMs / 1000}&end=${files.at(-1)!.timeMs / 1000}`
const pods = ['a', 'b', 'c']

function builderOf(from: number, to: number) {
  const builder = createBlockBuilder()
  for (let i = from; i < to; i++)
    for (const [p, pod] of pods.entries()) {
      const { timeMs, body } = files[i]!
      const labels = sortLabels([
        ['pod', pod],
        ['profile_type', 'heap'],
      ])
      const seq = i * pods.length + p
      builder.append(
        { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
        { writer: 'w', seq },
      )
    }
  return builder
}

/** The older half of the profiles in the bucket, the newer one in the head. */
async function startApi(t: Test, options: { readonly limits?: QueryLimits; readonly workers?: number }) {
  const half = files.length / 2
  const bucket = new MemoryBucket()
  const { key, bytes } = builderOf(0, half).encode()!
  await bucket.put(`blocks/${key}`, bytes)
  const builder = builderOf(half, files.length)
  const head: HeadSource = {
    readHead: async ({ startMs, endMs, withoutBodies }) => {
      const block = builder.encode({ startMs, endMs, withoutBodies, compression: 'fast' })
      return block === undefined ? [] : [block.bytes]
    },
  }
  const registry = new Registry()
  const log = silentLogger()
  const { limits = {}, workers = 0 } = options
  const merges = new MergeWorkers({ size: workers, registry, isSmall: () => false })
  const api = createApi({
    catalog: new Catalog({ bucket, heads: [head], log, registry }),
    flags: {},
    build: { version: '', revision: '', nodeVersion: '' },
    log,
    registry,
    limits,
    merges,
  })
  const server = createServer(new Koa().use(api.routes()).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    await merges.close()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`
  return { get: (path: string) => fetch(`${url}${path}&query=heap&${range}`), registry, merges }
}

t.test('answers are the same bytes from workers, of blocks in the bucket and the head', async (t) => {
  const without = await startApi(t, {})
  const withWorkers = await startApi(t, { workers: 1 })
  for (const query of [
    'format=flamegraph',
    'format=top',
    'format=collapsed',
    'format=pprof',
    'agg=max&format=top',
  ]) {
    const [ours, theirs] = await Promise.all(
      [without, withWorkers].map(async ({ get }) => {
        const response = await get(`/profile?${query}`)
        t.equal(response.status, 200)
        t.equal(response.headers.get('X-Conprof-Warnings'), null)
        return `${response.headers.get('Content-Type')} ${Buffer.from(await response.arrayBuffer()).toString('base64')}`
      }),
    )
    t.equal(theirs, ours, query)
  }
  t.equal(without.merges.threads.length, 0)
  t.equal(withWorkers.merges.threads.length, 1)
})

t.test('an answer over a limit is partial, keeps the newest, and is counted', async (t) => {
  const { get, registry } = await startApi(t, { limits: { maxProfiles: 2 * pods.length }, workers: 1 })
  const since = files.at(-2)!.timeMs
  const warning = `what is before ${new Date(since).toISOString()} is missing from this answer: more than --query.max-profiles, 6, match: ask for less time or fewer series`
  const listed = await (await get('/profiles?')).json()
  t.equal(listed.data.profiles.length, 2 * pods.length)
  t.ok(listed.data.profiles.every(({ time }: { readonly time: number }) => time >= since))
  t.same(listed.warnings, [warning])
  const plotted = await (await get('/query_range?')).json()
  t.match(plotted, { data: { profiles: 6 }, warnings: [warning] })
  const merged = await get('/profile?format=top')
  t.equal(merged.headers.get('X-Conprof-Warnings'), warning)
  t.match(await merged.json(), { data: { profiles: 6, series: 3 }, warnings: [warning] })
  const metrics = await registry.metrics()
  for (const route of ['/profiles', '/query_range', '/profile'])
    t.match(metrics, `conprof_query_partial_answers_total{route="${route}"} 1`)
})

t.test('a merge that may not even read its symbols says so', async (t) => {
  for (const workers of [0, 1]) {
    const { get } = await startApi(t, { limits: { maxBytes: 4000 }, workers })
    for (const format of ['top', 'pprof']) {
      const answer = await get(`/profile?format=${format}`)
      t.equal(answer.status, 422)
      t.match(
        await answer.text(),
        /nothing was merged: 3 of 3 series are missing from this answer: .*--query\.max-bytes/,
      )
    }
    t.equal((await get('/profiles?')).status, 200, 'rows are few bytes')
  }
})
