import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { BucketReader } from '../bucket/bucket.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { BucketProbe } from './bucket-probe.ts'

t.test('readiness waits for the bucket once, and never again', async (t) => {
  const memory = new MemoryBucket()
  let isAway = true
  const bucket: BucketReader = {
    name: 'test',
    list(prefix, options) {
      if (isAway) throw new Error('list bucket test: away')
      return memory.list(prefix, options)
    },
    getRange: (key, offset, length, options) => memory.getRange(key, offset, length, options),
    stat: (key, options) => memory.stat(key, options),
  }
  const probe = new BucketProbe({ bucket, logger: silentLogger(), retryMs: 1 })
  t.match(probe.missing, 'no listing of bucket test yet')
  const stop = new AbortController()
  const running = probe.run({ signal: stop.signal })
  while (probe.missing !== 'list bucket test: away') await sleep(1)
  isAway = false
  while (probe.missing !== undefined) await sleep(1)
  isAway = true
  await sleep(20)
  t.equal(probe.missing, undefined)
  stop.abort()
  await running
})
