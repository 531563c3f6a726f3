import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { openBlock } from '../block/open-block.ts'
import { rowFlags } from '../block/rows.ts'
import { decodeTombstone, tombstoneKey } from '../block/tombstone.ts'
import { FolderBucket } from '../bucket/folder-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { type CorpusSeries, putCorpusBlock } from '../test/support/corpus-block.ts'
import { addErasure } from './erasures.ts'
import { confirmHalt } from './halt.ts'
import { addPin, removePin } from './pins.ts'
import type { RetentionLimits } from './plan-retention.ts'
import { noPolicyFile, parsePolicyFile } from './policy-file.ts'
import { Retention } from './retention.ts'
import { rewriteBlocks } from './rewrite-blocks.ts'
import { listStoredBlocks } from './stored-blocks.ts'
import { storedSource } from './stored-source.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const startMs = Date.UTC(2026, 10, 20)
const { signal } = new AbortController()

/** A bucket with a block for each of some days, a pass over it at any time, and what that said. */
async function start(t: Test, options: { readonly limits?: RetentionLimits; readonly policy?: string } = {}) {
  const folder = t.testdir({})
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  mkdirSync(join(folder, 'work'))
  const clock = { nowMs: startMs }
  const lines: unknown[][] = []
  const logger = silentLogger()
  logger.info = (...line: unknown[]) => void lines.push(line)
  logger.warn = (...line: unknown[]) => void lines.push(line)
  const registry = new Registry()
  const { limits = {}, policy } = options
  const retention = new Retention({
    bucket,
    limits,
    policy: policy === undefined ? noPolicyFile : parsePolicyFile(policy, 'policy.yaml'),
    directory: join(folder, 'work'),
    logger,
    registry,
    now: () => clock.nowMs,
  })
  return {
    bucket,
    folder,
    clock,
    lines,
    retention,
    /** A pass so long after `startMs`. */
    passAt: async (afterMs: number) => {
      clock.nowMs = startMs + afterMs
      await retention.pass({ signal })
    },
    putDay: (day: number, series: readonly CorpusSeries[], count = 4) =>
      putCorpusBlock(bucket, {
        ...{ series, count, writer: `day ${day}` },
        startMs: startMs + day * dayMs,
        stepMs: dayMs / count,
      }),
    metric: async (name: string) => {
      const [, value] =
        new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(await registry.metrics()) ?? []
      return Number(value)
    },
    live: async () => (await listStoredBlocks(bucket)).filter(({ isDeleted }) => !isDeleted),
    tombstones: async () => {
      const found: Record<string, string> = {}
      for await (const { key } of bucket.list('deleted/')) {
        found[key] = decodeTombstone(await bucket.getRange(key, 0, 4096), key).reason
      }
      return found
    },
    /** `type namespace` of each series that is left, with how many rows and bodies. */
    holds: async () => {
      const found: Record<string, [rows: number, bodies: number]> = {}
      for (const block of await listStoredBlocks(bucket)) {
        if (block.isDeleted) continue
        const reader = await openBlock(storedSource(bucket, block))
        const all = reader.select([])
        for (const [i, rows] of (await reader.rows(all)).entries()) {
          const { profile_type, namespace = '' } = reader.labels(all[i]!)
          const name = `${profile_type} ${namespace}`.trim()
          const [rowCount, bodyCount] = found[name] ?? [0, 0]
          const bodies = rows.flags.filter((flags) => flags & rowFlags.body).length
          found[name] = [rowCount + rows.length, bodyCount + bodies]
        }
      }
      return found
    },
  }
}

const heap = { from: 'etcd/heap' }
const dev = { from: 'etcd/heap', labels: { namespace: 'dev' } }
const shop = { from: 'etcd/heap', labels: { namespace: 'shop' } }

t.test('by age: a tombstone first, and gone for good 48 h later', async (t) => {
  const { passAt, putDay, live, tombstones, bucket, metric, lines } = await start(t, {
    limits: { maxAgeMs: 5 * dayMs },
  })
  const keys = [await putDay(0, [heap]), await putDay(1, [heap])]
  await bucket.put('blocks/readme.txt', new Uint8Array(9))
  await passAt(5.7 * dayMs)
  t.equal((await live()).length, 2, 'its last profile is of 18:00')
  await passAt(5.8 * dayMs)
  t.strictSame(await tombstones(), { [tombstoneKey(keys[0]!)]: 'time' })
  t.strictSame(
    (await live()).map(({ key }) => key),
    [keys[1]],
  )
  t.match(lines.at(-1), [{ block: keys[0], reason: 'time' }, /deleted/])
  t.equal(await metric('conprof_retention_tombstoned_blocks_total{reason="time"}'), 1)
  t.equal(await metric('conprof_retention_deleted_blocks_total{reason="time"}'), 0)
  await passAt(7.7 * dayMs)
  t.equal((await listStoredBlocks(bucket)).length, 2, 'both are still there')
  await passAt(7.8 * dayMs)
  t.strictSame(
    (await listStoredBlocks(bucket)).map(({ key, isDeleted }) => [key, isDeleted]),
    [[keys[1], true]],
    'the second is the one that has a tombstone now',
  )
  t.equal(await metric('conprof_retention_deleted_blocks_total{reason="time"}'), 1)
  t.ok((await metric('conprof_retention_deleted_bytes_total{reason="time"}')) > 1000)
  await passAt(10 * dayMs)
  t.strictSame(await tombstones(), {})
  t.strictSame(await Array.fromAsync(bucket.list('')).then((all) => all.map(({ key }) => key)), [
    'blocks/readme.txt',
  ])
})

t.test('by size: the oldest first, not the newest two hours', async (t) => {
  const limits: { maxBytes?: number } = {}
  const { passAt, putDay, live, tombstones, metric } = await start(t, { limits })
  const keys: string[] = []
  for (let day = 0; day < 8; day++) keys.push(await putDay(day, [heap]))
  const [first] = await live()
  limits.maxBytes = 7 * first!.sizeBytes
  await passAt(8 * dayMs)
  const found = await tombstones()
  t.ok(Object.keys(found).length <= 2)
  t.equal(found[tombstoneKey(keys[0]!)], 'size')
  t.ok((await live()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) <= limits.maxBytes)
  t.equal(await metric('conprof_retention_halted'), 0)
})

t.test('a pass that would delete too much halts until somebody confirms it', async (t) => {
  const { passAt, putDay, live, metric, lines, bucket, retention, clock } = await start(t, {
    limits: { maxAgeMs: 5 * dayMs },
  })
  for (let day = 0; day < 8; day++) await putDay(day, [heap])
  await passAt(10 * dayMs)
  t.equal((await live()).length, 8, 'nothing is deleted')
  t.equal(await metric('conprof_retention_halted'), 1)
  t.match(lines.at(-1), [
    { blocks: 5, reasons: { time: 5 } },
    /more than 20 %; conprof block confirm-deletion/,
  ])

  const shown = await confirmHalt(bucket, { nowMs: clock.nowMs })
  t.match(shown, { blocks: 5 })
  clock.nowMs += 25 * hourMs
  await passAt(clock.nowMs - startMs)
  t.equal((await live()).length, 8, 'it was confirmed too long ago')

  await confirmHalt(bucket, { nowMs: clock.nowMs })
  clock.nowMs += dayMs
  await retention.run({ signal })
  const left = (await live()).length
  t.ok(left < 8 && left >= 2, `as much as was shown, not what has come to it since: ${left} left`)
  t.equal(await metric('conprof_retention_halted'), 0)
  t.strictSame(await Array.fromAsync(bucket.list('retention/')), [], 'good for once')
})

t.test('a day that is due is no reason to halt, however few there are', async (t) => {
  const { passAt, putDay, live, metric } = await start(t, { limits: { maxAgeMs: 2 * dayMs } })
  for (let day = 0; day < 3; day++) await putDay(day, [heap])
  await passAt(3 * dayMs)
  t.equal((await live()).length, 2)
  t.equal(await metric('conprof_retention_halted'), 0)
})

t.test('by selector: a block is rewritten without those that are too old', async (t) => {
  const policy = `retention: [{match: '{namespace="dev"}', age: 1d}, {match: '{namespace="shop"}', age: 0}]`
  const { passAt, putDay, holds, tombstones, live, lines } = await start(t, {
    limits: { maxAgeMs: 3 * dayMs },
    policy,
  })
  const key = await putDay(0, [heap, dev, shop])
  await passAt(1.7 * dayMs)
  t.strictSame(await holds(), { heap: [4, 4], 'heap dev': [4, 4], 'heap shop': [4, 4] })
  await passAt(2 * dayMs)
  t.strictSame(await holds(), { heap: [4, 4], 'heap shop': [4, 4] })
  t.strictSame(await tombstones(), { [tombstoneKey(key)]: 'selector' }, 'it can be brought back')
  t.match(await live(), [{ level: 2 }])
  const said = lines.length
  await passAt(2.5 * dayMs)
  t.equal(lines.length, said, 'and that was all')
  await passAt(4 * dayMs)
  t.strictSame(await holds(), { 'heap shop': [4, 4] })
  await passAt(400 * dayMs)
  t.strictSame(await holds(), { 'heap shop': [4, 4] }, 'for ever')
})

t.test('what is pinned stays beyond age, size and thinning', async (t) => {
  const policy = `thinning: [{keepEvery: 1d, after: 1d}]`
  const limits = { maxAgeMs: 3 * dayMs, maxBytes: Number.MAX_SAFE_INTEGER }
  const { passAt, putDay, holds, bucket } = await start(t, { limits, policy })
  await putDay(0, [heap, dev, shop], 6)
  const pin = { match: '{namespace="dev"}', startMs, endMs: startMs + 10 * hourMs, createdMs: 1 }
  await addPin(bucket, { name: 'incident-7', ...pin })
  await t.rejects(addPin(bucket, { name: 'incident-7', ...pin }), { message: /there is one of that name/ })
  await t.rejects(addPin(bucket, { name: '../x', ...pin }), { message: /want a name of small letters/ })
  await passAt(2 * dayMs)
  t.strictSame(await holds(), { heap: [6, 2], 'heap dev': [6, 4], 'heap shop': [6, 2] })
  await passAt(4 * dayMs)
  t.strictSame(await holds(), { 'heap dev': [3, 3] })
  limits.maxBytes = 10
  await passAt(5 * dayMs)
  t.strictSame(await holds(), { 'heap dev': [3, 3] })
  t.equal(await removePin(bucket, 'incident-7'), true)
  t.equal(await removePin(bucket, 'incident-7'), false)
  limits.maxBytes = Number.MAX_SAFE_INTEGER
  await passAt(4.1 * dayMs)
  t.strictSame(await holds(), {})
})

t.test('nothing is deleted while a pin cannot be read', async (t) => {
  const { passAt, putDay, live, bucket } = await start(t, { limits: { maxAgeMs: dayMs } })
  await putDay(0, [heap])
  await bucket.put('pins/broken.json', Buffer.from('{"match": "{"}'))
  await t.rejects(passAt(2 * dayMs), { message: /^read "pins\/broken.json" of bucket / })
  t.equal((await live()).length, 1)
})

t.test('snapshots are thinned out once, other profiles never', async (t) => {
  const policy = `thinning: [{keepEvery: 6h, after: 1d}]`
  const { passAt, putDay, holds, tombstones, live } = await start(t, { policy })
  await putDay(0, [{ from: 'etcd/goroutine' }, { from: 'etcd/cpu' }, heap], 24)
  await passAt(2 * dayMs)
  t.strictSame(await holds(), { goroutine: [24, 4], cpu: [24, 24], heap: [24, 8] })
  const once = await tombstones()
  t.strictSame(Object.values(once), ['thinned'])
  t.match(await live(), [{ level: 2 }])
  await passAt(2.1 * dayMs)
  t.strictSame(await tombstones(), once)
})

t.test('snapshots are found among many series of other types', async (t) => {
  const policy = `thinning: [{keepEvery: 1d, after: 1d}]`
  const { passAt, putDay, holds } = await start(t, { policy })
  const cpu = Array.from({ length: 30 }, (_, i) => ({ from: 'etcd/cpu', labels: { pod: `${i}` } }))
  await putDay(0, [...cpu, { from: 'etcd/goroutine' }], 3)
  await passAt(2 * dayMs)
  t.strictSame(await holds(), { cpu: [90, 90], goroutine: [3, 1] })
})

t.test(
  'what was erased is gone from every block, also from one that was deleted or comes later',
  async (t) => {
    const { passAt, putDay, holds, bucket, live, tombstones, retention, clock } = await start(t, {
      limits: { maxAgeMs: 2 * dayMs },
    })
    await putDay(0, [dev])
    await putDay(1, [heap, dev])
    await passAt(3 * dayMs)
    t.strictSame(Object.values(await tombstones()), ['time'])
    await addErasure(bucket, {
      match: '{namespace="dev"}',
      startMs,
      endMs: startMs + 9 * dayMs,
      createdMs: startMs,
    })
    await passAt(3.1 * dayMs)
    t.strictSame(await holds(), { heap: [4, 4] })
    t.strictSame(Object.values(await tombstones()), ['erased'], 'the deleted one is gone at once')
    await putDay(2, [dev, shop])
    await passAt(3.2 * dayMs)
    t.strictSame(await holds(), { heap: [4, 4], 'heap shop': [4, 4] })
    clock.nowMs += 1
    await retention.run({ signal })
    clock.nowMs += 1
    await putDay(2, [dev], 5)
    await retention.run({ signal })
    t.strictSame(
      await holds(),
      { heap: [4, 4], 'heap shop': [4, 4] },
      'with the next round, not the next hour',
    )
    await passAt(3.3 * dayMs)
    t.strictSame(await tombstones(), {}, 'minutes later, not days')
    t.equal((await listStoredBlocks(bucket)).length, (await live()).length)
    await passAt(31 * dayMs)
    t.strictSame(await Array.fromAsync(bucket.list('erasures/')), [], 'and is forgotten in the end')
  },
)

t.test('what was erased while a compaction ran is erased from what that made', async (t) => {
  const { passAt, putDay, holds, bucket, live, folder } = await start(t)
  await putDay(0, [heap, dev])
  await putDay(0, [dev, shop], 3)
  // As if it had read its sources before, and put its output after.
  const sources = await live()
  const elsewhere = await FolderBucket.open(join(folder, 'elsewhere'))
  for (const { key, sizeBytes } of sources)
    await elsewhere.put(`blocks/${key}`, await bucket.getRange(`blocks/${key}`, 0, sizeBytes))
  const options = { bucket: elsewhere, directory: join(folder, 'work'), level: 2, signal }
  const { outputs } = await rewriteBlocks(sources, options)

  const erasure = { match: '{namespace="dev"}', startMs, endMs: startMs + dayMs, createdMs: startMs }
  await addErasure(bucket, erasure)
  await passAt(dayMs)
  t.strictSame(await holds(), { heap: [4, 4], 'heap shop': [3, 3] })
  for (const { key, meta } of outputs)
    await bucket.put(`blocks/${key}`, await elsewhere.getRange(`blocks/${key}`, 0, meta.sizeBytes))
  t.match(await holds(), { 'heap dev': [7, 7] })
  await passAt(dayMs + 1)
  const left = await holds()
  t.equal(left['heap dev'], undefined)
  t.ok('heap' in left && 'heap shop' in left)
})

t.test('one damaged block does not keep the others', async (t) => {
  const policy = `retention: [{match: '{namespace="dev"}', age: 1d}]`
  const { passAt, putDay, holds, bucket, metric } = await start(t, { policy })
  const key = await putDay(0, [heap])
  await putDay(1, [heap, dev])
  await bucket.put(`blocks/${key}`, new Uint8Array(100))
  await passAt(3 * dayMs)
  t.equal(await metric('conprof_retention_failures_total'), 1)
  await bucket.delete(`blocks/${key}`)
  t.strictSame(await holds(), { heap: [4, 4] })
})

t.test('run() makes a pass an hour, and sooner after one that failed', async (t) => {
  const { retention, clock, putDay, live, bucket } = await start(t, { limits: { maxAgeMs: dayMs } })
  await retention.run({ signal })
  await putDay(0, [heap])
  clock.nowMs += 1.9 * dayMs
  await bucket.put('pins/broken.json', Buffer.from('{'))
  await t.rejects(retention.run({ signal }))
  await bucket.delete('pins/broken.json')
  clock.nowMs += 1
  await retention.run({ signal })
  t.equal((await live()).length, 0)
  await putDay(0, [dev], 5)
  clock.nowMs += hourMs - 10
  await retention.run({ signal })
  t.equal((await live()).length, 1)
  clock.nowMs += 10
  await retention.run({ signal })
  t.equal((await live()).length, 0)
})
