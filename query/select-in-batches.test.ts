import { Registry } from 'prom-client'
import t from 'tap'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { cutBlock, putBlocks, rigDay } from '../test/support/compaction-rig.ts'
import { Catalog } from './catalog.ts'
import { selectSeries } from './select.ts'
import { selectInBatches } from './select-in-batches.ts'

t.test('selectInBatches() finds what selectSeries() finds, a part at a time', async (t) => {
  const bucket = new MemoryBucket()
  const blocks = ['w1', 'w2', 'w3'].flatMap((writer) => [0, 1].map((slot) => cutBlock({ slot, writer })))
  await putBlocks(bucket, blocks)
  const catalog = new Catalog({ bucket, log: silentLogger(), registry: new Registry() })
  const request = { matchers: [], startMs: rigDay, endMs: rigDay + 2 * 3_600_000 }
  const { sources } = await catalog.open(request)
  const whole = await selectSeries(sources, request)
  t.equal(whole.series.length, 3 * 2 * 3)
  const draw = ({ series }: typeof whole) =>
    series.map(({ labels, parts }) => [
      labels,
      parts.map(({ rows, firstRow, lastRow }) => rows.timeMs.subarray(firstRow, lastRow + 1)),
    ])
  for (const [maxRowBytes, isSplit] of [
    [1, true],
    [200, true],
    [1 << 20, false],
  ] as const) {
    const batches = []
    for await (const batch of selectInBatches(sources, request, { maxRowBytes })) batches.push(batch)
    t.equal(batches.length > 1, isSplit)
    t.strictSame(batches.flatMap(draw), draw(whole))
  }
})
