import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)

// A disk of its own needs a mount, and a mount a namespace: a child that can do nothing to this machine.
const tests = `
  import { execFileSync } from 'node:child_process'
  import { randomBytes } from 'node:crypto'
  import { Writable } from 'node:stream'
  import { createRequire } from 'node:module'
  const require = createRequire(${JSON.stringify(import.meta.url)})
  const { Registry } = require('prom-client')
  const { pino } = require('pino')
  import { PageCache } from ${JSON.stringify(new URL('./page-cache.ts', import.meta.url).href)}
  const root = process.env.DISK
  const lines = []
  const log = pino({ level: 'info' }, new Writable({
    write(chunk, _, done) { lines.push(JSON.parse(chunk).msg.replaceAll(root, 'DISK')); done() },
  }))
  const objects = Array.from({ length: 10 }, () => randomBytes(100_000))
  let fetched = 0
  const inner = (i) => ({
    name: 'object',
    sizeBytes: 100_000,
    read: async (offset, length) => { fetched += length; return Uint8Array.from(objects[i].subarray(offset, offset + length)) },
  })
  const said = []
  const readAll = async (what, path = root) => {
    const registry = new Registry()
    const cache = await PageCache.open({ path, maxBytes: 1e9, log, registry })
    const shared = async () => {
      const { values } = await registry.getSingleMetric('conprof_query_cache_asked_bytes_total').get()
      return values.find(({ labels }) => labels.result === 'shared').value
    }
    for (let round = 0; round < 2; round++) {
      fetched = 0
      for (const [i, bytes] of objects.entries()) {
        const source = cache.source(inner(i), { bucket: 'b', key: '2026-01-10/' + i + '.block' })
        source.opened()
        if (Buffer.compare(await source.read(10, 99_000), bytes.subarray(10, 99_010)) !== 0) throw new Error('wrong bytes')
        // It is stored behind the reader's back, and shared with others until that has ended, well or not.
        const before = fetched
        for (let was = -1; was < (await shared()); ) {
          was = await shared()
          await new Promise(setImmediate)
          await source.read(10, 1)
        }
        fetched = before
      }
      said.push([what, fetched > 0 && fetched < 1_000_000 ? 'some' : fetched === 0 ? 'none' : 'all', lines.splice(0)])
    }
    await cache.close()
  }
  await readAll('full')
  execFileSync('mount', ['-o', 'remount,ro', root])
  await readAll('read-only')
  await readAll('no folder', root + '/new')
  execFileSync('mount', ['-o', 'remount,rw,size=4m', root])
  await readAll('room')
  console.log(JSON.stringify(said))
`

const isolated = ['--user', '--map-root-user', '--mount']
const canMount = await run('unshare', [...isolated, 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).then(
  () => true,
  () => false,
)
const skip = canMount ? false : 'nobody may mount in a namespace here'

t.test('PageCache on a full and on a read-only disk', { skip }, async (t) => {
  const folder = t.testdir({ disk: {} })
  const script = 'mount -t tmpfs -o size=512k tmpfs "$DISK" && exec "$NODE" --input-type=module -e "$TESTS"'
  const { stdout } = await run('unshare', [...isolated, 'sh', '-c', script], {
    env: { ...process.env, DISK: `${folder}/disk`, NODE: process.execPath, TESTS: tests },
  })
  const warning = (code: string) =>
    `store in the cache: ${code}; queries go on without storing there, next try in 5m`
  t.strictSame(JSON.parse(stdout), [
    ['full', 'all', [warning('ENOSPC')]],
    ['full', 'some', []],
    ['read-only', 'some', [warning('EROFS')]],
    ['read-only', 'some', []],
    ['no folder', 'all', [warning('EROFS')]],
    ['no folder', 'all', []],
    ['room', 'some', []],
    ['room', 'none', []],
  ])
})
