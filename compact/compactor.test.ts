import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t from 'tap'
import { parseBlockKey } from '../block/block-key.ts'
import { encodeTombstone, tombstoneKey } from '../block/tombstone.ts'
import { FolderBucket } from '../bucket/folder-bucket.ts'
import {
  answersOf,
  compactAll,
  cutBlock,
  openCompactor,
  putBlocks,
  rigDay,
} from '../test/support/compaction-rig.ts'
import { WatchedBucket } from '../test/support/watched-bucket.ts'
import { Ownership } from './owner.ts'
import { dayMs } from './plan.ts'

const signal = new AbortController().signal

async function levelsIn(bucket: FolderBucket): Promise<number[]> {
  const found: number[] = []
  for await (const { key } of bucket.list('blocks/')) found.push(parseBlockKey(key)!.level)
  return found.sort()
}

const early = [0, 1, 2].flatMap((slot) => ['w1', 'w2'].map((writer) => cutBlock({ slot, writer })))
const noon = [24, 25].map((slot) => cutBlock({ slot, writer: 'w1' }))
const nextDay = [48, 49].map((slot) => cutBlock({ slot, writer: 'w1' }))
const nextDayMs = `${rigDay + dayMs}`

t.test('round() makes one block of a day, with the same answers', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, [...early, ...noon])
  const before = await answersOf(bucket)
  const registry = new Registry()
  const directory = join(folder, 'compact')
  const compactor = openCompactor(bucket, directory, { registry, limits: { maxJobSources: 6 } })
  const progress: number[] = []
  const first = await compactor.round({ signal, onProgress: (done, total) => progress.push(done / total) })
  t.same(first, { jobs: 2, deleted: 0, failures: 0 }, 'by windows, since the day is too many for one go')
  t.same(await levelsIn(bucket), [1, 1, 1, 1, 1, 1, 1, 1, 2, 2])
  t.equal(progress.at(-1), 1)
  t.same(progress, progress.toSorted())
  t.same(await answersOf(bucket), before)
  t.same(await compactor.round({ signal }), { jobs: 1, deleted: 8, failures: 0 })
  t.same(await levelsIn(bucket), [2, 2, 3])
  t.same(await answersOf(bucket), before)
  t.equal(await compactAll(compactor), 2)
  t.same(await levelsIn(bucket), [3])
  t.same(await answersOf(bucket), before)
  t.same(existsSync(directory) ? readdirSync(directory) : [], [], 'nothing stays on disk')
  const metrics = await registry.metrics()
  t.match(metrics, /^conprof_compact_jobs_total\{level="2"\} 2$/m)
  t.match(metrics, /^conprof_compact_jobs_total\{level="3"\} 1$/m)
  t.match(metrics, /^conprof_compact_deleted_blocks_total 10$/m)
  t.match(metrics, /^conprof_compact_rounds_total\{result="ok"\} 4$/m)
  t.match(metrics, /^conprof_compact_waiting_blocks\{level="1"\} 0$/m)
  t.match(metrics, /^conprof_compact_last_success_timestamp_seconds 1\d{9}/m)
  t.match(metrics, /^conprof_compact_read_bytes_total [1-9]/m)
})

t.test('sources stay for readers that know them', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, noon)
  const compactor = openCompactor(bucket, join(folder, 'compact'), { timing: { deleteDelayMs: 60_000 } })
  t.equal(await compactAll(compactor), 2)
  t.same(await levelsIn(bucket), [1, 1, 3])
  const later = { now: () => Date.now() + 61_000, timing: { deleteDelayMs: 60_000 } }
  t.equal(await compactAll(openCompactor(bucket, join(folder, 'compact'), later)), 2)
  t.same(await levelsIn(bucket), [3])
  // As a collector that was away with its pending blocks.
  await putBlocks(bucket, noon)
  const now = { timing: { deleteDelayMs: 60_000 } }
  t.equal(await compactAll(openCompactor(bucket, join(folder, 'compact'), now)), 1)
  t.same(await levelsIn(bucket), [1, 1, 3], 'what came again is not merged again')
  t.equal(await compactAll(openCompactor(bucket, join(folder, 'compact'))), 2)
  t.same(await levelsIn(bucket), [3])
})

t.test('a block that does not read stops nothing else', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, [...early, ...noon])
  const inside = early[0]!
  const bytes = inside.bytes.slice()
  bytes[bytes.length >> 2]! ^= 0xff
  await bucket.put(`blocks/${inside.key}`, bytes)
  const tail = early[1]!
  await bucket.put(`blocks/${tail.key}`, tail.bytes.subarray(0, -1))
  const newer = early[2]!.bytes.slice()
  newer.set([99], newer.length - 12)
  await bucket.put(`blocks/${early[2]!.key}`, newer)
  const registry = new Registry()
  const compactor = openCompactor(bucket, join(folder, 'compact'), { registry })
  t.match(
    await compactor.round({ signal }),
    { jobs: 0, failures: 1 },
    'what is wrong inside shows on the way',
  )
  t.match(await compactor.round({ signal }), { jobs: 1, failures: 0 })
  t.same(await levelsIn(bucket), [1, 1, 1, 1, 1, 1, 1, 1, 3])
  await compactAll(compactor)
  t.same(await levelsIn(bucket), [1, 1, 1, 3], 'the three stay')
  const metrics = await registry.metrics()
  t.match(metrics, /^conprof_compact_set_aside_blocks\{reason="unreadable"\} 2$/m)
  t.match(metrics, /^conprof_compact_set_aside_blocks\{reason="too-new"\} 1$/m)
  t.match(metrics, /^conprof_compact_failures_total\{what="job"\} 1$/m)
})

t.test('what is deleted neither takes part nor covers', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, [...noon, early[0]!])
  const deleted = tombstoneKey(noon[0]!.key)
  await bucket.put(deleted, encodeTombstone({ reason: 'size', atMs: 1, sizeBytes: 1 }))
  await compactAll(openCompactor(bucket, join(folder, 'compact')))
  t.same(await levelsIn(bucket), [1, 3])
  await t.resolves(bucket.stat(`blocks/${noon[0]!.key}`), 'it waits for whoever deleted it')
})

t.test('run() ends where another cluster compacts, and when told so', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await new Ownership({ bucket, cluster: 'west', settleMs: 1 }).claim()
  await t.rejects(openCompactor(bucket, folder).run({ signal }), { code: 'OWNED' })
  const controller = new AbortController()
  const passes = [{ name: 'end', run: async () => controller.abort() }]
  const ownership = new Ownership({ bucket, cluster: 'west', settleMs: 1 })
  await openCompactor(bucket, join(folder, 'compact'), { ownership, passes }).run({
    signal: controller.signal,
  })
})

t.test('a pass that fails is a failure of the round, and the next one runs', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  const ran: string[] = []
  const passes = [
    { name: 'first', run: () => Promise.reject(new Error('no')) },
    { name: 'second', run: async () => void ran.push('second') },
  ]
  const compactor = openCompactor(bucket, join(folder, 'compact'), { passes })
  t.same(await compactor.round({ signal }), { jobs: 0, deleted: 0, failures: 1 })
  t.same(ran, ['second'])
})

t.test('a job that fails is left for a while, and the others go on', async (t) => {
  const folder = t.testdir()
  const inner = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(inner, [...early, ...nextDay])
  let isBroken = true
  let gets = 0
  const bucket = new WatchedBucket(inner, {
    before: (operation, key) => {
      if (operation === 'get') gets++
      if (isBroken && operation === 'put' && key.includes(nextDayMs)) throw new Error('no')
    },
  })
  const registry = new Registry()
  let nowMs = Date.now()
  const compactor = openCompactor(bucket, join(folder, 'compact'), {
    registry,
    now: () => nowMs,
    timing: { deleteDelayMs: 3_600_000 },
  })
  t.match(await compactor.round({ signal }), { jobs: 1, failures: 1 })
  t.same(await levelsIn(inner), [1, 1, 1, 1, 1, 1, 1, 1, 3])
  const waiting = async () => /waiting_blocks\{level="1"\} (\d+)/.exec(await registry.metrics())?.[1]
  t.equal(await waiting(), '2')
  isBroken = false
  gets = 0
  t.match(await compactor.round({ signal }), { jobs: 0, failures: 0 }, 'not yet')
  t.equal(await waiting(), '2')
  t.ok(
    gets <= 2,
    `${gets} reads: the owner's, and the tail of what was made; what is known is not read again`,
  )
  nowMs += 11 * 60_000
  t.match(await compactor.round({ signal }), { jobs: 1, failures: 0 })
  t.equal(await waiting(), '0')
})

t.test('a day whose tails cannot be read keeps no other day', async (t) => {
  const folder = t.testdir()
  const inner = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(inner, noon)
  const dayBefore = noon.map(({ key, bytes }) => ({ key: key.replace(/^[^/]+/, '2001-01-01'), bytes }))
  for (const { key, bytes } of dayBefore) {
    const earlier = key.replace(/\d{13}/g, (ms) => `${Number(ms) - 86_400_000}`)
    await inner.put(`blocks/${earlier}`, bytes)
  }
  const bucket = new WatchedBucket(inner, {
    before: (operation, key) => {
      if (operation === 'get' && key.includes('2001-')) throw new Error('no')
    },
  })
  const compactor = openCompactor(bucket, join(folder, 'compact'))
  t.match(await compactor.round({ signal }), { jobs: 1, failures: 1 })
  const away = new WatchedBucket(inner, {
    before: (operation, key) => {
      if (operation === 'list' && key === 'blocks/') throw new Error('away')
    },
  })
  await t.rejects(openCompactor(away, join(folder, 'compact')).round({ signal }), { message: 'away' })
})
