import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ObjstoreConfigError, parseObjstoreConfig } from './objstore-config.ts'

t.test('parseObjstoreConfig() reads the examples', async (t) => {
  const read = async (name: string) => {
    const path = join(import.meta.dirname, '..', 'examples', name)
    return parseObjstoreConfig(await readFile(path, 'utf8'), path)
  }
  t.match(await read('objstore-s3.yaml'), {
    type: 'S3',
    prefix: 'clusters/prod',
    s3: {
      bucket: 'profiles',
      endpoint: 's3.example.com',
      pathStyle: true,
      insecure: false,
      responseHeaderTimeoutMs: 120_000,
      sse: { type: 'SSE-S3' },
      keys: undefined,
    },
  })
  t.same(await read('objstore-filesystem.yaml'), {
    type: 'FILESYSTEM',
    prefix: '',
    directory: join(import.meta.dirname, '..', 'data', 'bucket'),
  })
})

t.test('parseObjstoreConfig() reads the examples of the docs', async (t) => {
  const page = await readFile(join(import.meta.dirname, '..', 'docs', 'buckets.md'), 'utf8')
  const texts = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '')
  t.ok(texts.length >= 3)
  for (const text of texts) t.doesNotThrow(() => parseObjstoreConfig(text, 'buckets.md'))
})

t.test('parseObjstoreConfig() decides where the bucket is in the URL', async (t) => {
  const pathStyle = (config: string) => {
    const parsed = parseObjstoreConfig(`type: S3\nconfig: {bucket: b, ${config}}`, 'f.yaml')
    return parsed.type === 'S3' && parsed.s3.pathStyle
  }
  t.equal(pathStyle('region: eu-west-1'), false)
  t.equal(pathStyle('endpoint: s3.eu-west-1.amazonaws.com'), false)
  t.equal(pathStyle('endpoint: "127.0.0.1:9000"'), true)
  t.equal(pathStyle('endpoint: amazonaws.com.example.com'), true)
  t.equal(pathStyle('endpoint: s3.example.com, bucket_lookup_type: virtual-hosted'), false)
  t.equal(pathStyle('endpoint: s3.eu-west-1.amazonaws.com, bucket_lookup_type: path'), true)
})

t.test('parseObjstoreConfig() says what is wrong, and where', async (t) => {
  const cases: [name: string, text: string, messages: string[]][] = [
    [
      'an unknown key',
      'type: S3\nconfig:\n  bucket: b\n  buckett: b\n',
      ['f.yaml:4:3: config.buckett: unknown key'],
    ],
    ['an unknown key on top', 'type: S3\nconfig: {bucket: b}\nx: 1\n', ['f.yaml:3:1: x: unknown key']],
    ['another type', 'type: GCS\nconfig: {}\n', ['f.yaml:1:7: type: want S3 or FILESYSTEM']],
    ['a missing bucket', 'type: S3\nconfig: {}\n', ['f.yaml:2:9: config.bucket: missing: want a text']],
    [
      'a scheme',
      'type: S3\nconfig:\n  bucket: b\n  endpoint: http://x\n',
      ['f.yaml:4:13: config.endpoint: want host or host:port, without a scheme or a path'],
    ],
    [
      'half of the keys',
      'type: S3\nconfig:\n  bucket: b\n  access_key: x\n',
      ['f.yaml:4:15: config.access_key: want access_key and secret_key, or neither'],
    ],
    [
      'signature version 2',
      'type: S3\nconfig: {bucket: b, signature_version2: true}\n',
      ['f.yaml:2:41: config.signature_version2: want false: only signature version 4 is spoken'],
    ],
    [
      'two mistakes',
      'type: S3\nconfig: {bucket: b, insecure: 1, http_config: {idle_conn_timeout: soon}}\n',
      [
        'f.yaml:2:31: config.insecure: want true or false',
        'f.yaml:2:67: config.http_config.idle_conn_timeout: duration "soon": ' +
          'want numbers with units from y to ms, such as 1h30m',
      ],
    ],
    [
      'a key of a customer',
      'type: S3\nconfig: {bucket: b, sse_config: {type: SSE-C}}\n',
      ['f.yaml:2:40: config.sse_config.type: want SSE-S3 or SSE-KMS'],
    ],
  ]
  for (const [name, text, messages] of cases) t.equal(messageOf(text), messages.join('\n'), name)
  t.match(messageOf('type: S3\n  config: ['), /^f\.yaml:\d+:\d+: /)
  t.match(messageOf(''), /^f\.yaml:1:1: /)
  t.match(messageOf('type: FILESYSTEM\nconfig: {directory: x}\nprefix: a/../b\n'), /^f\.yaml:3:9: prefix: /)
  t.notMatch(messageOf('type: S3\nconfig: {bucket: b, secret_key: hush-hush}'), 'hush-hush')
})

function messageOf(text: string): string {
  try {
    parseObjstoreConfig(text, 'f.yaml')
    return 'it was read'
  } catch (error) {
    return error instanceof ObjstoreConfigError ? error.message : `want an ObjstoreConfigError, got ${error}`
  }
}
