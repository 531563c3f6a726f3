import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Koa, { type Middleware } from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { compactBlocks } from '../../block/compact-blocks.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { tombstoneKey } from '../../block/tombstone.ts'
import type { Bucket } from '../../bucket/bucket.ts'
import { openBucketFiles } from '../../bucket/open-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { createApi } from '../../query/api/create-api.ts'
import type { OverviewAnswer } from '../../query/api/overview-types.ts'
import type { LabelsAnswer, QueryRangeAnswer, TopAnswer } from '../../query/api/types.ts'
import { PageCache } from '../../query/cache/page-cache.ts'
import { Catalog } from '../../query/catalog.ts'
import { askApi } from '../support/ask-api.ts'
import { cutBlock, rigDay } from '../support/compaction-rig.ts'
import { startGate } from '../support/gate.ts'
import { until } from '../support/until.ts'
import { startVersitygw } from '../support/versitygw.ts'

const log = silentLogger()
const dayMs = 24 * 3600_000
const range = { start: String(rigDay / 1000), end: String((rigDay + dayMs - 1) / 1000) }

/** S3 servers with an empty bucket each, whose config is in `file`; behind a gate. */
async function startStores(t: Test, count: number) {
  const folder = t.testdir({})
  const stores = []
  for (let i = 0; i < count; i++) {
    const server = await startVersitygw(t)
    const gate = await startGate(t, server.endpoint)
    const file = join(folder, `bucket-${i}.yaml`)
    const keys = { access_key: server.accessKey, secret_key: server.secretKey }
    const bucket = await server.createBucket()
    const config = { ...keys, bucket, endpoint: gate.address, insecure: true, max_retries: 0 }
    await writeFile(file, JSON.stringify({ type: 'S3', prefix: 'prod', config }))
    stores.push({ file, gate })
  }
  return { folder, stores }
}

/** What `conprof query` answers of these buckets, with what it cost. */
async function startQuery(t: Test, files: readonly string[], cachePath?: string) {
  const registry = new Registry()
  const buckets = await openBucketFiles(files, { log, registry })
  const cache =
    cachePath === undefined
      ? undefined
      : await PageCache.open({ path: cachePath, maxBytes: 1 << 30, log, registry })
  const catalog = new Catalog({ bucket: buckets, cache, log, registry })
  const build = { version: '1', revision: '', nodeVersion: '' }
  const api = createApi({ catalog, flags: {}, build, log, registry })
  const server = createServer(new Koa().use(api.routes() as unknown as Middleware).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await cache?.close()
    await Promise.all(buckets.map((bucket) => bucket.close()))
  }
  t.teardown(close)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const count = async (name: string, labels: Readonly<Record<string, string>> = {}) => {
    const { values } = await registry.getSingleMetric(name)!.get()
    return values
      .filter((value) => Object.entries(labels).every(([label, text]) => value.labels[label] === text))
      .reduce((sum, { value }) => sum + value, 0)
  }
  const ask = async (more: Readonly<Record<string, string>> = {}) => {
    const asked = { ...range, query: '{profile_type="heap"}', ...more }
    const [plot, top, names] = await Promise.all([
      askApi<QueryRangeAnswer>(url, 'query_range', asked),
      askApi<TopAnswer>(url, 'profile', { ...asked, format: 'top', type: 'inuse_space' }),
      askApi<LabelsAnswer>(url, 'label/service_name/values', { start: asked.start, end: asked.end }),
    ])
    const warnings = [...new Set([plot, top, names].flatMap((each) => each.warnings))]
    return { warnings, plot: plot.data, top: top.data, services: names.data }
  }
  const gets = () => count('conprof_bucket_operations_total', { operation: 'get' })
  const lists = () => count('conprof_bucket_operations_total', { operation: 'list' })
  const overview = (at: number) => askApi<OverviewAnswer>(url, 'overview', { at: String(at / 1000) })
  return { buckets, ask, overview, count, gets, lists, close, catalog }
}

async function putCuts(bucket: Bucket, writer: string, slots = 6): Promise<string[]> {
  const keys: string[] = []
  for (let slot = 0; slot < slots; slot++) {
    const { key, bytes } = cutBlock({ slot, writer })
    await bucket.put(`blocks/${key}`, bytes)
    keys.push(key)
  }
  return keys
}

t.test('what was read once is not read again, also by the next process', async (t) => {
  const { folder, stores } = await startStores(t, 1)
  const files = stores.map(({ file }) => file)
  const cachePath = join(folder, 'cache')
  const first = await startQuery(t, files, cachePath)
  await putCuts(first.buckets[0]!, 'w1')
  await putCuts(first.buckets[0]!, 'w2')
  const answer = await first.ask()
  t.strictSame(answer.warnings, [])
  t.strictSame(answer.services, ['shop/w1', 'shop/w2'])
  t.equal(answer.plot.profiles, 6 * 2 * 2 * 2)
  const [gets, lists] = [await first.gets(), await first.lists()]
  t.ok(gets > 0)
  t.strictSame(await first.ask(), answer)
  t.equal(await first.gets(), gets, 'nothing is read again')
  t.equal(await first.lists(), lists, 'nor listed')
  t.ok((await first.count('conprof_query_fetched_bytes_total')) > 0)
  await first.close()
  const second = await startQuery(t, files, cachePath)
  t.strictSame(await second.ask(), answer)
  t.equal(await second.gets(), 0, 'tails and all are on disk')
  t.ok((await second.lists()) > 0)
})

t.test('an overview of many blocks costs few requests, and none the next time', async (t) => {
  const { folder, stores } = await startStores(t, 1)
  const files = stores.map(({ file }) => file)
  const query = await startQuery(t, files, join(folder, 'cache'))
  const [bucket] = query.buckets as [Bucket]
  for (const writer of ['w1', 'w2', 'w3', 'w4']) await putCuts(bucket, writer, 12)
  // What the test itself asked is no cost of the answer.
  const [gets, lists] = [await query.gets(), await query.lists()]
  const at = rigDay + 6 * 3600_000
  const answer = await query.overview(at)
  t.strictSame(answer.warnings, [])
  t.strictSame(
    answer.data.workloads.map(({ labels, pods, gonePods, targets }) => [
      labels,
      pods,
      gonePods,
      targets.failing,
    ]),
    ['w1', 'w2', 'w3', 'w4'].map((writer) => [{ service_name: `shop/${writer}` }, 0, 2, 0]),
    'the last ones are half an hour old',
  )
  t.ok((await query.gets()) - gets <= 3 * 48, 'few requests for each block')
  const [getsThen, listsThen] = [await query.gets(), await query.lists()]
  t.strictSame(await query.overview(at), answer)
  t.equal(await query.gets(), getsThen, 'nothing is read again')
  t.ok(listsThen > lists)
  t.equal(await query.lists(), listsThen)
  const earlier = await query.overview(rigDay + 5.5 * 3600_000 + 120_000)
  t.match(earlier.data.workloads[0], { pods: 2, gonePods: 0, targets: { up: 5, failing: 1 } })
})

t.test('many who ask at once cost as much as one', async (t) => {
  const { folder, stores } = await startStores(t, 1)
  const files = stores.map(({ file }) => file)
  const one = await startQuery(t, files, join(folder, 'one'))
  await putCuts(one.buckets[0]!, 'w1')
  const answer = await one.ask()
  const many = await startQuery(t, files, join(folder, 'many'))
  const answers = await Promise.all(Array.from({ length: 8 }, () => many.ask()))
  for (const each of answers) t.strictSame(each, answer)
  t.equal(
    await many.count('conprof_query_fetched_bytes_total'),
    await one.count('conprof_query_fetched_bytes_total'),
  )
  t.equal(await many.gets(), await one.gets())
  t.equal(await many.lists(), await one.lists())
})

t.test('a block that is compacted and deleted under its readers leaves no hole', async (t) => {
  const { folder, stores } = await startStores(t, 1)
  const files = stores.map(({ file }) => file)
  const query = await startQuery(t, files)
  const [bucket] = query.buckets as [Bucket]
  const keys = await putCuts(bucket, 'w1')
  const wanted = await (await startQuery(t, files)).ask()
  t.equal(await openAll(query.catalog), keys.length, 'it knows the tails of all, and the rows of none')
  const outputs = await compactAway(bucket, keys, folder)
  const lists = await query.lists()
  const answers = await Promise.all([query.ask(), query.ask()])
  for (const answer of answers) t.strictSame(answer, wanted)
  t.ok((await query.lists()) > lists, 'it looked once more')
  t.equal(await query.count('conprof_query_partial_answers_total'), 0)
  t.equal(await query.count('conprof_query_block_failures_total'), 0)
  // What is gone with nothing in its place is no reason to look for ever.
  for (const key of outputs) await bucket.delete(`blocks/${key}`)
  await t.rejects(query.ask(), /no profile matches/)
})

/** Opens every block of the day, and reads no more; says how many there are. */
async function openAll(catalog: Catalog): Promise<number> {
  const opened = await catalog.open({ matchers: [], startMs: rigDay, endMs: rigDay + dayMs - 1 })
  return opened.sources.length
}

/** Compacts blocks, and deletes them at once; answers with the keys of what is in their place. */
async function compactAway(bucket: Bucket, keys: readonly string[], directory: string): Promise<string[]> {
  const sources = await Promise.all(
    keys.map(async (key) => openBlock(memorySource(key, await bucket.getRange(`blocks/${key}`, 0, 1 << 30)))),
  )
  const outputs = await compactBlocks({ sources, level: 2, directory })
  for (const { key, path } of outputs) await bucket.putFile(`blocks/${key}`, path)
  for (const key of keys) await bucket.delete(`blocks/${key}`)
  return outputs.map(({ key }) => key)
}

t.test('a block that is gone before it is opened is looked for in what replaced it', async (t) => {
  const { folder, stores } = await startStores(t, 1)
  const files = stores.map(({ file }) => file)
  const query = await startQuery(t, files, join(folder, 'cache'))
  const [bucket] = query.buckets as [Bucket]
  const keys = await putCuts(bucket, 'w1')
  const wanted = await (await startQuery(t, files, join(folder, 'other'))).ask()
  // One block of the day is read, all are listed.
  await query.ask({ start: range.start, end: range.start + 60 })
  await compactAway(bucket, keys, folder)
  t.strictSame(await query.ask(), wanted)
})

t.test('what is deleted is hidden, and back when it is no longer', async (t) => {
  const { folder, stores } = await startStores(t, 1)
  const files = stores.map(({ file }) => file)
  const query = await startQuery(t, files, join(folder, 'cache'))
  const [bucket] = query.buckets as [Bucket]
  const [first] = await putCuts(bucket, 'w1')
  await bucket.put(tombstoneKey(first!), Buffer.from('{}'))
  const answer = await query.ask()
  t.strictSame(answer.warnings, [])
  t.equal(answer.plot.profiles, 5 * 4)
  await bucket.delete(tombstoneKey(first!))
  const later = await startQuery(t, files, join(folder, 'cache'))
  t.equal((await later.ask()).plot.profiles, 6 * 4)
})

t.test('several buckets are one view, and one that is away is named', async (t) => {
  const { folder, stores } = await startStores(t, 2)
  const files = stores.map(({ file }) => file)
  const query = await startQuery(t, files, join(folder, 'cache'))
  const [eu, us] = query.buckets as [Bucket, Bucket]
  await putCuts(eu, 'eu')
  await putCuts(us, 'us')
  // A copy of a block in the other bucket is the same block.
  const { key, bytes } = cutBlock({ slot: 0, writer: 'eu' })
  await us.put(`blocks/${key}`, bytes)
  const both = await query.ask()
  t.strictSame(both.warnings, [])
  t.strictSame(both.services, ['shop/eu', 'shop/us'])
  t.equal(both.plot.profiles, 2 * 6 * 4)
  const [euGate, usGate] = stores.map(({ gate }) => gate) as [Gate, Gate]
  await usGate.close()
  const later = await startQuery(t, files, join(folder, 'empty'))
  const one = await later.ask()
  t.match(one.warnings, [/^bucket s3:\/\/bucket-1\/prod at 127\.0\.0\.1:\d+ is missing from this answer: /])
  t.ok(one.warnings[0]?.includes(usGate.address))
  t.strictSame(one.services, ['shop/eu'])
  t.equal(one.plot.profiles, 6 * 4)
  // What the first one knows it can still tell.
  t.strictSame(await query.ask(), both)
  await usGate.open()
  await euGate.close()
  // What was away just now is not waited for long, until it has answered once.
  await until('the other bucket', async () => (await later.ask()).warnings.length === 0)
  t.strictSame(await later.ask(), both, 'the other way round, too')
})

type Gate = Awaited<ReturnType<typeof startGate>>
