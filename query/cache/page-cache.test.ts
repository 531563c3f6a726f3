import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { ByteSource } from '../../block/block-reader.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { createRandom } from '../../test/support/mutate.ts'
import { until } from '../../test/support/until.ts'
import { bucketSource } from '../bucket-source.ts'
import { PageCache } from './page-cache.ts'
import { pageBytes } from './page-index.ts'

const bucketName = 's3://profiles/prod'
const day = '2026-01-10'

/** Objects of random bytes in a real folder, and every range that was asked of it. */
async function startObjects(t: Test, sizes: readonly number[]) {
  const bucket = await FolderBucket.open(join(t.testdir(), 'bucket'))
  const asked: [key: string, offset: number, length: number][] = []
  const objects = await Promise.all(
    sizes.map(async (sizeBytes, i) => {
      const key = `${day}/object-${i}.block`
      const bytes = randomBytes(sizeBytes)
      await bucket.put(key, bytes)
      const stored = bucketSource(bucket, key, sizeBytes)
      const inner: ByteSource = {
        ...stored,
        read: (offset, length, options) => {
          asked.push([key, offset, length])
          return stored.read(offset, length, options)
        },
      }
      return { key, bytes, inner }
    }),
  )
  return { bucket, asked, objects }
}

async function openCache(t: Test, path: string, options: { readonly maxBytes?: number } = {}) {
  const registry = new Registry()
  const cache = await PageCache.open({ path, maxBytes: 1 << 30, log: silentLogger(), registry, ...options })
  t.teardown(() => cache.close())
  const metric = async (name: string) => {
    const { values } = await registry.getSingleMetric(`conprof_query_cache_${name}`)!.get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }
  const open = ({ inner, key }: { readonly inner: ByteSource; readonly key: string }) =>
    cache.source(inner, { bucket: bucketName, key })
  return { cache, registry, metric, open }
}

const opened = <Source extends { opened(): void }>(source: Source): Source => {
  source.opened()
  return source
}

/** Names of the cache's files. */
async function filesOf(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true }))
    .filter((name) => /\.(index|pages|tail)$/.test(name))
    .sort()
}

/** What all of a folder's files take on disk. */
async function diskBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (info) => (info.isFile() ? info.blocks * 512 : 0),
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

t.test('PageCache gives any range, and asks for no page twice', async (t) => {
  const { objects, asked } = await startObjects(t, [300_000])
  const [object] = objects as [(typeof objects)[0]]
  const { open, metric } = await openCache(t, join(t.testdirName, 'cache'))
  const source = opened(open(object))
  const random = createRandom(1)
  for (let time = 0; time < 300; time++) {
    const offset = Math.floor(random() * 301_000)
    const length = Math.floor(random() ** 3 * 100_000)
    const bytes = await source.read(offset, length)
    if (!object.bytes.subarray(offset, offset + length).equals(bytes)) t.fail(`${length} bytes at ${offset}`)
  }
  const pages = new Map<number, number>()
  for (const [, offset, length] of asked) {
    t.equal(offset % pageBytes, 0)
    for (let page = offset / pageBytes; page * pageBytes < offset + length; page++) {
      pages.set(page, (pages.get(page) ?? 0) + 1)
    }
  }
  // A few that are there are read again with those around them.
  const again = [...pages.values()].filter((times) => times > 1).length
  t.ok(again < pages.size / 4, `${again} of ${pages.size} pages were fetched again`)
  t.equal(await metric('corrupt_pages_total'), 0)
})

t.test('PageCache reads on after a restart without asking', async (t) => {
  const { objects, asked } = await startObjects(t, [100_001, 5, pageBytes, 2 * pageBytes])
  const path = join(t.testdirName, 'cache')
  const first = await openCache(t, path)
  for (const object of objects) {
    const source = first.open(object)
    await source.read(Math.max(0, object.bytes.length - 9000), 9000)
    source.opened()
    await source.read(0, object.bytes.length)
  }
  await first.cache.close()
  const sizeBytes = await first.metric('size_bytes')
  t.ok(sizeBytes > 100_000)
  asked.length = 0
  const second = await openCache(t, path)
  for (const object of objects) {
    const source = opened(second.open(object))
    t.ok(object.bytes.equals(await source.read(0, object.bytes.length)), object.key)
  }
  t.strictSame(asked, [])
  t.equal(await second.metric('size_bytes'), sizeBytes)
})

t.test('PageCache fetches again whatever is broken on disk', async (t) => {
  const { objects } = await startObjects(t, [60_000])
  const [object] = objects as [(typeof objects)[0]]
  const path = join(t.testdirName, 'cache')
  const fill = async () => {
    const { cache, open } = await openCache(t, path)
    const source = open(object)
    await source.read(50_000, 10_000)
    source.opened()
    await source.read(0, 60_000)
    await cache.close()
  }
  const random = createRandom(2)
  let corrupt = 0
  for (let time = 0; time < 150; time++) {
    await fill()
    const file = join(path, (await filesOf(path))[time % 3]!)
    const bytes = await readFile(file)
    const at = Math.floor(random() * bytes.length)
    if (time % 5 === 4) await writeFile(file, bytes.subarray(0, at))
    else {
      bytes[at]! ^= 1 + Math.floor(random() * 255)
      await writeFile(file, bytes)
    }
    const { cache, open, metric } = await openCache(t, path)
    for (let round = 0; round < 2; round++) {
      const read = await opened(open(object)).read(0, 60_000)
      if (!object.bytes.equals(read)) t.fail(`byte ${at} of ${file} was changed`)
    }
    corrupt += await metric('corrupt_pages_total')
    await cache.close()
  }
  t.ok(corrupt > 80, `${corrupt} broken pages were found`)
})

t.test('PageCache fetches once what two want, and stops once neither does', async (t) => {
  const { objects } = await startObjects(t, [200_000])
  const [object] = objects as [(typeof objects)[0]]
  const { open, metric } = await openCache(t, join(t.testdirName, 'cache'))
  const gate = Promise.withResolvers<void>()
  const fetched: AbortSignal[] = []
  const inner: ByteSource = {
    ...object.inner,
    read: async (offset, length, options) => {
      fetched.push(options!.signal!)
      await gate.promise
      return object.inner.read(offset, length, options)
    },
  }
  const [a, b] = [opened(open({ ...object, inner })), opened(open({ ...object, inner }))]
  const leaving = new AbortController()
  const first = a.read(0, 50_000, { signal: leaving.signal })
  await until('the first fetch', () => fetched.length === 1)
  const second = b.read(10_000, 20_000)
  const far = a.read(150_000, 10, { signal: leaving.signal })
  await until('the second fetch', () => fetched.length === 2)
  leaving.abort(new Error('the client went away'))
  await t.rejects(first, { message: 'the client went away' })
  await t.rejects(far, { message: 'the client went away' })
  t.equal(fetched[0]!.aborted, false)
  t.equal(fetched[1]!.aborted, true)
  gate.resolve()
  t.ok(object.bytes.subarray(10_000, 30_000).equals(await second))
  t.ok(
    object.bytes.subarray(150_000, 150_010).equals(await b.read(150_000, 10)),
    'what was stopped begins anew',
  )
  t.equal(fetched.length, 3)
  t.ok((await metric('asked_bytes_total')) > 0)
})

t.test('PageCache says why a read failed, and forgets that it did', async (t) => {
  const { objects, bucket } = await startObjects(t, [20_000])
  const [object] = objects as [(typeof objects)[0]]
  const { open } = await openCache(t, join(t.testdirName, 'cache'))
  const source = opened(open(object))
  await bucket.delete(object.key)
  await t.rejects(source.read(0, 10), { code: 'NOT_FOUND' })
  await bucket.put(object.key, object.bytes.subarray(0, 15_000))
  await t.rejects(source.read(0, 20_000), {
    code: 'BLOCK_CORRUPT',
    message: `read bytes 0 on of block ${object.key}: 15000, want 20000`,
  })
  await bucket.put(object.key, object.bytes)
  t.ok(object.bytes.equals(await source.read(0, 20_000)))
})

t.test('PageCache leaves alone what is too large to be a block', async (t) => {
  const { open, metric } = await openCache(t, join(t.testdir(), 'cache'))
  const inner: ByteSource = {
    name: 'huge',
    sizeBytes: 5e12,
    read: async (offset, length) => Buffer.from(`${length} at ${offset}`),
  }
  const source = open({ inner, key: `${day}/huge.block` })
  t.equal(Buffer.from(await source.read(4e12, 10)).toString(), '10 at 4000000000000')
  t.equal(await metric('size_bytes'), 0)
})

t.test('PageCache stays within its size, and tails stay the longest', async (t) => {
  const { objects, asked } = await startObjects(t, new Array(30).fill(100_000))
  const path = join(t.testdirName, 'cache')
  const maxBytes = 1_000_000
  const { open, metric, cache } = await openCache(t, path, { maxBytes })
  let most = 0
  for (const object of objects) {
    const source = open(object)
    await source.read(90_000, 10_000)
    source.opened()
    // Stored behind the reader's back, where there is room by then.
    await until('all of it to be stored', async () => {
      asked.length = 0
      t.ok(object.bytes.equals(await source.read(0, 100_000)))
      return asked.length === 0
    })
    most = Math.max(most, await diskBytes(path))
  }
  t.ok(most <= maxBytes, `${most} bytes on disk`)
  t.ok((await metric('evicted_bytes_total')) > 1_000_000)
  asked.length = 0
  const readTails = async (sources: typeof open) => {
    for (const object of objects) {
      t.ok(object.bytes.subarray(90_000).equals(await sources(object).read(90_000, 10_000)))
    }
  }
  await readTails(open)
  t.strictSame(asked, [])
  // The last ones are whole, the first ones are not.
  await opened(open(objects.at(-1)!)).read(0, 90_000)
  t.strictSame(asked, [])
  await opened(open(objects[0]!)).read(0, 90_000)
  t.not(asked.length, 0)
  await cache.close()
  asked.length = 0
  // A smaller cache takes what there is, and keeps the tails of it.
  const smaller = await openCache(t, path, { maxBytes: 30 * 22_000 })
  t.ok((await diskBytes(path)) <= 30 * 22_000)
  await readTails(smaller.open)
  t.strictSame(asked, [])
  await smaller.cache.close()
  const smallest = await openCache(t, path, { maxBytes: 50_000 })
  t.ok((await diskBytes(path)) <= 50_000)
  t.ok(
    objects[0]!.bytes.equals(await opened(smallest.open(objects[0]!)).read(0, 100_000)),
    'no room, no matter',
  )
})

t.test('PageCache drops what the bucket no longer has', async (t) => {
  const { objects } = await startObjects(t, [10_000, 10_000])
  const path = join(t.testdirName, 'cache')
  const { cache, open } = await openCache(t, path)
  for (const object of objects) await opened(open(object)).read(0, 10_000)
  // They are written behind the reader's back.
  await until('the files of both', async () => (await filesOf(path)).length === 4)
  await cache.retain('s3://profiles/another', () => false)
  t.equal((await filesOf(path)).length, 4)
  // One that is still in use goes with a later listing.
  await until('the files of one', async () => {
    await cache.retain(bucketName, (key) => key !== objects[0]!.key)
    return (await filesOf(path)).length === 2
  })
  const folder = createHash('sha256').update(bucketName).digest('hex').slice(0, 16)
  t.strictSame(await filesOf(path), [
    `${folder}/${day}/object-1.block.index`,
    `${folder}/${day}/object-1.block.pages`,
  ])
})

t.test('PageCache has one folder of many without minding what else is there', async (t) => {
  const { objects, asked } = await startObjects(t, [10_000])
  const path = join(t.testdirName, 'cache')
  const { cache, open } = await openCache(t, path)
  await opened(open(objects[0]!)).read(0, 10_000)
  await cache.close()
  await writeFile(join(path, 'notes.index'), 'mine')
  const [index] = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('block.index'))
  await writeFile(join(path, index!.replace('object-0', 'object-9').replace('.index', '.pages')), 'orphan')
  asked.length = 0
  const again = await openCache(t, path)
  await opened(again.open(objects[0]!)).read(0, 10_000)
  t.strictSame(asked, [])
  const names = await readdir(path, { recursive: true })
  t.ok(names.includes('notes.index'))
  t.notOk(names.some((name) => name.includes('object-9')))
})
