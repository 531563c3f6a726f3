import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Attempt } from '../block/attempt.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import { rowFlags } from '../block/rows.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { sortLabels } from '../profile/labels.ts'
import { createMatcher } from '../profile/matcher.ts'
import { until } from '../test/support/until.ts'
import { Storage, type StorageOptions } from './storage.ts'

const midnightMs = Date.UTC(2026, 10, 23)

function attempt(timeMs: number, instance = 'a'): Attempt {
  const labels = sortLabels([
    ['service_name', 'api'],
    ['profile_type', 'heap'],
    ['instance', instance],
  ])
  return { labels, timeMs, durationMs: 3, health: 'ok', httpStatus: 200, body: Buffer.from(`body ${timeMs}`) }
}

function optionsFor(path: string, more: Partial<StorageOptions> = {}): StorageOptions {
  return {
    path,
    bucket: new MemoryBucket(),
    logger: silentLogger(),
    registry: new Registry(),
    blockDurationMs: 86_400_000,
    reserveBytes: 4096,
    wal: { flushDelayMs: 1 },
    upload: { minBackoffMs: 1, maxBackoffMs: 5, intervalMs: 1, keepUploadedMs: 0 },
    ...more,
  }
}

async function running(storage: Storage, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const done = storage.run({ signal: stop.signal })
  try {
    await until('its log', () => storage.status().isReplayed)
    await work()
  } finally {
    stop.abort()
    await done
  }
}

const everything = { matchers: [], startMs: 0, endMs: Number.MAX_SAFE_INTEGER }

async function timesOf(blocks: Iterable<Uint8Array>, withBodies = true): Promise<number[]> {
  const times: number[] = []
  for (const bytes of blocks) {
    const reader = await openBlock(memorySource('block', bytes))
    const series = reader.select([])
    const rows = await reader.rows(series)
    for (const [i, one] of series.entries()) {
      for (let row = 0; row < rows[i]!.length; row++) {
        const timeMs = rows[i]!.timeMs[row]!
        times.push(timeMs)
        if (!withBodies || (rows[i]!.flags[row]! & rowFlags.body) === 0) continue
        const body = Buffer.from(await reader.body(one, row)).toString()
        if (body !== `body ${timeMs}`) throw new Error(`body of ${timeMs} is ${body}`)
      }
    }
  }
  return times.sort((a, b) => a - b)
}

async function bucketBlocks(bucket: MemoryBucket): Promise<{ key: string; bytes: Uint8Array }[]> {
  const blocks: { key: string; bytes: Uint8Array }[] = []
  for await (const { key, sizeBytes } of bucket.list('blocks/')) {
    blocks.push({ key, bytes: await bucket.getRange(key, 0, sizeBytes) })
  }
  return blocks
}

async function timesInBucket(bucket: MemoryBucket): Promise<number[]> {
  return timesOf((await bucketBlocks(bucket)).map(({ bytes }) => bytes))
}

t.test('an attempt is in the head at once, in a block after the cut, in the bucket after that', async (t) => {
  const path = t.testdir()
  const bucket = new MemoryBucket()
  const storage = await Storage.open(optionsFor(path, { bucket }))
  await storage.append(attempt(midnightMs + 1))
  t.strictSame(await timesOf(await storage.readHead(everything)), [midnightMs + 1], 'before run, even')
  await running(storage, async () => {
    await Promise.all([2, 3, 4].map((n) => storage.append(attempt(midnightMs + n))))
    await storage.append({ ...attempt(midnightMs + 5, 'b') })
    const head = async (more: object) =>
      timesOf(await storage.readHead({ ...everything, ...more }), !('withoutBodies' in more))
    t.strictSame(await head({ matchers: [createMatcher('instance', '=', 'b')] }), [midnightMs + 5])
    t.strictSame(await head({ withoutBodies: true, startMs: midnightMs + 5 }), [midnightMs + 5])
    await storage.cut()
    t.strictSame(await storage.readHead(everything), [])
    await until('no pending blocks', () => storage.pendingBlocks().length === 0)
    const blocks = await bucketBlocks(bucket)
    t.equal(blocks.length, 1)
    t.match(blocks[0]!.key, /^blocks\/2026-11-23\/1795392000001-1795392000005-1-[0-9a-f]{16}\.block$/)
    t.equal((await timesOf([blocks[0]!.bytes])).length, 5)
  })
  t.strictSame(readdirSync(join(path, 'pending')), [])
  t.notOk(existsSync(join(path, 'lock')))
})

t.test('blocks part at midnight UTC, whenever the attempt comes', async (t) => {
  const bucket = new MemoryBucket()
  const storage = await Storage.open(optionsFor(t.testdir(), { bucket }))
  await running(storage, async () => {
    // A clock that was set back, and a profile of yesterday that took its time.
    for (const offset of [5, -5, 8, 7, -9, 6, 3 * 86_400_000])
      await storage.append(attempt(midnightMs + offset))
    await storage.cut()
    await until('no pending blocks', () => storage.pendingBlocks().length === 0)
    const days = (await bucketBlocks(bucket)).map(({ key }) => key.split('/')[1])
    t.strictSame([...new Set(days)], ['2026-11-22', '2026-11-23', '2026-11-26'])
    for (const { bytes } of await bucketBlocks(bucket)) {
      const reader = await openBlock(memorySource('block', bytes))
      const [rows] = await reader.rows(reader.select([]))
      t.strictSame([...rows!.timeMs], [...rows!.timeMs].sort(), 'rows ascend')
    }
    const times = await timesOf((await bucketBlocks(bucket)).map(({ bytes }) => bytes))
    t.strictSame(
      times,
      [-9, -5, 5, 6, 7, 8, 3 * 86_400_000].map((offset) => midnightMs + offset),
    )
  })
})

t.test('a restart keeps the name, the numbers and everything else', async (t) => {
  const path = t.testdir()
  const bucket = new MemoryBucket()
  const seqs: number[] = []
  const writers = new Set<string>()
  for (let round = 0; round < 4; round++) {
    const storage = await Storage.open(optionsFor(path, { bucket }))
    writers.add(storage.writer)
    seqs.push((await storage.appendAt(attempt(midnightMs + round * 10))).seq)
    await running(storage, async () => {
      seqs.push((await storage.appendAt(attempt(midnightMs + round * 10 + 1))).seq)
      if (round === 1) await storage.cut()
    })
  }
  t.equal(writers.size, 1)
  t.strictSame(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
  t.equal(new Set(seqs).size, 8)
  const storage = await Storage.open(optionsFor(path, { bucket }))
  await running(storage, async () => {
    const inHead = await timesOf(await storage.readHead(everything))
    const pending = await timesOf(storage.pendingBlocks().map((block) => readFileSync(block.path)))
    await until('no pending blocks', () => storage.pendingBlocks().length === 0)
    const inBucket = await timesOf((await bucketBlocks(bucket)).map(({ bytes }) => bytes))
    t.strictSame(
      inHead,
      [20, 21, 30, 31].map((n) => midnightMs + n),
    )
    t.strictSame(
      inBucket,
      [0, 1, 10, 11].map((n) => midnightMs + n),
    )
    t.ok(pending.every((timeMs) => inBucket.includes(timeMs)))
  })
})

t.test('a bucket that is away for hours costs nothing', async (t) => {
  const path = t.testdir()
  const bucket = new MemoryBucket()
  const put = bucket.putFile.bind(bucket)
  bucket.putFile = () => Promise.reject(new Error('away'))
  const registry = new Registry()
  const options = optionsFor(path, { bucket, registry })
  const upload = { ...options.upload, keepUploadedMs: 60_000 }
  const storage = await Storage.open({ ...options, upload })
  await running(storage, async () => {
    for (let hour = 0; hour < 5; hour++) {
      await storage.append(attempt(midnightMs + hour))
      await storage.cut()
    }
    t.equal(storage.pendingBlocks().length, 5)
    t.strictSame(
      await timesOf(storage.pendingBlocks().map((block) => readFileSync(block.path))),
      [0, 1, 2, 3, 4].map((hour) => midnightMs + hour),
    )
    const metrics = await until('word of the disk', async () => {
      const text = await registry.metrics()
      return /^conprof_collector_disk_total_bytes [1-9]/m.test(text) && text
    })
    const gauge = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(metrics)?.[1])
    t.equal(gauge('conprof_storage_pending_blocks'), 5)
    const age = (Date.now() - midnightMs) / 1000
    t.ok(Math.abs(gauge('conprof_collector_oldest_pending_block_seconds') - age) < 60)
    const [free, total] = ['free', 'total'].map((name) => gauge(`conprof_collector_disk_${name}_bytes`))
    t.ok(free! > 0 && total! >= free!, `${free} of ${total} bytes are free`)
    bucket.putFile = put
    await until('the uploads', () => storage.status().pendingBlocks === 0)
    t.match(await registry.metrics(), /^conprof_collector_oldest_pending_block_seconds 0$/m)
    t.equal(storage.pendingBlocks().length, 5, 'whoever listed them can read them for a while')
    t.match(await registry.metrics(), /^conprof_storage_pending_bytes 0$/m)
    t.equal((await bucketBlocks(bucket)).length, 5)
  })
})

t.test('one that may not come back leaves nothing on its disk', async (t) => {
  const bucket = new MemoryBucket()
  const path = t.testdir()
  const storage = await Storage.open(optionsFor(path, { bucket, lastUploadMs: 60_000 }))
  await running(storage, async () => {
    await storage.append(attempt(midnightMs + 1))
    await storage.cut()
    await storage.append(attempt(midnightMs + 2))
  })
  t.same(await timesInBucket(bucket), [midnightMs + 1, midnightMs + 2])
  const next = await Storage.open(optionsFor(path, { bucket }))
  await running(next, async () => {
    t.equal(next.status().headAttempts, 0)
  })
  t.same(await timesInBucket(bucket), [midnightMs + 1, midnightMs + 2], 'and the next start adds nothing')
})

t.test('it does not wait long for a bucket that is away or stuck; the next start uploads', async (t) => {
  for (const kind of ['away', 'stuck']) {
    const bucket = new MemoryBucket()
    const putFile = bucket.putFile
    let asked = 0
    bucket.putFile = (_key, _path, { signal } = {}) => {
      asked++
      if (kind === 'away') return Promise.reject(new Error('connection refused'))
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
    const path = t.testdir()
    const storage = await Storage.open(optionsFor(path, { bucket, lastUploadMs: 1000 }))
    await running(storage, () => storage.append(attempt(midnightMs + 1)))
    t.equal(asked, 1, `${kind}: asked once`)
    bucket.putFile = putFile
    const next = await Storage.open(optionsFor(path, { bucket }))
    await running(
      next,
      async () => void (await until('the upload', () => next.oldestPendingMs() === undefined)),
    )
    t.same(await timesInBucket(bucket), [midnightMs + 1], kind)
  }
})

t.test('one process per folder', async (t) => {
  const path = t.testdir()
  const first = await Storage.open(optionsFor(path))
  writeFileSync(join(path, 'lock'), readFileSync(join(path, 'lock')))
  await t.rejects(Storage.open(optionsFor(path)), {
    code: 'LOCKED',
    message: /open storage ".*": process \d+ has it/,
  })
  await first.close()
  writeFileSync(join(path, 'lock'), '999999999 123 elsewhere\n')
  const second = await Storage.open(optionsFor(path))
  await second.close()
})

t.test('a damaged pending block and a damaged segment are kept aside, the rest is served', async (t) => {
  const path = t.testdir()
  const bucket = new MemoryBucket()
  bucket.putFile = () => Promise.reject(new Error('away'))
  const first = await Storage.open(optionsFor(path, { bucket, wal: { flushDelayMs: 1, segmentBytes: 1 } }))
  await running(first, async () => {
    await first.append(attempt(midnightMs))
    await first.cut()
    for (const n of [1, 2, 3]) await first.append(attempt(midnightMs + n))
  })
  const [block] = readdirSync(join(path, 'pending'))
  writeFileSync(join(path, 'pending', block!), 'no block')
  const segment = readdirSync(join(path, 'wal')).sort().at(-2)!
  const bytes = readFileSync(join(path, 'wal', segment))
  bytes[bytes.length - 2]! ^= 1
  writeFileSync(join(path, 'wal', segment), bytes)

  const registry = new Registry()
  const second = await Storage.open(optionsFor(path, { bucket, registry }))
  await running(second, async () => {
    t.strictSame(await timesOf(await second.readHead(everything)), [midnightMs + 1, midnightMs + 3])
    await second.cut()
    t.strictSame(
      readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.corrupt'))
        .sort(),
      [`pending/${block}.corrupt`, `wal/${segment}.corrupt`],
    )
    t.match(await registry.metrics(), /conprof_storage_wal_damage_total 1\n/)
    t.match(await registry.metrics(), /conprof_storage_damaged_pending_blocks_total 1\n/)
  })
})

t.test('the head becomes a block in time and at its size', async (t) => {
  const inTime = await Storage.open(optionsFor(t.testdir(), { blockDurationMs: 40 }))
  await running(inTime, async () => {
    await inTime.append(attempt(midnightMs))
    await until('a cut', () => inTime.status().headAttempts === 0)
  })
  const atSize = await Storage.open(optionsFor(t.testdir(), { maxHeadBytes: 200 }))
  await running(atSize, async () => {
    await Promise.all([1, 2, 3, 4].map((n) => atSize.append(attempt(midnightMs + n))))
    await until('a cut', () => atSize.status().headAttempts === 0)
  })
})

t.test('a full disk pauses appends, and a cut makes room', async (t) => {
  const script = `
    import { readFileSync, readdirSync } from 'node:fs'
    import { Registry } from 'prom-client'
    import { MemoryBucket } from './bucket/memory-bucket.ts'
    import { Storage } from './collector/storage.ts'
    import { silentLogger } from './lib/log.ts'
    import { memorySource } from './block/memory-source.ts'
    import { openBlock } from './block/open-block.ts'
    const bucket = new MemoryBucket()
    bucket.putFile = async () => { throw new Error('away') }
    const storage = await Storage.open({ path: process.argv[1], bucket, logger: silentLogger(), registry: new Registry(),
      blockDurationMs: 86_400_000, wal: { flushDelayMs: 1, segmentBytes: 1 << 20 }, reserveBytes: 1 << 20 })
    const stop = new AbortController()
    const running = storage.run({ signal: stop.signal })
    const directory = 'test/testdata/corpus/etcd/heap/'
    const bodies = readdirSync(directory).map((name) => readFileSync(directory + name))
    let acknowledged = 0, refused = 0
    const codes = new Set()
    for (let n = 0; acknowledged < 800; n++) {
      const attempt = { labels: { profile_type: 'heap', service_name: 'a' }, timeMs: 1_795_380_000_000 + n, durationMs: 1,
        health: 'ok', httpStatus: 200, body: bodies[n % bodies.length] }
      await storage.append(attempt).then(() => acknowledged++, async (error) => {
        codes.add(error.code)
        refused++
        await new Promise((resolve) => setTimeout(resolve, 50))
      })
    }
    const blocks = [...await storage.readHead({ matchers: [], startMs: 0, endMs: 2 ** 50 }), ...storage.pendingBlocks().map(({ path }) => readFileSync(path))]
    let found = 0
    for (const bytes of blocks) found += (await openBlock(memorySource('b', bytes))).meta.profileCount
    stop.abort()
    await running
    console.log(JSON.stringify({ acknowledged, found, refused, codes: [...codes], blocks: storage.pendingBlocks().length }))`
  const mount = 'mount -t tmpfs -o size=5m tmpfs "$0" && exec "$1" --input-type=module -e "$2" -- "$0"'
  const args = ['-rm', 'sh', '-c', mount, t.testdir(), process.execPath, script]
  let output: string
  try {
    output = execFileSync('unshare', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const reason = String((error as { stderr?: string }).stderr ?? error)
    if (!/unshare|mount|ENOENT/.test(reason)) throw error
    t.pass(`no file system to fill: ${reason}`, { skip: true })
    return
  }
  const { acknowledged, found, refused, codes, blocks } = JSON.parse(output)
  t.equal(found, acknowledged)
  t.ok(refused > 0 && blocks > 0)
  t.strictSame(codes, ['DISK_FULL'])
})

t.test('a folder that cannot be written is named', async (t) => {
  const path = t.testdir({ taken: 'a file' })
  await t.rejects(Storage.open(optionsFor(join(path, 'taken'))), /open storage ".*taken": ENOTDIR/)
})

t.test('an upload that never works does not keep the others waiting', async (t) => {
  const path = t.testdir()
  const bucket = new MemoryBucket()
  const put = bucket.putFile.bind(bucket)
  bucket.putFile = async (key, file) => {
    if (key.includes('1795392000000-')) throw new Error('not this one')
    await put(key, file)
  }
  const storage = await Storage.open(optionsFor(path, { bucket }))
  await running(storage, async () => {
    for (const n of [0, 1, 2]) {
      await storage.append(attempt(midnightMs + n))
      await storage.cut()
    }
    await until('a pending block', () => storage.pendingBlocks().length === 1)
    t.equal((await bucketBlocks(bucket)).length, 2)
    rmSync(storage.pendingBlocks()[0]!.path)
    await until('no pending blocks', () => storage.pendingBlocks().length === 0)
  })
})

t.test('appends and queries go on while the log is replayed', async (t) => {
  // An append waits for the disk, which a busy machine makes slow; the longer log is read again for longer than that.
  // Were they made to wait for the whole of it, no length would help.
  for (const recorded of [16_000, 64_000, 256_000]) {
    const partly = await appendWhileReplaying(t, recorded)
    if (partly > 0) return
    t.comment(`${recorded} attempts were replayed before the first append`)
  }
  t.fail('nothing went on during the replay')
})

/** Returns how many queries saw their append beside a part of the log. */
async function appendWhileReplaying(t: Test, recorded: number): Promise<number> {
  const path = t.testdir()
  const first = await Storage.open(optionsFor(path))
  await Promise.all(
    Array.from({ length: recorded }, (_, n) => first.append(attempt(midnightMs + n, `i${n % 9}`))),
  )
  await first.close()
  const second = await Storage.open(optionsFor(path))
  let partly = 0
  let appended = 0
  const stop = new AbortController()
  const done = second.run({ signal: stop.signal })
  while (!second.status().isReplayed) {
    const timeMs = midnightMs + recorded + appended++
    await second.append(attempt(timeMs, 'new'))
    const isDuring = !second.status().isReplayed
    const times = await timesOf(await second.readHead({ ...everything, withoutBodies: true }), false)
    t.equal(times.at(-1), timeMs)
    if (isDuring && times.length > appended && times.length < recorded) partly++
  }
  const times = await timesOf(await second.readHead({ ...everything, withoutBodies: true }), false)
  t.equal(times.length, recorded + appended)
  t.equal(new Set(times).size, times.length)
  const middleMs = midnightMs + recorded / 2
  const some = await second.readHead({ ...everything, startMs: middleMs, endMs: middleMs + 99 })
  // Whole groups, with their bodies.
  t.ok((await timesOf(some)).length >= 100)
  stop.abort()
  await done
  return partly
}
