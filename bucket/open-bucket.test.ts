import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../lib/log.ts'
import { startVersitygw } from '../test/support/versitygw.ts'
import { acceptBucket } from './acceptance.ts'
import { BucketMetrics } from './bucket-metrics.ts'
import { InstrumentedBucket } from './instrumented-bucket.ts'
import { MemoryBucket } from './memory-bucket.ts'
import { parseObjstoreConfig } from './objstore-config.ts'
import { openBucket, openBucketFiles } from './open-bucket.ts'

t.test('openBucket() opens a folder, made where it is missing', async (t) => {
  const folder = t.testdir({})
  const { bucket } = await openText(t, 'type: FILESYSTEM\nconfig: {directory: b}', join(folder, 'c.yaml'))
  await bucket.put('a', Buffer.from('1'))
  t.equal(bucket.name, join(folder, 'b'))
  t.equal((await bucket.stat('a')).sizeBytes, 1)
})

t.test('openBucket() keeps to the prefix, in a folder and in S3', async (t) => {
  const folder = t.testdir({})
  const server = await startVersitygw(t)
  const s3 = {
    ...{ bucket: await server.createBucket(), endpoint: server.endpoint, insecure: true },
    ...{ access_key: server.accessKey, secret_key: server.secretKey },
  }
  for (const config of [
    { type: 'FILESYSTEM', config: { directory: folder } },
    { type: 'S3', config: s3 },
  ]) {
    const whole = await openText(t, JSON.stringify(config))
    const part = await openText(t, JSON.stringify({ ...config, prefix: '/clusters/prod/' }))
    await whole.bucket.put('clusters/other', Buffer.from('1'))
    await part.bucket.put('blocks/a', Buffer.from('22'))
    const keys = []
    for await (const { key } of part.bucket.list('')) keys.push(key)
    t.same(keys, ['blocks/a'])
    t.equal((await whole.bucket.stat('clusters/prod/blocks/a')).sizeBytes, 2)
    await t.rejects(part.bucket.stat('none'), {
      code: 'NOT_FOUND',
      message: new RegExp(`^stat "clusters/prod/none" in bucket ${whole.bucket.name}: `),
    })
  }
})

t.test('InstrumentedBucket', async (t) => {
  await acceptBucket(
    t,
    async () => new InstrumentedBucket(new MemoryBucket(), { metrics: metricsOf(new Registry()) }),
  )

  await t.test('counts operations, failures and bytes', async (t) => {
    const registry = new Registry()
    const bucket = new InstrumentedBucket(new MemoryBucket(), { metrics: metricsOf(registry) })
    await bucket.put('a', Buffer.from('12345'))
    await bucket.putFile('b', join(t.testdir({ file: '123' }), 'file'))
    await bucket.getRange('a', 1, 2)
    await t.rejects(bucket.getRange('none', 0, 1))
    await t.rejects(bucket.stat('a', { signal: AbortSignal.abort() }))
    for await (const { key } of bucket.list('')) t.ok(key)
    const text = await registry.metrics()
    for (const line of [
      'conprof_bucket_operations_total{operation="put"} 2',
      'conprof_bucket_operations_total{operation="get"} 2',
      'conprof_bucket_operations_total{operation="list"} 1',
      'conprof_bucket_operations_total{operation="delete"} 0',
      'conprof_bucket_operation_failures_total{operation="get",code="NOT_FOUND"} 1',
      'conprof_bucket_operation_duration_seconds_count{operation="put"} 2',
      'conprof_bucket_transferred_bytes_total{operation="put"} 8',
      'conprof_bucket_transferred_bytes_total{operation="get"} 2',
    ]) {
      t.ok(text.split('\n').includes(line), line)
    }
    t.notMatch(text, /failures_total\{operation="stat"/)
  })
})

t.test('openBucket() counts what an S3 store bills: pages of a listing and retries', async (t) => {
  const page = (key: string, isLast: boolean) =>
    `<?xml version="1.0"?><ListBucketResult><Name>profiles</Name><KeyCount>1</KeyCount><Contents><Key>${key}</Key><Size>1</Size><LastModified>2026-01-05T00:00:00.000Z</LastModified></Contents><IsTruncated>${!isLast}</IsTruncated>${isLast ? '' : '<NextContinuationToken>next</NextContinuationToken>'}</ListBucketResult>`
  let requests = 0
  const server = createServer((request, response) => {
    request.resume()
    if (++requests === 2) response.writeHead(503).end()
    else response.end(page(`key-${requests}`, request.url!.includes('continuation-token')))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = { bucket: 'profiles', endpoint, insecure: true, access_key: 'key', secret_key: 'secret' }
  const { bucket, registry } = await openText(t, JSON.stringify({ type: 'S3', config }))
  const keys: string[] = []
  for await (const { key } of bucket.list('')) keys.push(key)
  t.same(keys, ['key-1', 'key-3'])
  const text = await registry.metrics()
  t.match(text, 'conprof_bucket_requests_total{operation="list"} 3')
  t.match(text, 'conprof_bucket_operations_total{operation="list"} 1')
})

t.test('openBucketFiles() tells several buckets apart', async (t) => {
  const configs = {
    'eu.yaml':
      'type: S3\nconfig: {bucket: profiles, endpoint: "eu.example:9000", insecure: true}\nprefix: prod',
    'us.yaml':
      'type: S3\nconfig: {bucket: profiles, endpoint: "us.example:9000", insecure: true}\nprefix: prod',
    'folder.yaml': 'type: FILESYSTEM\nconfig: {directory: here}',
    'again.yaml': 'type: FILESYSTEM\nconfig: {directory: ./x/../here}',
    'below.yaml': 'type: FILESYSTEM\nconfig: {directory: here}\nprefix: prod',
  }
  const folder = t.testdir(configs)
  const registry = new Registry()
  const open = (...names: (keyof typeof configs)[]) =>
    openBucketFiles(
      names.map((name) => join(folder, name)),
      { log: silentLogger(), registry },
    )
  const buckets = await open('eu.yaml', 'us.yaml', 'folder.yaml', 'below.yaml')
  t.teardown(() => Promise.all(buckets.map((bucket) => bucket.close())))
  t.strictSame(
    buckets.map(({ name }) => name),
    [
      's3://profiles/prod at eu.example:9000',
      's3://profiles/prod at us.example:9000',
      `the folder "${join(folder, 'here')}"`,
      `the folder "${join(folder, 'here')}" below "prod"`,
    ],
  )
  await buckets[2]!.put('a', Buffer.from('1'))
  const text = await registry.metrics()
  t.match(
    text,
    'conprof_bucket_operations_total{operation="list",bucket="s3://profiles/prod at eu.example:9000"} 0',
  )
  t.match(text, /operations_total\{operation="put",bucket="the folder .*here\\""\} 1/)
  const same = `it names the folder "${join(folder, 'here')}", as "${join(folder, 'folder.yaml')}" does`
  await t.rejects(open('eu.yaml', 'folder.yaml', 'again.yaml'), {
    message: `read bucket config "${join(folder, 'again.yaml')}": ${same}`,
  })
})

t.test('openBucketFiles() leaves a bucket that is the only one its name', async (t) => {
  const folder = t.testdir({ 'c.yaml': 'type: FILESYSTEM\nconfig: {directory: here}' })
  const registry = new Registry()
  const [bucket] = await openBucketFiles([join(folder, 'c.yaml')], { log: silentLogger(), registry })
  t.teardown(() => bucket!.close())
  t.equal(bucket!.name, join(folder, 'here'))
  t.ok((await registry.metrics()).includes('conprof_bucket_operations_total{operation="put"} 0'))
})

function metricsOf(registry: Registry) {
  return new BucketMetrics(registry).of(undefined)
}

async function openText(t: Test, text: string, fileName = 'objstore.yaml') {
  const registry = new Registry()
  const bucket = await openBucket(parseObjstoreConfig(text, fileName), { log: silentLogger(), registry })
  t.teardown(() => bucket.close())
  return { bucket, registry }
}
