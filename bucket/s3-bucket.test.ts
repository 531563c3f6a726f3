import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { truncate, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { startPickyProxy } from '../test/support/picky-proxy.ts'
import { startVersitygw, type Versitygw } from '../test/support/versitygw.ts'
import { acceptBucket } from './acceptance.ts'
import type { Bucket } from './bucket.ts'
import { parseObjstoreConfig } from './objstore-config.ts'
import { S3Bucket } from './s3-bucket.ts'

t.test('S3Bucket', async (t) => {
  const server = await startVersitygw(t)

  await t.test('on a real server', async (t) => {
    await acceptBucket(t, async (t) =>
      openS3(t, { ...settingsOf(server), bucket: await server.createBucket() }),
    )
  })

  await t.test('through a proxy that refuses what not every store knows', async (t) => {
    const proxy = await startPickyProxy(t, server.endpoint)
    await acceptBucket(t, async (t) =>
      openS3(t, {
        ...settingsOf(server),
        endpoint: proxy.endpoint,
        bucket: await server.createBucket(),
      }),
    )
    t.same(proxy.refused, [])
    t.ok(proxy.passed.some(({ method }) => method === 'PUT'))
    for (const { method, headers } of proxy.passed) {
      // A signature over the body, or the store could not tell that it was broken on the way.
      if (method === 'PUT') t.match(headers['x-amz-content-sha256'], /^[0-9a-f]{64}$/)
    }
  })

  await t.test('says which encryption it wants', async (t) => {
    const seen: Record<string, unknown>[] = []
    const endpoint = await serve(t, (request, response) => {
      seen.push(request.headers)
      request.resume().on('end', () => response.end())
    })
    const settings = { ...settingsOf(server), endpoint, bucket: 'profiles' }
    const plain = await openS3(t, settings)
    await plain.put('a', Buffer.from('1'))
    const sse = await openS3(t, { ...settings, sse_config: { type: 'SSE-S3' } })
    await sse.put('a', Buffer.from('1'))
    const kms = await openS3(t, {
      ...settings,
      sse_config: { type: 'SSE-KMS', kms_key_id: 'key-1', kms_encryption_context: { team: 'a' } },
    })
    await kms.put('a', Buffer.from('1'))
    t.equal(seen[0]?.['x-amz-server-side-encryption'], undefined)
    t.equal(seen[1]?.['x-amz-server-side-encryption'], 'AES256')
    t.match(seen[2], {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
      'x-amz-server-side-encryption-context': Buffer.from('{"team":"a"}').toString('base64'),
    })
  })

  await t.test('a wrong key and a missing bucket', async (t) => {
    const bucket = await server.createBucket()
    const stranger = await openS3(t, { ...settingsOf(server), bucket, secret_key: 'wrong' })
    await t.rejects(stranger.put('a', Buffer.from('1')), {
      code: 'FORBIDDEN',
      message: /^put "a" into bucket s3:\/\/bucket-\d+: the store answered 403 SignatureDoesNotMatch/,
    })
    await t.rejects(stranger.getRange('a', 0, 1), { code: 'FORBIDDEN' })
    await t.rejects(stranger.stat('a'), { code: 'FORBIDDEN', message: /answered 403$/ })
    await t.rejects(listAll(stranger), { code: 'FORBIDDEN' })
    await t.rejects(stranger.delete('a'), { code: 'FORBIDDEN' })
    const nowhere = await openS3(t, { ...settingsOf(server), bucket: 'no-such-bucket' })
    await t.rejects(nowhere.put('a', Buffer.from('1')), { code: 'NO_BUCKET' })
    await t.rejects(listAll(nowhere), { code: 'NO_BUCKET' })
  })

  await t.test('refuses a large file before it is all there', async (t) => {
    const bucket = await server.createBucket()
    const stranger = await openS3(t, { ...settingsOf(server), bucket, secret_key: 'wrong' })
    const path = join(t.testdir({ file: '' }), 'file')
    await truncate(path, 20 * 1024 * 1024)
    await t.rejects(stranger.putFile('a', path), { code: 'FORBIDDEN' })
  })

  await t.test('without keys the provider chain is asked', async (t) => {
    const settings = { endpoint: server.endpoint, insecure: true, bucket: await server.createBucket() }
    const environment = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    }
    t.intercept(process, 'env', { value: { ...process.env, ...environment } })
    const without = await openS3(t, settings)
    await t.rejects(without.put('a', Buffer.from('1')), { code: 'FORBIDDEN', message: /: no credentials: / })
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: server.accessKey,
      AWS_SECRET_ACCESS_KEY: server.secretKey,
    })
    const withKeys = await openS3(t, settings)
    await withKeys.put('a', Buffer.from('1'))
    t.same(await listAll(withKeys), ['a'])
  })
})

t.test('a store that is away', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const closed = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  const bucket = await openS3(t, {
    ...keys,
    bucket: 'profiles',
    endpoint: `127.0.0.1:${closed.port}`,
    insecure: true,
    max_retries: 1,
  })
  const unavailable = {
    code: 'UNAVAILABLE',
    message: `put "a" into bucket s3://profiles: connect ECONNREFUSED 127.0.0.1:${closed.port}`,
  }
  await t.rejects(bucket.put('a', Buffer.from('1')), unavailable)
  const said = t.capture(console, 'warn')
  const path = join(t.testdir({ file: 'body' }), 'file')
  await t.rejects(bucket.putFile('a', path), unavailable)
  await t.rejects(listAll(bucket), { code: 'UNAVAILABLE' })
  t.strictSame(said.args(), [], 'nothing beside the log')
})

t.test('a store that falters is asked again', async (t) => {
  const bodies: string[] = []
  const endpoint = await serve(t, (request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      bodies.push(`${request.method} ${body}`)
      if (bodies.length % 2 === 1) response.statusCode = 503
      else if (request.method === 'GET') {
        response.writeHead(206, { 'content-range': 'bytes 0-3/4' })
        response.write('body')
      }
      response.end()
    })
  })
  const bucket = await openS3(t, { ...keys, bucket: 'profiles', endpoint, insecure: true })
  const path = join(t.testdir({ file: 'body' }), 'file')
  await bucket.putFile('a', path)
  await bucket.put('a', Buffer.from('body'))
  t.equal(Buffer.from(await bucket.getRange('a', 0, 4)).toString(), 'body')
  t.same(bodies, ['PUT body', 'PUT body', 'PUT body', 'PUT body', 'GET ', 'GET '])
})

t.test('an answer that stops half way is asked for again', async (t) => {
  let requests = 0
  const endpoint = await serve(t, (_request, response) => {
    requests++
    response.writeHead(206, { 'content-range': 'bytes 0-7/8', 'content-length': 8 })
    if (requests > 1) return void response.end('complete')
    response.write('comp', () => response.destroy())
  })
  const bucket = await openS3(t, { ...keys, bucket: 'profiles', endpoint, insecure: true })
  t.equal(Buffer.from(await bucket.getRange('a', 0, 8)).toString(), 'complete')
  t.equal(requests, 2)
})

t.test('a store that never answers', async (t) => {
  const endpoint = await serve(t, () => {})
  const bucket = await openS3(t, {
    ...keys,
    ...{ bucket: 'profiles', endpoint, insecure: true, max_retries: 0 },
    http_config: { response_header_timeout: '200ms' },
  })
  await t.rejects(bucket.stat('a'), { code: 'UNAVAILABLE' })
  const controller = new AbortController()
  const waiting = (await openS3(t, { ...keys, bucket: 'profiles', endpoint, insecure: true })).stat('a', {
    signal: controller.signal,
  })
  const reason = new Error('enough')
  controller.abort(reason)
  await t.rejects(waiting, reason)
})

t.test('a store that knows no ranges', async (t) => {
  const endpoint = await serve(t, (_request, response) => response.end('0123456789'))
  const bucket = await openS3(t, { ...keys, bucket: 'profiles', endpoint, insecure: true })
  t.equal(Buffer.from(await bucket.getRange('a', 3, 4)).toString(), '3456')
})

t.test('a file too large for one request', async (t) => {
  const bucket = await openS3(t, { ...keys, bucket: 'profiles', endpoint: '127.0.0.1:1', insecure: true })
  const path = join(t.testdir({ file: '' }), 'file')
  await truncate(path, 5 * 1024 ** 3 + 1)
  await t.rejects(bucket.putFile('a', path), { code: 'REJECTED', message: /want at most 5368709120/ })
})

t.test('TLS', async (t) => {
  const folder = t.testdir({})
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=conprof test', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', keyFile, '-out', certFile],
  ])
  const server = await startVersitygw(t, { tls: { certFile, keyFile } })
  const settings = {
    ...settingsOf(server),
    insecure: false,
    max_retries: 0,
    bucket: await server.createBucket(),
  }

  await t.test('is refused from an unknown authority', async (t) => {
    const bucket = await openS3(t, settings)
    await t.rejects(bucket.put('a', Buffer.from('1')), { code: 'UNAVAILABLE', message: /certificate/ })
  })

  await t.test('with its authority in ca_file', async (t) => {
    const bucket = await openS3(t, { ...settings, http_config: { tls_config: { ca_file: certFile } } })
    await bucket.put('a', Buffer.from('1'))
    await writeFile(join(folder, 'body'), 'body')
    await bucket.putFile('b', join(folder, 'body'))
    t.same(await listAll(bucket), ['a', 'b'])
  })

  await t.test('with insecure_skip_verify', async (t) => {
    const bucket = await openS3(t, { ...settings, http_config: { insecure_skip_verify: true } })
    t.equal((await bucket.stat('a')).sizeBytes, 1)
  })

  await t.test('with a ca_file that is not there', async (t) => {
    const ca_file = join(folder, 'none.pem')
    await t.rejects(openS3(t, { ...settings, http_config: { tls_config: { ca_file } } }), {
      message: `read ca_file "${ca_file}": ENOENT`,
    })
  })
})

const keys = { access_key: 'key', secret_key: 'secret' }

function settingsOf(server: Versitygw) {
  return {
    ...{ endpoint: server.endpoint, insecure: true },
    ...{ access_key: server.accessKey, secret_key: server.secretKey },
  }
}

async function openS3(t: Test, config: object): Promise<S3Bucket> {
  const parsed = parseObjstoreConfig(JSON.stringify({ type: 'S3', config }), 'objstore.yaml')
  if (parsed.type !== 'S3') throw new Error('not S3')
  const bucket = await S3Bucket.open(parsed.s3)
  t.teardown(() => bucket.close())
  return bucket
}

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

async function listAll(bucket: Bucket): Promise<string[]> {
  const keys = []
  for await (const { key } of bucket.list('')) keys.push(key)
  return keys
}
