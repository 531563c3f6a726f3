import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { ScrapeConfigSpec } from '../config/scrape-config-resource.ts'
import { readSavedConfig, writeSavedConfig } from './saved-config.ts'

const owner = { namespace: 'conprof', release: 'conprof', shard: 2 }
const spec: ScrapeConfigSpec = {
  shard: 2,
  epoch: 1,
  job: {
    owner: 'annotations',
    jobName: 'shop',
    scheme: 'http',
    pathPrefix: '',
    interval: '60s',
    timeout: '10s',
    profiles: [{ type: 'heap', path: '/debug/pprof/heap', keepEmpty: true }],
  },
  groups: [{ labels: {}, targets: [{ uid: 'u', address: '10.0.0.1:6060', labels: {} }] }],
}
const config = { specs: new Map([['a', spec]]), credentials: new Map([['key', 's3cret']]) }

t.test('what is saved is read again, by us alone', async (t) => {
  const directory = join(t.testdir(), 'data', 'config')
  t.equal(await readSavedConfig(directory, owner), undefined)
  await writeSavedConfig(directory, owner, config)
  t.strictSame(await readSavedConfig(directory, owner), config)
  const path = join(directory, 'kubernetes.json')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(statSync(directory).mode & 0o777, 0o700)
  // As a crash may leave it.
  writeFileSync(`${path}.tmp`, 'half', { mode: 0o644 })
  await writeSavedConfig(directory, owner, { ...config, specs: new Map() })
  t.equal((await readSavedConfig(directory, owner))!.specs.size, 0)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(readdirSync(directory), ['kubernetes.json'])
})

t.test('a damaged or foreign config is one line without secrets', async (t) => {
  const directory = join(t.testdir(), 'config')
  const path = join(directory, 'kubernetes.json')
  await writeSavedConfig(directory, owner, config)
  for (const [other, message] of [
    [{ ...owner, shard: 3 }, 'shard is 2, want 3'],
    [{ ...owner, release: 'b' }, 'release is "conprof", want "b"'],
  ] as const) {
    await t.rejects(readSavedConfig(directory, other), { message: `read saved config "${path}": ${message}` })
  }
  const whole = readFileSync(path, 'utf8')
  const damaged = [
    ['', 'damaged'],
    [whole.slice(0, -5), 'damaged'],
    [whole.replace('"version":1', '"version":2'), 'another version'],
    [whole.replace('"60s"', '"often"'), 'a: job.interval: '],
  ]
  for (const [text, message] of damaged) {
    writeFileSync(path, text!)
    await t.rejects(readSavedConfig(directory, owner), { message: new RegExp(message!) }, text!)
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 32, max: 126 }), async (at, code) => {
      writeFileSync(path, whole.slice(0, at) + String.fromCharCode(code) + whole.slice(at + 1))
      try {
        await readSavedConfig(directory, owner)
      } catch (error) {
        const { message } = error as Error
        if (!message.startsWith('read saved config') || /s3cret|\n/.test(message)) throw error
      }
    }),
    { numRuns: 300 },
  )
})

t.test('a folder that cannot be written is an error', async (t) => {
  const file = join(t.testdir({ file: '' }), 'file')
  await t.rejects(writeSavedConfig(join(file, 'config'), owner, config), { code: 'ENOTDIR' })
})
