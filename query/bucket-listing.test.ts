import t from 'tap'
import { tombstoneKey } from '../block/tombstone.ts'
import type { BucketOptions, ObjectInfo } from '../bucket/bucket.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { BucketListing, type BucketListingOptions } from './bucket-listing.ts'

const dayMs = 24 * 3600_000
const first = Date.UTC(2026, 0, 1)

function keyOf(day: number, id = 1): string {
  const minMs = first + day * dayMs
  const name = `${minMs}-${minMs + 1000}-1-${String(id).padStart(16, '0')}`
  return `${new Date(minMs).toISOString().slice(0, 10)}/${name}.block`
}

/** Counts listings; those that begin while `gate` is there wait for it. */
class Listed extends MemoryBucket {
  readonly prefixes: string[] = []
  gate: Promise<void> | undefined
  isAway = false

  override async *list(prefix: string, options?: BucketOptions): AsyncIterable<ObjectInfo> {
    this.prefixes.push(prefix)
    await this.gate
    options?.signal?.throwIfAborted()
    if (this.isAway) throw new Error('bucket is away')
    yield* super.list(prefix, options)
  }
}

/** A bucket with a block a day, and a listing of it on a clock that stands still. */
async function start(options: Partial<BucketListingOptions> & { readonly days?: number } = {}) {
  const { days = 3, prefix = '' } = options
  const bucket = new Listed()
  for (let day = 0; day < days; day++) await bucket.put(`${prefix}blocks/${keyOf(day)}`, Buffer.from('x'))
  const clock = { nowMs: 1_000_000 }
  const listing = new BucketListing({ bucket, prefix, now: () => clock.nowMs, ...options })
  const list = async (from: number, to = from, more: Parameters<BucketListing['list']>[1] = {}) => {
    const range = { startMs: first + from * dayMs, endMs: first + (to + 1) * dayMs - 1 }
    const objects = await listing.list(range, more)
    return objects.map(({ key }) => key.slice(`${prefix}blocks/`.length)).sort()
  }
  return {
    bucket,
    clock,
    list,
    listing,
    put: (key: string) => bucket.put(`${prefix}blocks/${key}`, Buffer.from('x')),
  }
}

t.test('BucketListing lists a day once in a while', async (t) => {
  const { bucket, clock, list, put } = await start()
  t.strictSame(await list(1), [keyOf(0), keyOf(1)], 'and the day before, whose blocks may reach into it')
  t.strictSame(bucket.prefixes.toSorted(), [
    'blocks/2026-01-01/',
    'blocks/2026-01-02/',
    'deleted/2026-01-01/',
    'deleted/2026-01-02/',
  ])
  bucket.prefixes.length = 0
  await put(keyOf(1, 2))
  clock.nowMs += 89_999
  t.strictSame(await list(1), [keyOf(0), keyOf(1)])
  t.strictSame(bucket.prefixes, [])
  clock.nowMs += 2
  t.strictSame(await list(1), [keyOf(0), keyOf(1), keyOf(1, 2)])
  bucket.prefixes.length = 0
  t.strictSame(await list(2), [keyOf(1), keyOf(1, 2), keyOf(2)])
  t.strictSame(bucket.prefixes, ['deleted/2026-01-03/', 'blocks/2026-01-03/'], 'one more day')
})

t.test('BucketListing lists days that go on thrice as often', async (t) => {
  const { bucket, clock, listing } = await start()
  const range = { startMs: Date.now(), endMs: Date.now() }
  await listing.list(range)
  clock.nowMs += 29_999
  bucket.prefixes.length = 0
  await listing.list(range)
  t.strictSame(bucket.prefixes, [])
  clock.nowMs += 2
  await listing.list(range)
  t.ok(bucket.prefixes.includes(`blocks/${new Date().toISOString().slice(0, 10)}/`))
})

t.test('BucketListing lists all where there are many days', async (t) => {
  const { bucket, clock, list, listing, put } = await start({ days: 40, prefix: 'prod/' })
  const days = Array.from({ length: 40 }, (_, day) => keyOf(day))
  t.strictSame(await list(5, 30), days.slice(4, 31))
  t.strictSame(bucket.prefixes, ['prod/deleted/', 'prod/blocks/'])
  await put(keyOf(7, 2))
  t.strictSame(await list(7), days.slice(6, 8), 'it stands for each day')
  t.equal(bucket.prefixes.length, 2)
  t.strictSame(await list(7, 7, { sinceMs: clock.nowMs + 1 }), days.slice(6, 8).concat(keyOf(7, 2)))
  t.strictSame(await list(0, 39), days.concat(keyOf(7, 2)).sort(), 'the newer listing of that day counts')
  t.equal(bucket.prefixes.length, 6)
  clock.nowMs += 100_000
  t.equal((await listing.list({ startMs: 0, endMs: 1e16 })).length, 41, 'all time')
  t.equal(bucket.prefixes.length, 8)
})

t.test('BucketListing hides what is deleted, and tells that it is still there', async (t) => {
  const told: [string | undefined, string[]][] = []
  const { bucket, list } = await start({
    maxAgeMs: 0,
    onListed: (keys, day) => told.push([day, [...keys]]),
  })
  const tombstone = tombstoneKey(keyOf(1))
  await bucket.put(tombstone, Buffer.from('whatever'))
  t.strictSame(await list(1), [keyOf(0)])
  t.strictSame(told, [
    ['2026-01-01', [keyOf(0)]],
    ['2026-01-02', [keyOf(1)]],
  ])
  await bucket.delete(tombstone)
  t.strictSame(await list(1), [keyOf(0), keyOf(1)], 'and it is back')
})

t.test('BucketListing shows a block or what replaces it', async (t) => {
  const { bucket, list, put } = await start()
  const gate = Promise.withResolvers<void>()
  bucket.gate = gate.promise
  const listing = list(0)
  // The listing of what is deleted has begun and is answered late: its blocks are listed after it.
  await put(keyOf(0, 2))
  await bucket.put(tombstoneKey(keyOf(0)), Buffer.from('x'))
  gate.resolve()
  t.strictSame(await listing, [keyOf(0, 2)])
})

t.test('BucketListing is asked by many at once, and left by some', async (t) => {
  const { bucket, list } = await start()
  const gate = Promise.withResolvers<void>()
  bucket.gate = gate.promise
  const leaving = new AbortController()
  const left = list(1, 1, { signal: leaving.signal })
  const others = [list(1), list(1)]
  leaving.abort(new Error('the client went away'))
  await t.rejects(left, { message: 'the client went away' })
  gate.resolve()
  t.strictSame(await Promise.all(others), [
    [keyOf(0), keyOf(1)],
    [keyOf(0), keyOf(1)],
  ])
  t.equal(bucket.prefixes.length, 4)
})

t.test('BucketListing forgets a listing that failed, or that nobody waited for', async (t) => {
  const { bucket, list } = await start()
  bucket.isAway = true
  await t.rejects(list(1), { message: 'bucket is away' })
  bucket.isAway = false
  t.strictSame(await list(1), [keyOf(0), keyOf(1)])
  const late = await start()
  await t.rejects(late.list(1, 1, { signal: AbortSignal.abort(new Error('gone')) }), { message: 'gone' })
  t.strictSame(await late.list(1), [keyOf(0), keyOf(1)])
})
