import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { Registry } from 'prom-client'
import t from 'tap'
import type { BlockReader } from '../../block/block-reader.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { readBodies } from '../../block/read-bodies.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { Storage } from '../../collector/storage.ts'
import { silentLogger } from '../../lib/log.ts'
import { profileId } from '../../profile/labels.ts'
import { attemptNumber, numberOf, readCorpus, seededRandom } from './crash-plan.ts'

const kills = 52
const lanes = 2
const seed = Number(process.env['CONPROF_SEED'] ?? Date.now() % 1_000_000)
const corpus = readCorpus()

/** One row as a check sees it. */
interface Seen {
  readonly n: number
  readonly origin: string
  readonly id: string
}

interface Child {
  readonly process: ChildProcess
  readonly closed: Promise<unknown[]>
  readonly ready: Promise<void>
}

function startChild(): Child {
  const path = fileURLToPath(new URL('./child.ts', import.meta.url))
  const child = spawn(process.execPath, [path], {
    // Without what a test runner would load into it.
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ready = once(child.stdout, 'data').then(() => {})
  return { process: child, closed: once(child, 'close'), ready }
}

/** What a child wrote down until it was killed. */
interface Report {
  readonly acknowledged: number[]
  readonly synced: Map<number, number>
  readonly errors: string[]
  highestTried: number
}

function readReport(path: string): Report {
  const report: Report = { acknowledged: [], synced: new Map(), errors: [], highestTried: -1 }
  if (!existsSync(path)) return report
  // A line that was not finished was not said.
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const [word, first, second] = line.split(' ')
    if (word === 'ack') report.acknowledged.push(Number(first))
    if (word === 'try') report.highestTried = Math.max(report.highestTried, Number(first))
    if (word === 'synced') report.synced.set(Number(first), Number(second))
    if (word === 'error') report.errors.push(line)
  }
  return report
}

async function kill(child: Child): Promise<void> {
  child.process.kill('SIGKILL')
  const [, signal] = await child.closed
  if (signal !== 'SIGKILL') throw new Error('the child ended by itself')
}

/** The page cache survives a kill, so what a power cut would take is cut off here. */
function tearLastSegment(
  walDirectory: string,
  synced: ReadonlyMap<number, number>,
  random: () => number,
): void {
  if (!existsSync(walDirectory)) return
  const name = readdirSync(walDirectory)
    .filter((file) => file.endsWith('.wal'))
    .sort()
    .at(-1)
  if (name === undefined) return
  const safeBytes = synced.get(Number.parseInt(name, 10))
  const path = join(walDirectory, name)
  const sizeBytes = statSync(path).size
  // Not written by this child, or only its header, which was synced with the file.
  if (safeBytes === undefined) return
  if (safeBytes > sizeBytes) throw new Error(`${name} has ${sizeBytes} bytes, ${safeBytes} were synced`)
  const keptBytes = safeBytes + Math.floor(random() * (sizeBytes - safeBytes + 1))
  truncateSync(path, keptBytes)
  // A file system may have noted the new length before the bytes came.
  if (random() < 0.3) appendFileSync(path, Buffer.alloc(Math.ceil(random() * 5000)))
}

async function readRows(reader: BlockReader): Promise<Seen[]> {
  const seen: Seen[] = []
  const selected = reader.select([])
  const allRows = await reader.rows(selected)
  for (const [i, series] of selected.entries()) {
    const rows = allRows[i]!
    const labels = reader.labels(series)
    const bodies = new Map<number, Uint8Array>()
    for await (const { row, bytes } of readBodies(reader, series, rows)) bodies.set(row, bytes)
    for (let row = 0; row < rows.length; row++) {
      const timeMs = rows.timeMs[row]!
      const n = numberOf(timeMs)
      const expected = attemptNumber(n, corpus)
      const id = profileId(timeMs, labels)
      if (id !== profileId(timeMs, expected.labels)) throw new Error(`attempt ${n} has other labels`)
      const body = bodies.get(row)
      const isSame =
        expected.body === undefined
          ? body === undefined
          : body !== undefined && bodyBytes(expected.body).equals(body)
      if (!isSame) throw new Error(`attempt ${n} has another body`)
      seen.push({ n, id, origin: `${rows.writers[rows.writer[row]!]} ${rows.seq[row]}` })
    }
  }
  return seen
}

const inflated = new Map<string, Buffer>()

function bodyBytes(body: Uint8Array): Buffer {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return Buffer.from(body)
  const key = createHash('sha1').update(body).digest('hex')
  const known = inflated.get(key) ?? gunzipSync(body)
  inflated.set(key, known)
  return known
}

/** Everything in head, `pending/` and bucket; blocks never change, so each is read once. */
async function readEverything(
  path: string,
  bucketPath: string,
  known: Map<string, Seen[]>,
): Promise<{ seen: Seen[]; pending: number; head: number }> {
  const bucket = await FolderBucket.open(bucketPath)
  // The checker itself must change nothing.
  bucket.putFile = async () => {
    throw new Error('away')
  }
  const logger = silentLogger()
  logger.error = (fields: unknown, message?: string) => {
    throw new Error(`storage complains: ${message ?? fields}`)
  }
  const storage = await Storage.open({
    path,
    bucket,
    logger,
    registry: new Registry(),
    blockDurationMs: 86_400_000,
    reserveBytes: 0,
  })
  const stop = new AbortController()
  const running = storage.run({ signal: stop.signal })
  const ended = running.then(() => true)
  while (!storage.status().isReplayed) {
    if (await Promise.race([ended, sleep(1)])) throw new Error('storage ended before its log was replayed')
  }
  const keys = new Set<string>()
  const readOnce = async (key: string, read: () => Promise<Uint8Array>) => {
    keys.add(key)
    if (!known.has(key)) known.set(key, await readRows(await openBlock(memorySource(key, await read()))))
  }
  const seen: Seen[] = []
  const heads = await storage.readHead({
    matchers: [],
    startMs: 0,
    endMs: Number.MAX_SAFE_INTEGER,
  })
  for (const bytes of heads) seen.push(...(await readRows(await openBlock(memorySource('head', bytes)))))
  const head = seen.length
  const pending = storage.pendingBlocks()
  for (const { key, path } of pending) await readOnce(`blocks/${key}`, async () => readFileSync(path))
  for await (const { key, sizeBytes } of bucket.list('blocks/')) {
    await readOnce(key, () => bucket.getRange(key, 0, sizeBytes))
  }
  stop.abort()
  await running
  for (const key of keys) seen.push(...known.get(key)!)
  return { seen, head, pending: pending.length }
}

/** How fast a machine comes to its first cut differs; kills around it are the ones that tell most. */
async function untilCut(reportPath: string, child: Child): Promise<void> {
  let isClosed = false
  void child.closed.then(() => (isClosed = true))
  for (let i = 0; i < 3000 && !isClosed; i++) {
    if (existsSync(reportPath) && readFileSync(reportPath, 'utf8').includes('\ncut\n')) return
    await sleep(10)
  }
}

async function lane(
  index: number,
  directory: string,
  stop: AbortController,
): Promise<Record<string, number>> {
  const random = seededRandom(seed + index)
  const path = join(directory, 'data')
  const bucketPath = join(directory, 'bucket')
  const reportPath = join(directory, 'report')
  const acknowledged = new Set<number>()
  const known = new Map<string, Seen[]>()
  const figures = { kills: 0, acknowledged: 0, head: 0, pending: 0, blocks: 0 }
  let nextNumber = 0
  for (let round = 0; round < kills / lanes && !stop.signal.aborted; round++) {
    const child = startChild()
    await Promise.race([child.ready, child.closed])
    const weather = ['healthy', 'slow', 'away'][Math.floor(random() * 3)]!
    child.process.stdin?.write(`go ${path} ${bucketPath} ${reportPath} ${nextNumber} ${weather}\n`)
    if (round % 2 === 0) await untilCut(reportPath, child)
    // Now and then while it has hardly begun to read what the one before left.
    await sleep(random() * [300, 500, 300, 60][round % 4]!)
    await kill(child)
    const report = readReport(reportPath)
    rmSync(reportPath, { force: true })
    tearLastSegment(join(path, 'wal'), report.synced, random)
    const about = `lane ${index}, kill ${round}, seed ${seed}`
    if (report.errors.length > 0) throw new Error(`${about}: ${report.errors[0]}`)
    for (const n of report.acknowledged) acknowledged.add(n)
    nextNumber = Math.max(nextNumber, report.highestTried + 1)

    const { seen, head, pending } = await readEverything(path, bucketPath, known)
    const numbers = new Set(seen.map(({ n }) => n))
    const missing = [...acknowledged].filter((n) => !numbers.has(n))
    if (missing.length > 0) throw new Error(`${about}: acknowledged and gone: ${missing.slice(0, 20)}`)
    for (const key of ['id', 'origin'] as const) {
      const values = seen.map((one) => one[key])
      if (new Set(values).size === values.length) continue
      const twice = values.filter((value, i) => values.indexOf(value) !== i)
      throw new Error(`${about}: ${twice.length} times twice, by ${key}: ${twice.slice(0, 5)}`)
    }
    figures.kills++
    figures.head += head
    figures.pending += pending
  }
  return { ...figures, acknowledged: acknowledged.size, blocks: known.size }
}

t.test(`kill -9 while scraping, cutting and uploading (seed ${seed})`, { timeout: 240_000 }, async (t) => {
  const directory = t.testdir(Object.fromEntries(Array.from({ length: lanes }, (_, i) => [`lane${i}`, {}])))
  t.comment(`seed ${seed}; CONPROF_SEED=${seed} brings it back`)
  const stop = new AbortController()
  const settled = await Promise.allSettled(
    Array.from({ length: lanes }, async (_, i) => {
      try {
        return await lane(i, join(directory, `lane${i}`), stop)
      } catch (error) {
        stop.abort()
        throw error
      }
    }),
  )
  for (const result of settled) if (result.status === 'rejected') throw result.reason
  const results = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  for (const result of results) t.comment(JSON.stringify(result))
  const sum = (key: string) => results.reduce((total, result) => total + result[key]!, 0)
  t.ok(sum('kills') >= 50)
  t.ok(sum('acknowledged') > 500, 'it did store')
  t.ok(sum('head') > 0 && sum('pending') > 0 && sum('blocks') > 10, 'kills met all three places')
})
