// Answers over a fixed range while everything that holds it moves on.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Koa, { type Middleware } from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import type { BlockVersion } from '../../block/block-format.ts'
import { openBlock } from '../../block/open-block.ts'
import { rowFlags } from '../../block/rows.ts'
import type { Bucket } from '../../bucket/bucket.ts'
import { parseObjstoreConfig } from '../../bucket/objstore-config.ts'
import { openBucket } from '../../bucket/open-bucket.ts'
import { Storage } from '../../collector/storage.ts'
import { Compactor } from '../../compact/compactor.ts'
import { confirmHalt, readHalt } from '../../compact/halt.ts'
import { Ownership } from '../../compact/owner.ts'
import { parsePolicyFile } from '../../compact/policy-file.ts'
import { Retention } from '../../compact/retention.ts'
import { listStoredBlocks } from '../../compact/stored-blocks.ts'
import { storedSource } from '../../compact/stored-source.ts'
import { silentLogger } from '../../lib/log.ts'
import { sortLabels } from '../../profile/labels.ts'
import { createApi } from '../../query/api/create-api.ts'
import type { ProfilesAnswer, QueryRangeAnswer, TopAnswer } from '../../query/api/types.ts'
import { Catalog } from '../../query/catalog.ts'
import { Collectors } from '../../query/collectors/collectors.ts'
import { parseCollectorsFlag } from '../../query/collectors/collectors-flag.ts'
import { askApi } from '../support/ask-api.ts'
import { drawProfile } from '../support/drawn-profile.ts'
import { until } from '../support/until.ts'
import { startVersitygw } from '../support/versitygw.ts'

const minuteMs = 60_000
const log = silentLogger()
/** Yesterday: its windows are over. */
const dayMs = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000
const rangeMs = { start: dayMs + 3 * 3_600_000, end: dayMs + 6 * 3_600_000 }
const names = ['a', 'b'] as const
const types = ['cpu', 'heap'] as const

/** A number per minute, collector and pod that nobody would come upon by counting twice. */
function value(minute: number, name: string): number {
  return 1000 + ((minute * 7919 + name.charCodeAt(0) * 104_729) % 5000)
}

function attempt(minute: number, name: string, type: (typeof types)[number] | 'old'): Attempt {
  const labels = sortLabels([
    ['job', type === 'old' ? 'old' : 'shop'],
    ['pod', `pod-${name}`],
    ['profile_type', type === 'old' ? 'cpu' : type],
    ['service_name', `shop/${name}`],
  ])
  const v = value(minute, name)
  const timeMs = dayMs + minute * minuteMs
  const body = drawProfile({
    types: type === 'heap' ? ['alloc_space/bytes', 'inuse_space/bytes'] : ['cpu/nanoseconds'],
    stacks: {
      'main;work': type === 'heap' ? [minute * 100, v] : [v],
      [`main;case${minute % 7}`]: type === 'heap' ? [minute, 1] : [1],
    },
    timeNanos: BigInt(timeMs) * 1_000_000n,
  })
  const process = {
    containerId: `c-${name}`,
    restartCount: 0,
    startTimeMs: dayMs - 1000,
    image: 'shop',
    memoryLimitBytes: 0,
    cpuLimitMillicores: 0,
  }
  return { labels, timeMs, durationMs: 5, health: 'ok', httpStatus: 200, body, process }
}

/** One address, behind which a collector is stopped and started again on its folder. */
async function openCollector(t: Test, path: string, bucket: Bucket) {
  let listener: RequestListener | undefined
  const server = createServer((request, response) => {
    if (listener === undefined) request.socket.destroy()
    else listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const start = async (writeVersion: BlockVersion) => {
    const storage = await Storage.open({
      path,
      bucket,
      logger: log,
      registry: new Registry(),
      blockDurationMs: 86_400_000,
      writeVersion,
      reserveBytes: 0,
      wal: { flushDelayMs: 1 },
      upload: { minBackoffMs: 1, maxBackoffMs: 5, intervalMs: 20, keepUploadedMs: 1500 },
    })
    const stop = new AbortController()
    const running = storage.run({ signal: stop.signal })
    const registry = new Registry()
    const api = createApi({
      catalog: new Catalog({ log, registry }),
      head: storage,
      pending: () => storage.pendingBlocks(),
      flags: {},
      build: { version: '1', revision: '', nodeVersion: '' },
      log,
      registry,
    })
    listener = new Koa().use(api.routes() as unknown as Middleware).callback()
    return {
      storage,
      end: async () => {
        listener = undefined
        server.closeAllConnections()
        stop.abort()
        await running
      },
    }
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, start }
}

async function startQuery(t: Test, bucket: Bucket, urls: readonly string[]) {
  const registry = new Registry()
  const collectors = new Collectors({
    flags: urls.map(parseCollectorsFlag),
    patienceMs: 30_000,
    log,
    registry,
  })
  const stop = new AbortController()
  const running = collectors.run({ signal: stop.signal })
  const api = createApi({
    catalog: new Catalog({ bucket, heads: collectors.heads, listingMaxAgeMs: 500, log, registry }),
    flags: {},
    build: { version: '1', revision: '', nodeVersion: '' },
    log,
    registry,
  })
  const server = createServer(new Koa().use(api.routes() as unknown as Middleware).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    stop.abort()
    await running
    await collectors.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What answers over the range are, by arithmetic alone. */
function expected() {
  const minutes = Array.from({ length: 181 }, (_, i) => 180 + i)
  const sum = (of: (minute: number, name: string) => number) =>
    names.reduce((all, name) => all + minutes.reduce((s, minute) => s + of(minute, name), 0), 0)
  return {
    // Both stacks of each profile.
    'cpu plotted': `${sum((minute, name) => value(minute, name) + 1)}`,
    'cpu merged': `${sum((minute, name) => value(minute, name) + 1)}`,
    'heap plotted': `${sum((minute, name) => value(minute, name) + 1)}`,
    attempts: `${minutes.length * names.length * types.length}`,
  }
}

async function ask(url: string): Promise<{ answers: Record<string, string>; warnings: string[] }> {
  const range = { start: `${rangeMs.start / 1000}`, end: `${rangeMs.end / 1000}` }
  const query = (type: string) => `{job="shop", profile_type="${type}"}`
  const plot = (type: string, sampleType: string) =>
    askApi<QueryRangeAnswer>(url, 'query_range', { query: query(type), type: sampleType, ...range })
  const [cpu, heap, top, list] = await Promise.all([
    plot('cpu', 'cpu'),
    plot('heap', 'inuse_space'),
    askApi<TopAnswer>(url, 'profile', { query: query('cpu'), format: 'top', ...range }),
    askApi<ProfilesAnswer>(url, 'profiles', { query: '{job="shop"}', limit: '5000', ...range }),
  ])
  const plotted = ({ data }: typeof cpu) =>
    `${data.result.reduce((all, { values }) => all + values.reduce((s, [, v]) => s + Number(v), 0), 0)}`
  return {
    answers: {
      'cpu plotted': plotted(cpu),
      'cpu merged': top.data.total,
      'heap plotted': plotted(heap),
      attempts: `${new Set(list.data.profiles.map(({ id }) => id)).size}`,
    },
    warnings: [cpu, heap, top, list].flatMap(({ warnings }) => [...warnings]),
  }
}

t.test('the sum over a fixed range never jumps', { timeout: 600_000 }, async (t) => {
  const server = await startVersitygw(t)
  const name = await server.createBucket()
  const config = parseObjstoreConfig(
    JSON.stringify({
      type: 'S3',
      config: {
        bucket: name,
        endpoint: server.endpoint,
        insecure: true,
        access_key: server.accessKey,
        secret_key: server.secretKey,
        region: 'us-east-1',
      },
    }),
    'bucket.yaml',
  )
  const bucket = await openBucket(config, { log, registry: new Registry() })
  t.teardown(() => bucket.close())
  const dir = t.testdir({ a: {}, b: {}, compact: {} })
  const collectors = {
    a: await openCollector(t, join(dir, 'a'), bucket),
    b: await openCollector(t, join(dir, 'b'), bucket),
  }
  const running = { a: await collectors.a.start(1), b: await collectors.b.start(2) }
  t.teardown(() => Promise.all([running.a.end(), running.b.end()]))
  const url = await startQuery(t, bucket, [collectors.a.url, collectors.b.url])

  const append = async (name: (typeof names)[number], minute: number) => {
    for (const type of [...types, 'old'] as const)
      await running[name].storage.append(attempt(minute, name, type))
    if (minute % 30 === 29) await running[name].storage.cut()
  }
  // The range, and an hour at both ends.
  await Promise.all(
    names.map(async (name) => {
      for (let minute = 120; minute <= 420; minute++) await append(name, minute)
    }),
  )
  const want = expected()
  t.same((await ask(url)).answers, want, 'what the arithmetic says')

  const startMs = Date.now()
  // A tombstone's 48 hours pass in a few seconds.
  const retentionNow = () => Date.now() + (Date.now() - startMs) * 20_000
  const retention = new Retention({
    bucket,
    limits: {},
    policy: parsePolicyFile(
      JSON.stringify({
        retention: [{ match: '{job="old"}', age: '1h' }],
        thinning: [{ match: '{profile_type="heap"}', keepEvery: '10m', after: '1h' }],
      }),
      'policy.yaml',
    ),
    directory: join(dir, 'compact'),
    intervalMs: 1000,
    logger: log,
    registry: new Registry(),
    now: retentionNow,
  })
  const compactor = new Compactor({
    bucket,
    directory: join(dir, 'compact'),
    ownership: new Ownership({ bucket, cluster: 'test', settleMs: 10 }),
    passes: [],
    version: 2,
    logger: log,
    registry: new Registry(),
    timing: { graceMs: 1000, deleteDelayMs: 2500 },
  })
  const signal = new AbortController().signal

  let isOver = false
  const seen = { queries: 0, partial: 0, levels: new Set<number>(), deleted: 0, restarts: 0, thinned: 0 }
  const problems: string[] = []
  const querying = Array.from({ length: 2 }, async () => {
    while (!isOver && problems.length === 0) {
      const { answers, warnings } = await ask(url)
      seen.queries++
      // The others run in this very process.
      await sleep(50)
      if (warnings.length > 0) seen.partial++
      // A collector that is away is said to be.
      if (warnings.some((warning) => /\bcollector 127/.test(warning))) continue
      for (const [what, answer] of Object.entries(answers))
        if (answer !== want[what as keyof typeof want] || warnings.length > 0)
          problems.push(`${what}: ${answer}, want ${want[what as keyof typeof want]} ${warnings.join('; ')}`)
    }
  })
  const moving = (async () => {
    for (let minute = 421; !isOver && minute < 720; minute++) {
      for (const name of names) await append(name, minute)
      if (minute % 40 === 0) {
        const name = names[(minute / 40) % 2]!
        await running[name].end()
        running[name] = await collectors[name].start((minute / 40) % 3 === 0 ? 1 : 2)
        seen.restarts++
      }
      await sleep(5)
    }
  })()
  const compacting = (async () => {
    while (!isOver) {
      const before = await listStoredBlocks(bucket, { signal })
      for (const { level } of before) seen.levels.add(level)
      await compactor.round({ signal })
      await retention.run({ signal })
      if ((await readHalt(bucket, { signal })) !== undefined)
        await confirmHalt(bucket, { nowMs: retentionNow() })
      const after = new Set((await listStoredBlocks(bucket, { signal })).map(({ key }) => key))
      seen.deleted += before.filter(({ key }) => !after.has(key)).length
      await sleep(100)
    }
  })()
  await moving
  await until(
    'the range to be one compacted, thinned day',
    async () => {
      if (problems.length > 0) return true
      const blocks = (await listStoredBlocks(bucket, { signal })).filter(({ isDeleted }) => !isDeleted)
      const inRange = blocks.filter((b) => b.minTimeMs < rangeMs.end && b.maxTimeMs > rangeMs.start)
      seen.thinned = 0
      for (const block of inRange) seen.thinned += await countThinned(bucket, block)
      return seen.thinned > 250 && inRange.every(({ level }) => level > 2) && seen.queries > 20
    },
    300_000,
  )
  isOver = true
  await Promise.all([...querying, compacting])
  t.same(problems, [])
  t.same((await ask(url)).answers, want, 'in the end, too')
  t.ok(seen.queries > 20, `${seen.queries} queries, ${seen.partial} of them partial`)
  t.ok(seen.restarts > 5, `${seen.restarts} restarts`)
  t.ok(seen.deleted > 20, `${seen.deleted} blocks were deleted`)
  t.ok(
    [1, 2, 3].every((level) => seen.levels.has(level)),
    `levels ${[...seen.levels]}`,
  )
})

async function countThinned(bucket: Bucket, block: Parameters<typeof storedSource>[1]): Promise<number> {
  const reader = await openBlock(storedSource(bucket, block))
  const rows = await reader.rows(reader.select([]))
  return rows.reduce(
    (sum, { flags }) => sum + flags.filter((each) => (each & rowFlags.thinned) !== 0).length,
    0,
  )
}
