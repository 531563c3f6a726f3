import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { download } from './download.ts'

const { signal } = new AbortController()

t.test('download() makes a file of any object, in ranges', async (t) => {
  const bucket = new MemoryBucket()
  const folder = t.testdir()
  for (const sizeBytes of [0, 1, 8 * 1024 ** 2, 41 * 1024 ** 2 + 5]) {
    const bytes = randomBytes(sizeBytes)
    const key = `${sizeBytes}`
    await bucket.put(key, bytes)
    const path = join(folder, key)
    await download(bucket, { key, sizeBytes }, { path, signal })
    t.ok(readFileSync(path).equals(bytes), `${sizeBytes} bytes`)
  }
})

t.test('download() says what is missing', async (t) => {
  const bucket = new MemoryBucket()
  const path = join(t.testdir(), 'file')
  await bucket.put('a', new Uint8Array(5))
  await t.rejects(download(bucket, { key: 'a', sizeBytes: 6 }, { path, signal }), {
    message: 'get "a" from 0 on: 5 bytes, want 6',
  })
  await t.rejects(download(bucket, { key: 'b', sizeBytes: 6 }, { path: `${path}-b`, signal }), {
    code: 'NOT_FOUND',
  })
})
