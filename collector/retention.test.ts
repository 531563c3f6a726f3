import { Registry } from 'prom-client'
import t from 'tap'
import { formatBlockKey } from '../block/block-key.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { Retention, selectExpired } from './retention.ts'

const hourMs = 3_600_000
const nowMs = Date.UTC(2026, 10, 23, 12)

function stored(ageHours: number, sizeBytes = 100) {
  const maxTimeMs = nowMs - ageHours * hourMs
  const id = String(ageHours).padStart(16, '0')
  const key = `blocks/${formatBlockKey({ minTimeMs: maxTimeMs - 1000, maxTimeMs, level: 1, id })}`
  return { key, sizeBytes, maxTimeMs }
}

t.test('selectExpired() takes the oldest first, by age and by size, never the newest', async (t) => {
  const blocks = [stored(1), stored(50), stored(10), stored(3), stored(30)]
  const ages = (limits: object) =>
    selectExpired(blocks, limits, nowMs).map(({ block, reason }) => [
      (nowMs - block.maxTimeMs) / hourMs,
      reason,
    ])
  t.strictSame(ages({}), [])
  t.strictSame(ages({ maxAgeMs: 30 * hourMs }), [[50, 'time']], 'at the limit is not over it')
  t.strictSame(ages({ maxBytes: 500 }), [])
  t.strictSame(ages({ maxBytes: 250 }), [
    [50, 'size'],
    [30, 'size'],
    [10, 'size'],
  ])
  t.strictSame(ages({ maxAgeMs: 40 * hourMs, maxBytes: 399 }), [
    [50, 'time'],
    [30, 'size'],
  ])
  t.strictSame(
    ages({ maxBytes: 0 }).map(([age]) => age),
    [50, 30, 10, 3],
    'the block of the last hour stays',
  )
})

t.test('Retention deletes whole blocks and says which and why', async (t) => {
  const bucket = new MemoryBucket()
  const blocks = [stored(1), stored(50), stored(10, 300), stored(3)]
  for (const { key, sizeBytes } of blocks) await bucket.put(key, new Uint8Array(sizeBytes))
  await bucket.put('blocks/readme.txt', new Uint8Array(1000))
  const lines: unknown[] = []
  const logger = silentLogger()
  logger.level = 'info'
  logger.info = (fields: unknown) => void lines.push(fields)
  const registry = new Registry()
  const limits = { maxAgeMs: 40 * hourMs, maxBytes: 450 }
  const retention = new Retention({ bucket, limits, logger, registry })
  const expired = await retention.deleteExpired({ nowMs })
  t.equal(expired.length, 2)
  const left: string[] = []
  for await (const { key } of bucket.list('')) left.push(key)
  t.strictSame(left, [blocks[3]!.key, blocks[0]!.key, 'blocks/readme.txt'])
  t.match(lines, [
    { block: blocks[1]!.key, reason: 'time', sizeBytes: 100 },
    { block: blocks[2]!.key, reason: 'size', sizeBytes: 300 },
  ])
  const metrics = await registry.metrics()
  t.match(metrics, 'conprof_retention_deleted_blocks_total{reason="time"} 1')
  t.match(metrics, 'conprof_retention_deleted_bytes_total{reason="size"} 300')
  t.strictSame(await retention.deleteExpired({ nowMs }), [])
})

t.test('run() goes on after a round that failed', async (t) => {
  const bucket = new MemoryBucket()
  await bucket.put(stored(50).key, new Uint8Array(1))
  const list = bucket.list.bind(bucket)
  bucket.list = () => {
    throw new Error('away')
  }
  const stop = new AbortController()
  const retention = new Retention({
    bucket,
    limits: { maxAgeMs: hourMs },
    logger: silentLogger(),
    registry: new Registry(),
    intervalMs: 1,
  })
  const running = retention.run({ signal: stop.signal })
  await new Promise((resolve) => setTimeout(resolve, 20))
  bucket.list = list
  for (let i = 0; i < 500; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    if ((await Array.fromAsync(bucket.list(''))).length === 0) break
  }
  t.strictSame(await Array.fromAsync(bucket.list('')), [])
  stop.abort()
  await running
})
