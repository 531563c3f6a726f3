import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { BucketOptions } from '../bucket/bucket.ts'
import { BucketError } from '../bucket/errors.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { BucketView } from './bucket-view.ts'

const key = '2026-01-10/1768003200000-1768003201000-1-0000000000000001.block'

/** A bucket that answers nothing for so long, and then that it is away. */
class Away extends MemoryBucket {
  awayMs = 0
  asked = 0

  override async getRange(name: string, offset: number, length: number, options: BucketOptions = {}) {
    this.asked++
    if (this.awayMs === 0) return super.getRange(name, offset, length, options)
    await sleep(this.awayMs, undefined, options)
    const about = { operation: 'get', bucketName: this.name, key: name } as const
    throw new BucketError('UNAVAILABLE', about, { seen: 'connect ETIMEDOUT' })
  }
}

t.test('BucketView waits for a bucket that is away once, not for each block', async (t) => {
  const bucket = new Away()
  await bucket.put(`blocks/${key}`, Buffer.from('its bytes'))
  const view = new BucketView({ bucket, prefix: '', isOnly: true, onFetched: () => {} })
  bucket.awayMs = 1500
  const failing = { code: 'UNAVAILABLE', message: /^get "blocks\/.*: connect ETIMEDOUT$/ }
  const read = (offset: number) => view.copy(key, 9).read(offset, 1)
  const startMs = performance.now()
  await t.rejects(read(0), failing)
  t.ok(performance.now() - startMs > 1400)
  bucket.awayMs = 60_000
  await Promise.all([1, 2, 3].map((offset) => t.rejects(read(offset), failing, 'with the first reason')))
  t.ok(performance.now() - startMs < 30_000, 'half of what one would wait')
  bucket.awayMs = 0
  t.equal(Buffer.from(await read(0)).toString(), 'i')
  bucket.awayMs = 1200
  const againMs = performance.now()
  await t.rejects(read(0), failing)
  t.ok(performance.now() - againMs > 1100, 'all patience is back')
})

t.test('BucketView takes what is missing, or a client that goes away, for no outage', async (t) => {
  const bucket = new Away()
  const view = new BucketView({ bucket, prefix: '', isOnly: true, onFetched: () => {} })
  await t.rejects(view.copy(key, 9).read(0, 1), { code: 'NOT_FOUND' })
  bucket.awayMs = 60_000
  const leaving = new AbortController()
  const left = view.copy(key, 9).read(0, 1, { signal: leaving.signal })
  leaving.abort(new Error('the client went away'))
  await t.rejects(left, { name: 'AbortError' })
  bucket.awayMs = 1200
  const startMs = performance.now()
  await t.rejects(view.copy(key, 9).read(0, 1), { code: 'UNAVAILABLE' })
  t.ok(performance.now() - startMs > 1100)
})
