import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import type { Bucket } from '../../bucket/bucket.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { Storage } from '../../collector/storage.ts'
import { silentLogger } from '../../lib/log.ts'
import { attemptNumber, readCorpus } from './crash-plan.ts'

/**
 * Stores attempts one after the other until it is killed, and writes to a file what it did:
 * `try <n>`, `ack <n>`, `synced <segment> <bytes>`, `cut`. Says `ready`, then waits for the line
 * `go <path> <bucket> <file> <first n> <healthy|slow|away>`.
 */
const corpus = readCorpus()
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const [word, path = '', bucketPath = '', report = '', first = '0', weather = 'healthy'] = line.split(' ')
  if (word !== 'go') continue
  const file = openSync(report, 'w')
  await store(path, bucketPath, {
    firstNumber: Number(first),
    weather,
    say: (text) => writeSync(file, `${text}\n`),
  })
}

async function store(
  path: string,
  bucketPath: string,
  options: { readonly firstNumber: number; readonly weather: string; readonly say: (text: string) => void },
): Promise<void> {
  const { firstNumber, weather, say } = options
  const bucket = underWeather(await FolderBucket.open(bucketPath), weather)
  const logger = silentLogger()
  logger.info = (_fields: unknown, message?: string) => {
    if (message === 'block cut') say('cut')
  }
  logger.error = (fields: unknown, message?: string) => {
    say(`error ${message ?? fields}`)
  }
  const storage = await Storage.open({
    path,
    bucket,
    logger,
    registry: new Registry(),
    blockDurationMs: 100,
    reserveBytes: 0,
    wal: {
      segmentBytes: 512 * 1024,
      flushDelayMs: 2,
      flushBytes: 256 * 1024,
      onSync: ({ segment, syncedBytes }) => say(`synced ${segment} ${syncedBytes}`),
    },
    upload: { minBackoffMs: 10, maxBackoffMs: 40, intervalMs: 5, keepUploadedMs: 20 },
  })
  storage.run({ signal: new AbortController().signal }).catch((error: unknown) => say(`error ${error}`))
  let n = firstNumber
  const loop = async () => {
    for (;;) {
      const own = n++
      say(`try ${own}`)
      await storage.append(attemptNumber(own, corpus))
      say(`ack ${own}`)
      await sleep(10)
    }
  }
  await Promise.all(Array.from({ length: 6 }, loop))
}

/** Not in place of a bucket: in front of one. */
function underWeather(bucket: Bucket, weather: string): Bucket {
  const inner = bucket.putFile.bind(bucket)
  bucket.putFile = async (key, path, options) => {
    if (weather === 'away') throw new Error('bucket is away')
    if (weather === 'slow') await sleep(80, undefined, { signal: options?.signal })
    await inner(key, path, options)
    // The block may be there without the collector knowing.
    if (weather === 'slow') await sleep(40, undefined, { signal: options?.signal })
  }
  return bucket
}
