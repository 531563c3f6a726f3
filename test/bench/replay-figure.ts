import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import type { Attempt } from '../../block/attempt.ts'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { Storage } from '../../collector/storage.ts'
import { WalWriter } from '../../collector/wal/wal-writer.ts'
import { silentLogger } from '../../lib/log.ts'
import { attemptOf, type CorpusSeries } from './corpus.ts'
import type { Figure } from './figure.ts'

const recordCount = 40_000

/** A log of 40,000 records of the corpus's mix, replayed while attempts are appended and the head is queried. */
export async function replayFigure(corpus: readonly CorpusSeries[]): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), 'conprof-replay-'))
  try {
    const attempts = corpus.flatMap((series) => series.profiles.map((_, i) => attemptOf(series, i)))
    attempts.sort((a, b) => a.timeMs - b.timeMs)
    const logBytes = await writeLog(folder, attempts)
    const options = {
      path: folder,
      bucket: new MemoryBucket(),
      logger: silentLogger(),
      blockDurationMs: 3_600_000,
    }
    const storage = await Storage.open({
      ...options,
      registry: new Registry(),
      maxLogBytes: 2 ** 40,
      maxHeadBytes: 2 ** 40,
    })
    const stop = new AbortController()
    const start = performance.now()
    const running = storage.run({ signal: stop.signal })
    let appended = 0
    let queries = 0
    let slowestAppendMs = 0
    while (!storage.status().isReplayed) {
      const before = performance.now()
      await storage.append({ ...attempts[appended % attempts.length]!, timeMs: Date.now() })
      slowestAppendMs = Math.max(slowestAppendMs, performance.now() - before)
      appended++
      if (appended % 4 === 0) {
        const endMs = Number.MAX_SAFE_INTEGER
        await storage.readHead({ matchers: [], startMs: Date.now() - 60_000, endMs, withoutBodies: true })
        queries++
      }
      await sleep(250)
    }
    const seconds = (performance.now() - start) / 1000
    stop.abort()
    await running
    return {
      name: 'wal.replay_s',
      value: seconds,
      unit: 's',
      reach: { op: '<=', value: 30 },
      context: `${recordCount} records, ${(logBytes / 2 ** 20).toFixed(0)} MiB; meanwhile ${appended} appends (slowest ${slowestAppendMs.toFixed(0)} ms) and ${queries} queries`,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The corpus over and over; the instance tells the copies apart. */
async function writeLog(path: string, attempts: readonly Attempt[]): Promise<number> {
  await mkdir(join(path, 'wal'), { recursive: true })
  let bytes = 0
  const writer = new WalWriter({
    directory: join(path, 'wal'),
    writer: 'bench-0',
    nextSeq: 0,
    previous: { number: 0, validBytes: 0 },
    onSync: (batch) => {
      bytes += batch.bytes
    },
  })
  let pending: Promise<unknown>[] = []
  for (let i = 0; i < recordCount; i++) {
    const attempt = attempts[i % attempts.length]!
    const instance = `127.0.0.1:${6060 + Math.floor(i / attempts.length)}`
    pending.push(writer.append({ ...attempt, labels: { ...attempt.labels, instance } }))
    if (pending.length < 200) continue
    await Promise.all(pending)
    pending = []
  }
  await Promise.all(pending)
  await writer.close()
  return bytes
}
