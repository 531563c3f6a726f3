import { readdirSync } from 'node:fs'
import { Registry } from 'prom-client'
import t from 'tap'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { type CorpusSeries, putCorpusBlock } from '../test/support/corpus-block.ts'
import { Catalog } from './catalog.ts'
import { Overviews } from './overviews.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const at = Math.floor(Date.now() / minuteMs) * minuteMs
const signal = new AbortController().signal

function seriesOf(pod: string, restartCount: number, startTimeMs: number): CorpusSeries[] {
  const identity = { restartCount, startTimeMs, image: '', memoryLimitBytes: 0, cpuLimitMillicores: 0 }
  return ['etcd/cpu', 'etcd/heap', 'etcd/goroutine'].map((from) => ({
    from,
    labels: { namespace: 'shop', workload: 'cart', pod, container: 'main', service_name: 'shop/cart' },
    process: () => ({ ...identity, containerId: `${pod}-${restartCount}` }),
  }))
}

t.test('an overview is made of what lies around four times', async (t) => {
  const bucket = new MemoryBucket()
  const put = (writer: string, endMs: number, series: readonly CorpusSeries[], count = 5) =>
    putCorpusBlock(bucket, {
      series,
      writer,
      count,
      stepMs: minuteMs,
      startMs: endMs - (count - 1) * minuteMs,
    })
  await put('w1', at, [...seriesOf('a', 3, at - 2 * hourMs), ...seriesOf('b', 0, at - 30 * dayMs)])
  await put('w2', at - hourMs, seriesOf('b', 0, at - 30 * dayMs))
  await put('w3', at - 5 * hourMs, seriesOf('c', 0, at - 30 * dayMs))
  const aDayAgo = await put('w4', at - dayMs, seriesOf('a', 2, at - 30 * dayMs), 20)
  await put('w5', at - 7 * dayMs, seriesOf('a', 0, at - 30 * dayMs), 20)
  await put('w6', at - dayMs - 5 * minuteMs, seriesOf('z', 0, at - 30 * dayMs))
  const captured = seriesOf('b', 0, at - 30 * dayMs).map((series) => ({
    ...series,
    labels: { ...series.labels, capture: '20261129T000706Z-3f9a2c11' },
  }))
  await put('w7', at, captured)
  const fresh = () => new Overviews(new Catalog({ bucket, log: silentLogger(), registry: new Registry() }))
  const overviews = fresh()
  const { answer, warnings } = await overviews.overview(at, { signal })
  t.strictSame(warnings, [])
  t.equal(answer.workloads.length, 1)
  const [row] = answer.workloads
  t.match(row, {
    labels: { namespace: 'shop', workload: 'cart' },
    pods: 2,
    gonePods: 1,
    restarts: { hour: 0, day: 1, week: 3, last: at - 2 * hourMs },
    targets: { up: 6, failing: 0, reasons: [] },
    newest: at,
  })
  for (const measure of [row!.cores, row!.heapBytes, row!.goroutines]) {
    for (const value of Object.values(measure)) t.ok(value !== null && value > 0)
  }
  t.strictSame(await overviews.overview(at, { signal }), { answer, warnings }, 'what was kept says the same')
  t.strictSame(await fresh().overview(at, { signal }), { answer, warnings })

  // An incident of yesterday is looked at as it was.
  const before = (await fresh().overview(at - dayMs, { signal })).answer.workloads[0]
  t.match(before, { pods: 2, gonePods: 0, newest: at - dayMs })

  // A block that cannot be read is a warning, and is read once it can be.
  const key = `blocks/${aDayAgo}`
  const bytes = await bucket.getRange(key, 0, 1 << 30)
  await bucket.put(
    key,
    bytes.map((byte) => byte ^ 255),
  )
  const patient = fresh()
  const partial = await patient.overview(at, { signal })
  t.match(partial.warnings, [/^block .* is missing from this answer: /])
  t.ok(partial.answer.workloads[0]!.cores.day! < row!.cores.day!)
  t.strictSame(partial.answer.workloads[0]?.cores.now, row?.cores.now)
  await bucket.put(key, bytes)
  t.strictSame(await patient.overview(at, { signal }), { answer, warnings })
})

t.test('outside of Kubernetes counters that fell are restarts', async (t) => {
  const bucket = new MemoryBucket()
  // Recorded of one process; after the last one they begin anew.
  const recorded = readdirSync(new URL('../test/testdata/corpus/etcd/heap/', import.meta.url)).length
  const stepMs = 30 * minuteMs
  const lifeMs = recorded * stepMs
  // A block for each life: none reaches over more than one midnight, as none that is cut reaches over any.
  for (const [life, count] of [recorded, recorded, 1].entries()) {
    const startMs = at - (2 - life) * lifeMs
    const series = [{ from: 'etcd/heap', labels: { instance: '10.0.0.1:6060' } }]
    await putCorpusBlock(bucket, { series, writer: `w${life}`, count, stepMs, startMs })
  }
  const overviews = new Overviews(new Catalog({ bucket, log: silentLogger(), registry: new Registry() }))
  const { answer, warnings } = await overviews.overview(at, { signal })
  t.strictSame(warnings, [])
  const { restarts, selector } = answer.workloads[0]!
  t.equal(selector, '{service_name="etcd"}')
  t.equal(restarts.last, at)
  t.equal(restarts.hour, 1)
  const inADay = 1 + Math.floor((dayMs - 1) / lifeMs)
  t.match(restarts, { day: inADay, week: 2 })
})
