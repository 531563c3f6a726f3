import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Koa, { type Middleware } from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { Storage } from '../../collector/storage.ts'
import { silentLogger } from '../../lib/log.ts'
import { sortLabels } from '../../profile/labels.ts'
import { createApi } from '../../query/api/create-api.ts'
import { Catalog } from '../../query/catalog.ts'
import { Collectors } from '../../query/collectors/collectors.ts'
import { parseCollectorsFlag } from '../../query/collectors/collectors-flag.ts'
import { selectSeries } from '../../query/select.ts'

const beginMs = Date.UTC(2026, 10, 23, 12)
const log = silentLogger()

function attempt(n: number, instance: string): Attempt {
  const labels = sortLabels([
    ['instance', instance],
    ['profile_type', 'heap'],
  ])
  const body = Buffer.from(`body ${instance} ${n}`)
  return { labels, timeMs: beginMs + n, durationMs: 1, health: 'ok', httpStatus: 200, body }
}

/** A collector whose blocks leave for the bucket at once, and are gone from its disk the moment they are there. */
async function startCollector(t: Test, path: string, bucket: FolderBucket) {
  const storage = await Storage.open({
    path,
    bucket,
    logger: log,
    registry: new Registry(),
    blockDurationMs: 86_400_000,
    reserveBytes: 0,
    wal: { flushDelayMs: 1 },
    upload: { minBackoffMs: 1, maxBackoffMs: 5, intervalMs: 20, keepUploadedMs: 0 },
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
  const server: Server = createServer(new Koa().use(api.routes() as unknown as Middleware).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    stop.abort()
    await running
    server.closeAllConnections()
    server.close()
  })
  return { storage, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

t.test('nothing is missed and nothing twice while blocks move', async (t) => {
  const dir = t.testdir({ bucket: {}, a: {}, b: {} })
  const bucket = await FolderBucket.open(join(dir, 'bucket'))
  const names = ['a', 'b'] as const
  const started = await Promise.all(names.map((name) => startCollector(t, join(dir, name), bucket)))
  const registry = new Registry()
  const collectors = new Collectors({
    flags: started.map(({ url }) => parseCollectorsFlag(url)),
    patienceMs: 60_000,
    log,
    registry,
  })
  const stop = new AbortController()
  const running = collectors.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await running
    await collectors.close()
  })
  const catalog = new Catalog({ bucket, heads: collectors.heads, log, registry })

  const acknowledged = { a: 0, b: 0 }
  let isOver = false
  const writing = started.map(async ({ storage }, index) => {
    const name = names[index]!
    for (let n = 0; !isOver; n++) {
      await storage.append(attempt(n, name))
      acknowledged[name] = n + 1
      if (n % 7 === index) await storage.cut()
      await sleep(1)
    }
  })

  let late = 0
  const places = new Set<string>()
  const query = async () => {
    const want = { ...acknowledged }
    const endMs = beginMs + Math.max(want.a, want.b)
    const request = { matchers: [], startMs: beginMs, endMs }
    const opened = await catalog.open(request)
    // Time enough for what is pending to be uploaded and deleted.
    if (late++ % 3 === 0) await sleep(30)
    const { series, warnings } = await selectSeries(opened.sources, request)
    for (const { source } of opened.sources) places.add(source.place)
    const seen: Record<string, number[]> = { a: [], b: [] }
    for (const { labels, parts } of series) {
      for (const { reader, series: index, rows, firstRow, lastRow } of parts) {
        for (let row = firstRow; row <= lastRow; row++)
          seen[labels['instance']!]!.push(rows.timeMs[row]! - beginMs)
        const body = Buffer.from(await reader.body(index, lastRow)).toString()
        const wanted = `body ${labels['instance']} ${rows.timeMs[lastRow]! - beginMs}`
        if (body !== wanted) throw new Error(`read ${body}, want ${wanted}`)
      }
    }
    const problems = [...opened.warnings, ...warnings]
    for (const name of names) {
      const numbers = seen[name]!.sort((a, b) => a - b)
      // More may have come since the query began; but each once, and all that were there.
      const isWhole = numbers.length >= want[name] && numbers.every((number, i) => number === i)
      if (!isWhole) problems.push(`${name}: ${numbers.length} of ${want[name]}: ${numbers}`)
    }
    return problems
  }
  const startMs = performance.now()
  let queries = 0
  const isEnough = () => performance.now() - startMs > 6000 && queries > 30 && places.size === 3
  while (!isEnough() && performance.now() - startMs < 120_000) {
    const problems = (await Promise.all([query(), query(), query()])).flat()
    queries += 3
    if (problems.length === 0) continue
    t.strictSame(problems, [])
    break
  }
  isOver = true
  await Promise.all(writing)
  t.strictSame(await query(), [], 'in the end, too')
  t.ok(queries > 30, `${queries} queries of ${acknowledged.a + acknowledged.b} profiles`)
  t.strictSame([...places].sort(), ['bucket', 'head', 'pending'])
})
