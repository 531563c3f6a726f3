import { Registry } from 'prom-client'
import t from 'tap'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { parseSelector } from '../profile/selector.ts'
import { type CorpusSeries, putCorpusBlock } from '../test/support/corpus-block.ts'
import { Catalog } from './catalog.ts'
import { mergeProfiles } from './merge-profiles.ts'
import { joinCaptures, processSeriesKey } from './process-series.ts'
import { selectSeries } from './select.ts'
import { flamegraph } from './views/flamegraph.ts'

const startMs = 1_795_380_000_000
const range = { startMs, endMs: startMs + 3_600_000 }
const capture = '20261129T000706Z-3f9a2c11'
const scraped = { service_name: 'shop/cart', pod: 'cart-0' }

function heapsOf(labels: Readonly<Record<string, string>>): CorpusSeries[] {
  return [{ from: 'etcd/heap', labels }]
}

t.test('what was taken beside the scrapes does not count a process twice', async (t) => {
  const common = { count: 5, stepMs: 60_000 }
  for (const [name, blocks] of [
    ['blocks of their own', [heapsOf(scraped), heapsOf({ ...scraped, capture })]],
    ['one block', [[...heapsOf(scraped), ...heapsOf({ ...scraped, capture })]]],
  ] as const) {
    const bucket = new MemoryBucket()
    for (const [index, series] of blocks.entries()) {
      await putCorpusBlock(bucket, { ...common, series, writer: `w${index}`, startMs: startMs + index })
    }
    const catalog = new Catalog({ bucket, log: silentLogger(), registry: new Registry() })
    const merged = async (selector: string) => {
      const request = { ...range, matchers: parseSelector(selector) }
      const { series } = await selectSeries((await catalog.open(request)).sources, request)
      const profile = await mergeProfiles(
        series.flatMap(({ parts }) => parts),
        range,
      )
      return { profile, series }
    }
    const both = await merged('{pod="cart-0"}')
    const alone = await merged('{pod="cart-0", capture=""}')
    t.equal(both.series.length, 2)
    t.match(both.profile.coverage, { profiles: 10, series: 1 }, name)
    const sums = ({ profile }: typeof both) =>
      profile.sampleTypes.map((_, type) => flamegraph(profile, type).sum)
    // A gauge is its average, a counter what it grew by: the same profiles twice change neither.
    t.strictSame(sums(both), sums(alone), name)
    const joined = joinCaptures(both.series)
    t.match(joined, [{ labels: scraped }])
    t.equal(joined[0]!.labels['capture'], undefined)
    t.equal(joined[0]!.parts.length, 2)
    t.equal(joinCaptures(alone.series), alone.series)
  }
})

t.test('processSeriesKey() tells processes and types apart', async (t) => {
  const heap = { pod: 'a', profile_type: 'heap' }
  t.equal(processSeriesKey({ ...heap, capture }), processSeriesKey(heap))
  t.not(processSeriesKey({ ...heap, capture, pod: 'b' }), processSeriesKey(heap))
  t.not(processSeriesKey({ ...heap, profile_type: 'cpu' }), processSeriesKey(heap))
})
