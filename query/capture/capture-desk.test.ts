import { Registry } from 'prom-client'
import t from 'tap'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { labelsHash, sortLabels } from '../../profile/labels.ts'
import { parseSelector } from '../../profile/selector.ts'
import { putCorpusBlock } from '../../test/support/corpus-block.ts'
import type { TargetAnswer } from '../api/types.ts'
import { Catalog } from '../catalog.ts'
import { CaptureDesk, type CaptureRequested } from './capture-desk.ts'
import { type CaptureOrder, type CaptureReport, startOfCapture } from './capture-order.ts'
import type { CaptureSource } from './capture-source.ts'

const { signal } = new AbortController()
const nowMs = Date.parse('2026-11-29T00:07:06.789Z')

function target(collector: string, pod: string): TargetAnswer {
  const labels = sortLabels([
    ['job', 'etcd'],
    ['pod', pod],
    ['profile_type', 'heap'],
    ['service_name', 'etcd'],
  ])
  return {
    collector,
    scrapePool: 'etcd',
    scrapeUrl: `http://${pod}:2379/debug/pprof/heap`,
    labels,
    discoveredLabels: {},
    profileType: 'heap',
    intervalSeconds: 60,
    timeoutSeconds: 10,
    health: 'ok',
    reason: '',
    remedy: '',
    lastScrape: 0,
    lastScrapeDurationSeconds: 0,
    lastSizeBytes: 0,
    nextScrape: 0,
  }
}

/** A collector in this process, whose orders end when the test says so, and which may be away. */
class Collector implements CaptureSource {
  readonly name: string
  readonly orders = new Map<string, CaptureReport>()
  isAway = false

  constructor(name: string) {
    this.name = name
  }

  async beginCapture(order: CaptureOrder): Promise<CaptureReport> {
    this.#answer()
    const items = order.takes.map(() => ({
      labels: {},
      state: 'running' as const,
      done: 0,
      count: order.count,
      profileIds: [],
      ...{ health: '', reason: '', remedy: '' },
    }))
    this.orders.set(order.id, { ...order, state: 'running', items })
    return this.orders.get(order.id)!
  }

  async captureReport(id: string): Promise<CaptureReport | undefined> {
    this.#answer()
    return this.orders.get(id)
  }

  async cancelCapture(id: string): Promise<boolean> {
    this.#answer()
    return this.orders.get(id)?.state === 'running'
  }

  finish(id: string): void {
    const report = this.orders.get(id)!
    const items = report.items.map((item) => ({ ...item, state: 'done' as const, done: item.count }))
    this.orders.set(id, { ...report, state: 'done', items })
  }

  #answer(): void {
    if (this.isAway) throw Object.assign(new Error('no answer within 5s'), { code: 'SILENT' })
  }
}

function start() {
  const bucket = new MemoryBucket()
  const collectors = [new Collector('collector-0'), new Collector('collector-1')]
  let ms = nowMs
  const desk = () =>
    new CaptureDesk({
      targets: async () => ({
        targets: {
          activeTargets: [target('collector-0', 'a'), target('collector-1', 'b'), target('collector-2', 'c')],
          droppedTargets: [],
        },
        warnings: [],
      }),
      sources: () => collectors,
      catalog: new Catalog({ bucket, log: silentLogger(), registry: new Registry() }),
      registry: new Registry(),
      now: () => ms,
    })
  return { bucket, collectors, desk, later: (durationMs: number) => (ms += durationMs) }
}

const wish = (selector: string, more: Partial<CaptureRequested> = {}): CaptureRequested => ({
  matchers: parseSelector(selector),
  pods: 5,
  goroutineText: false,
  seconds: 10,
  count: 2,
  ...more,
})

t.test('a capture is what all collectors say of it', async (t) => {
  const { collectors, desk } = start()
  const asked = desk()
  const { answer } = await asked.begin(wish('heap{pod=~"a|b"}', { pods: 1 }), { signal })
  t.equal(answer.items.length, 1)
  t.match(answer, { state: 'running', startedMs: nowMs, leftOut: 1, items: [{ count: 2 }] })
  t.equal(startOfCapture(answer.id), nowMs - 789)
  const [name] = answer.items.map(({ collector }) => collector)
  t.match(answer.items[0]!.labels, { capture: answer.id, profile_type: 'heap' })
  collectors.find((each) => each.name === name)!.finish(answer.id)
  const done = { state: 'done', leftOut: 1, startedMs: nowMs, items: [{ state: 'done', done: 2 }] }
  t.match((await asked.report(answer.id, { signal })).answer, done)
  t.match((await desk().report(answer.id, { signal })).answer, done, 'whoever is asked')
  await t.rejects(asked.cancel(answer.id, { signal }), { code: 'not_found' })
})

t.test('an order that does not arrive has failed, unless it did arrive', async (t) => {
  const { collectors, desk } = start()
  const asked = desk()
  collectors[1]!.isAway = true
  const { answer } = await asked.begin(wish('heap'), { signal })
  const { id } = answer
  t.match(answer.items, [
    { collector: 'collector-0', state: 'running' },
    { collector: 'collector-1', state: 'failed', health: 'away', reason: /collector-1: no answer within 5s/ },
    { collector: 'collector-2', state: 'failed', health: 'away', reason: /collector-2: it is gone/ },
  ])
  collectors[1]!.isAway = false
  await collectors[1]!.beginCapture({
    ...{ id, startedMs: nowMs, seconds: 10, count: 2, leftOut: 0 },
    takes: [{ series: labelsHash(target('collector-1', 'b').labels), kind: 'profile' }],
  })
  const { answer: later } = await asked.report(id, { signal })
  t.match(
    later.items.find(({ collector }) => collector === 'collector-1'),
    {
      state: 'running',
      labels: { pod: 'b', capture: id },
    },
  )
})

t.test('what a collector forgot is looked for in what is stored', async (t) => {
  const { bucket, collectors, desk, later } = start()
  const asked = desk()
  const { answer } = await asked.begin(wish('heap{pod=~"a|b"}'), { signal })
  const { id } = answer
  const put = (pod: string, count: number) =>
    putCorpusBlock(bucket, {
      series: [{ from: 'etcd/heap', labels: { pod, capture: id } }],
      ...{ count, startMs: nowMs, stepMs: 10_000, writer: pod },
    })
  await put('a', 2)
  await put('b', 1)

  collectors[0]!.orders.clear()
  collectors[1]!.isAway = true
  const of = async (pod: string, { from = asked } = {}) => {
    const report = await from.report(id, { signal })
    return { ...report, item: report.answer.items.find(({ labels }) => labels['pod'] === pod) }
  }
  t.match((await of('a')).item, { state: 'done', done: 2, health: '' })
  const unheard = await of('b')
  t.match(unheard.item, { state: 'running', done: 1 })
  t.match(unheard.warnings, [/^collector collector-1 is missing from this answer: no answer within 5s/])
  later(10 * 60_000)
  t.match((await of('b')).item, {
    state: 'failed',
    done: 1,
    health: 'gone',
    reason: /did not answer in time/,
  })
  t.equal((await of('b')).item!.profileIds.length, 1)

  // A query that knows nothing of it.
  const fresh = desk()
  t.match((await of('a', { from: fresh })).item, { state: 'done', done: 2, collector: '' })
  await t.rejects(fresh.report('20261129T000706Z-00000000', { signal }), { code: 'unavailable' })
  collectors[1]!.isAway = false
  await t.rejects(fresh.report('20261129T000706Z-00000000', { signal }), {
    code: 'not_found',
    message: /nobody knows it, and nothing is stored of it/,
  })
})

t.test('where nothing matches, the answer says why', async (t) => {
  const { desk } = start()
  await t.rejects(desk().begin(wish('cpu{pod="a"}'), { signal }), {
    code: 'execution',
    message: /nothing that is scraped has profile_type="cpu": profile_type is "heap"$/,
  })
  await t.rejects(desk().begin(wish('goroutine_text{pod="x"}'), { signal }), {
    message: /no target matches \{pod="x"\}: nothing that is scraped has pod="x"/,
  })
})
