import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { FolderBucket } from '../bucket/folder-bucket.ts'
import { profileId, sortLabels } from '../profile/labels.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const corpus = join(root, 'test/testdata/corpus/etcd/heap')
const labels = sortLabels([
  ['job', 'etcd'],
  ['service_name', 'etcd'],
  ['profile_type', 'heap'],
])
const files = readdirSync(corpus).slice(0, 5)
const timeOf = (file: string) => Number(file.split('.')[0])

const storage = t.testdir({})
const bucket = await FolderBucket.open(join(storage, 'bucket'))
const builder = createBlockBuilder()
for (const [index, file] of files.entries()) {
  const body = readFileSync(join(corpus, file))
  const attempt = {
    labels,
    timeMs: timeOf(file),
    durationMs: 4,
    health: 'ok',
    httpStatus: 200,
    body,
  } as const
  builder.append(attempt, { writer: 'a', seq: index + 1 })
}
const failed = {
  labels,
  timeMs: timeOf(files[4]!) + 9,
  durationMs: 1,
  health: 'refused',
  httpStatus: 0,
} as const
builder.append(failed, { writer: 'a', seq: 6 })
const encoded = builder.encode()!
await bucket.put(`blocks/${encoded.key}`, encoded.bytes)

function conprof(...parameters: string[]) {
  return new Promise<{ code: number; stdout: Buffer; stderr: string }>((resolve) => {
    const [first, second, ...rest] = parameters
    const all = [join(root, 'bin/conprof.js'), first!, second!, `--storage.path=${storage}`, ...rest]
    execFile(process.execPath, all, { encoding: 'buffer' }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr: String(stderr) }),
    )
  })
}

t.test('conprof block ls and inspect show what there is', async (t) => {
  const listed = await conprof('block', 'ls')
  t.equal(listed.stderr, '')
  t.match(String(listed.stdout), /1 block, /)
  const key = /^(\S+\.block)/m.exec(String(listed.stdout))?.[1] ?? ''
  const inspected = String((await conprof('block', 'inspect', key)).stdout)
  t.match(inspected, /5 profiles, 6 attempts, 1 series/)
  t.match(inspected, /covers +a 1-6/)
  t.match(inspected, /symbols/)
  t.match(inspected, /{job="etcd", profile_type="heap", service_name="etcd"}/)
})

t.test('conprof block cat gives the scraped bytes', async (t) => {
  const file = files[2]!
  const { stdout } = await conprof('block', 'cat', '.block', profileId(timeOf(file), labels))
  t.equal(gunzipSync(stdout).compare(gunzipSync(readFileSync(join(corpus, file)))), 0)
  const many = await conprof('block', 'cat', '.block', '{profile_type="heap"}')
  t.equal(many.code, 1)
  t.match(many.stderr, /5 found, want 1/)
})

t.test('conprof block verify finds damage', async (t) => {
  const whole = await conprof('block', 'verify')
  t.equal(whole.code, 0)
  t.match(String(whole.stdout), /ok, 5 profiles, 6 attempts/)
  for await (const { key, sizeBytes } of bucket.list('blocks/')) {
    const path = join(storage, 'bucket', key)
    const bytes = readFileSync(path)
    bytes[Math.floor(sizeBytes / 3)]! ^= 1
    writeFileSync(path, bytes)
    const flipped = await conprof('block', 'verify')
    t.equal(flipped.code, 1)
    t.match(flipped.stderr, /checksum|crc/i)
    truncateSync(path, sizeBytes - 1)
    const torn = await conprof('block', 'verify', path)
    t.equal(torn.code, 1)
    t.match(torn.stderr, /footer/)
  }
})

t.test('what is not there is one line', async (t) => {
  const { code, stderr } = await conprof('block', 'inspect', 'nothing')
  t.equal(code, 1)
  t.match(stderr, /^conprof: find block "nothing" in .*: 0 blocks end so, want 1\n$/)
})
