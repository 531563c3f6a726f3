import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../lib/log.ts'
import { until } from '../test/support/until.ts'
import { startVersitygw } from '../test/support/versitygw.ts'
import { acceptBucket } from './acceptance.ts'
import { FollowedBucket } from './followed-bucket.ts'
import { MemoryBucket } from './memory-bucket.ts'
import { openBucketFile } from './open-bucket.ts'

t.test('FollowedBucket is a bucket', async (t) => {
  await acceptBucket(t, () => {
    const access = { fingerprint: 'same', open: async () => new MemoryBucket() }
    return FollowedBucket.open({ read: async () => access, log: silentLogger(), maxAgeMs: 0 })
  })
})

t.test('keys that were rotated are used without a restart, in a process that had the old ones', async (t) => {
  const server = await startVersitygw(t)
  const name = await server.createBucket()
  const text = (more: object = {}) => {
    const { endpoint, accessKey: access_key, secretKey: secret_key } = server
    const config = { bucket: name, endpoint, insecure: true, access_key, secret_key, ...more }
    return JSON.stringify({ type: 'S3', config, prefix: 'prod' })
  }
  const { bucket, said, write, file } = await openText(t, text())
  const put = (key: string) => bucket.put(key, Buffer.from('1'))
  await put('a')
  await server.useKeys({ accessKey: 'next-access-key', secretKey: 'next-secret-key' })
  await t.rejects(put('b'), { code: 'FORBIDDEN' })
  await write(text())
  await until('the new keys to be used', () => put('b').then(() => true))
  t.same(said.splice(0), ['bucket config changed: it is used from now on'])

  await write('type: S3\nconfig: {bucket: a, acces_key: b}\n')
  await until('a warning', () => put('c').then(() => said.length > 0))
  t.match(said.splice(0), [/^.+\.yaml:2:21: config\.acces_key: unknown key.+goes on$/])

  await write(text({ bucket: 'another' }))
  await until('a warning', () => put('d').then(() => said.length > 0))
  t.same(said.splice(0), [
    `read bucket config "${file}" again: it names s3://another/prod at ${server.endpoint}, ` +
      `want s3://${name}/prod at ${server.endpoint} until the next start; the bucket config read before goes on`,
  ])
  await write('type: FILESYSTEM\nconfig: {directory: b}\n')
  await until('a warning', () => put('e').then(() => said.length > 0))
  t.match(said, [/again: it names the folder ".+\/b", want s3:/])
  t.equal((await bucket.stat('d')).sizeBytes, 1, 'it is the same bucket all the time')
})

t.test('certificates that were replaced are used', async (t) => {
  const folder = t.testdir({})
  const [ours, theirs] = await Promise.all(
    ['ours', 'theirs'].map((name) => makeCertificate(join(folder, name))),
  )
  const server = await startVersitygw(t, { tls: theirs! })
  const { accessKey: access_key, secretKey: secret_key, endpoint } = server
  const ca_file = join(folder, 'ca.pem')
  await copyFile(ours!.certFile, ca_file)
  const { bucket, said } = await openText(
    t,
    JSON.stringify({
      type: 'S3',
      config: {
        ...{ bucket: await server.createBucket(), endpoint, access_key, secret_key, max_retries: 0 },
        http_config: { tls_config: { ca_file: 'ca.pem' } },
      },
    }),
    folder,
  )
  await t.rejects(bucket.put('a', Buffer.from('1')), { code: 'UNAVAILABLE', message: /certificate/ })
  await rename(theirs!.certFile, ca_file)
  await until('the new authority to be trusted', () => bucket.put('a', Buffer.from('1')).then(() => true))
  t.same(said, ['bucket config changed: it is used from now on'])
})

t.test('what began with the old keys ends with them', async (t) => {
  const held: ServerResponse[] = []
  const shown: (string | undefined)[] = []
  let isHolding = true
  const server = createServer((request, response) => {
    shown.push(/Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1])
    if (isHolding) held.push(response)
    else response.end('1')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const text = (access_key: string) =>
    JSON.stringify({
      type: 'S3',
      config: { bucket: 'profiles', endpoint, insecure: true, access_key, secret_key: 'secret' },
    })
  const { bucket, said, write } = await openText(t, text('old'))
  const first = bucket.getRange('a', 0, 1)
  await until('the first request', () => held.length === 1)
  isHolding = false
  await write(text('new'))
  await until('the change to be seen', () => bucket.getRange('a', 0, 1).then(() => said.length > 0))
  t.equal(shown.at(-1), 'new')
  held[0]!.end('1')
  t.same(Buffer.from(await first).toString(), '1')
  t.equal(shown[0], 'old')
})

t.test('what is wrong is said once, and again once it was right in between', async (t) => {
  const { log, said } = listen()
  let problem: string | undefined
  let opened = 0
  const access = {
    fingerprint: 'same',
    open: async () => {
      opened++
      return new MemoryBucket()
    },
  }
  const read = async () => {
    if (problem !== undefined) throw new Error(problem)
    return access
  }
  const bucket = await FollowedBucket.open({ read, log, maxAgeMs: 0 })
  for (const next of [
    undefined,
    'read x: ENOENT',
    'read x: ENOENT',
    'read x: EACCES',
    undefined,
    'read x: EACCES',
  ]) {
    problem = next
    await bucket.put('a', Buffer.from('1'))
  }
  const want = ['ENOENT', 'EACCES', 'EACCES'].map(
    (code) => `read x: ${code}; the bucket config read before goes on`,
  )
  t.same(said, want)
  t.equal(opened, 1)
})

function listen() {
  const said: string[] = []
  const log = pino({ base: null }, { write: (line: string) => void said.push(JSON.parse(line).msg) })
  return { log, said }
}

/** A bucket by a file in `folder`, and what the log says. */
async function openText(t: Test, text: string, folder = t.testdir({})) {
  const file = join(folder, 'objstore.yaml')
  // As a kubelet changes what it mounts: whole, or not at all.
  const write = async (text: string) => {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }
  await write(text)
  const { log, said } = listen()
  const bucket = await openBucketFile(file, { log, registry: new Registry() })
  t.teardown(() => bucket.close())
  return { bucket, said, write, file }
}

async function makeCertificate(path: string) {
  const [certFile, keyFile] = [`${path}-cert.pem`, `${path}-key.pem`]
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=conprof test', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', keyFile, '-out', certFile],
  ])
  return { certFile, keyFile }
}
