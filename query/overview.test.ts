import t from 'tap'
import { type MadeRow, madeRows } from '../test/support/made-rows.ts'
import { type OverviewInput, overview as overviewOf } from './overview.ts'
import { lifeOf, pastSeries, recentSeries } from './overview-series.ts'
import type { RowRef } from './series-values.ts'

interface MadeSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly refs: readonly RowRef[]
}

interface MadeInput {
  readonly lastHour: readonly MadeSeries[]
  readonly day: readonly MadeSeries[]
  readonly week: readonly MadeSeries[]
  readonly lives: readonly MadeSeries[]
  readonly seen: OverviewInput['seen']
}

const at = 1_800_000_000_000
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const atMs = { now: at, hour: at - hourMs, day: at - dayMs, week: at - 7 * dayMs }
const windowMs = 10 * minuteMs

/** Reads the rows of each as a query would. */
function overview({ lastHour = [], day = [], week = [], lives = [], seen = [] }: Partial<MadeInput>) {
  const past = (endMs: number) => (each: MadeSeries) =>
    pastSeries(each.labels, each.refs, { endMs, windowMs })
  return overviewOf({
    ...{ atMs, windowMs, seen },
    lastHour: lastHour.map(({ labels, refs }) => recentSeries(labels, refs, { atMs, windowMs })),
    day: day.map(past(atMs.day)),
    week: week.map(past(atMs.week)),
    lives: lives.map(({ labels, refs }) => lifeOf(labels, refs, atMs.week)),
  })
}

function ofPod(pod: string, type: string, rows: readonly MadeRow[], more = {}): MadeSeries {
  const profileType = type === 'inuse_space' ? 'heap' : type
  const labels = { namespace: 'shop', pod, profile_type: profileType, workload: 'cart', ...more }
  return { labels, refs: madeRows(type, rows) }
}

t.test('overview() sums the pods of a workload at each of four times', async (t) => {
  const cpu = (endMs: number, cores: number): MadeRow[] =>
    // Two profiles in the window of half a minute each, and one before it that does not count.
    [11, 6, 1].map((minutes) => ({
      at: endMs - minutes * minuteMs,
      total: (minutes === 11 ? 99 : cores) * 30e9,
      coveredMs: 30_000,
    }))
  const gauge = (endMs: number, value: number): MadeRow[] => [
    { at: endMs - 2 * minuteMs, total: 1 },
    { at: endMs - minuteMs, total: value },
  ]
  const { workloads, windowSeconds } = overview({
    lastHour: [
      ofPod('a', 'cpu', [...cpu(atMs.hour, 0.5), ...cpu(at, 1)]),
      ofPod('b', 'cpu', cpu(at, 0.25)),
      ofPod('a', 'inuse_space', [...gauge(atMs.hour, 700), ...gauge(at, 1000)]),
      ofPod('b', 'inuse_space', gauge(at, 50)),
      ofPod('a', 'goroutine', gauge(at, 12)),
    ],
    day: [
      ofPod('z', 'cpu', cpu(atMs.day, 2)),
      ofPod('z', 'inuse_space', gauge(atMs.day, (2n ** 60n) as never)),
    ],
    week: [ofPod('y', 'goroutine', gauge(atMs.week, 9)), ofPod('y', 'cpu', [], { workload: 'gone' })],
    seen: [{ labels: { namespace: 'shop', pod: 'z', workload: 'cart' }, newestMs: atMs.day }],
  })
  t.equal(windowSeconds, 600)
  t.equal(workloads.length, 1, 'what was last there a week ago is no row')
  t.match(workloads[0], {
    labels: { namespace: 'shop', workload: 'cart' },
    selector: '{namespace="shop", workload="cart"}',
    cores: { now: 1.25, hour: 0.5, day: 2, week: null },
    heapBytes: { now: 1050, hour: 700, day: 2 ** 60, week: null },
    goroutines: { now: 12, hour: null, day: null, week: 9 },
    pods: 2,
    gonePods: 1,
    targets: { up: 5, failing: 0, reasons: [] },
    newest: at - minuteMs,
  })
})

t.test('overview() tells what fails from what is idle', async (t) => {
  const [row] = overview({
    lastHour: [
      ofPod('a', 'cpu', [{ at, health: 'empty', durationMs: 10_000 }]),
      ofPod('b', 'cpu', [{ at, health: 'busy' }]),
      ofPod('a', 'mutex', [{ at, health: 'unsupported' }]),
      ofPod('a', 'heap', [
        { at: at - 1, total: 1 },
        { at, health: 'refused' },
      ]),
      ofPod('b', 'heap', [{ at, health: 'refused' }]),
      ofPod('b', 'goroutine', [{ at, health: 'http-5xx' }]),
      ofPod('c', 'goroutine', [{ at: at - 11 * minuteMs, health: 'timeout' }]),
    ],
  }).workloads
  t.strictSame(row?.targets, {
    up: 2,
    failing: 3,
    reasons: [
      { health: 'refused', count: 2 },
      { health: 'http-5xx', count: 1 },
    ],
  })
  t.equal(row?.cores.now, 0, 'an idle process uses nothing, which is a value')
  t.equal(row?.pods, 1, 'with a profile')
  t.equal(row?.gonePods, 0, 'none of the others ever had one')
})

t.test('overview() names rows by what there is, and by cluster where there are several', async (t) => {
  const series = (labels: Record<string, string>): MadeSeries => ({
    labels,
    refs: madeRows('goroutine', [{ at, total: 1 }]),
  })
  const rows = (...all: Record<string, string>[]) =>
    overview({ lastHour: all.map(series) }).workloads.map(({ selector }) => selector)
  const inCluster = { cluster: 'eu', namespace: 'shop', workload: 'cart', service_name: 'x', job: 'y' }
  t.strictSame(rows(inCluster, { cluster: 'eu', service_name: 'x', job: 'y' }, { cluster: 'eu', job: 'y' }), [
    '{job="y"}',
    '{namespace="shop", workload="cart"}',
    '{service_name="x"}',
  ])
  t.strictSame(rows(inCluster, { ...inCluster, cluster: 'us' }), [
    '{cluster="eu", namespace="shop", workload="cart"}',
    '{cluster="us", namespace="shop", workload="cart"}',
  ])
  t.strictSame(rows({ a: 'b' }), ['{}'])
  t.strictSame(overview({}).workloads, [])
})

t.test('overview() counts restarts that it sees, that were counted, and that counters tell', async (t) => {
  const process = (restartCount: number, startTimeMs: number) => ({
    process: { containerId: `c${restartCount}`, restartCount, startTimeMs },
  })
  const row = (more: Partial<MadeInput>) => overview(more).workloads[0]?.restarts
  const started = at - 20 * minuteMs
  const now = [
    ofPod('a', 'cpu', [
      { at: at - 30 * minuteMs, total: 1, ...process(7, 1) },
      { at: at - minuteMs, total: 1, ...process(8, started) },
    ]),
    ofPod('a', 'goroutine', [{ at: at - minuteMs, total: 1, ...process(8, started) }]),
  ]
  t.strictSame(row({ lastHour: now }), { hour: 1, day: 8, week: 8, last: started }, 'a pod of today')
  t.strictSame(
    row({
      lastHour: now,
      day: [ofPod('a', 'cpu', [{ at: atMs.day, total: 1, ...process(6, 1) }])],
      week: [ofPod('a', 'cpu', [{ at: atMs.week, total: 1, ...process(2, 1) }])],
    }),
    { hour: 1, day: 2, week: 6, last: started },
  )
  const quiet = ofPod('a', 'cpu', [{ at: at - minuteMs, total: 1, ...process(3, at - 5 * hourMs) }])
  const aWeekAgo = [ofPod('a', 'cpu', [{ at: atMs.week, total: 1, ...process(2, 1) }])]
  t.strictSame(
    row({ lastHour: [quiet], week: aWeekAgo }),
    { hour: 0, day: 1, week: 1, last: at - 5 * hourMs },
    'what was counted has its time by its start',
  )
  const old = ofPod('a', 'cpu', [{ at: at - minuteMs, total: 1, ...process(3, at - 30 * hourMs) }])
  t.strictSame(
    row({ lastHour: [old], week: aWeekAgo }),
    { hour: 0, day: 0, week: 1, last: at - 30 * hourMs },
    'a process that began before the day was not restarted in it',
  )
  const fell = (...hours: number[]) =>
    ofPod(
      'a',
      'alloc_space',
      [
        { at: atMs.week, total: 1 },
        ...hours.map((ago) => ({ at: at - ago * hourMs, total: 1, isReset: true })),
      ],
      { profile_type: 'heap' },
    )
  const uncounted = ofPod('a', 'alloc_space', [{ at: at - 1, total: 1 }], { profile_type: 'heap' })
  t.strictSame(
    row({ lastHour: [uncounted], lives: [fell(50, 30, 20)] }),
    { hour: 0, day: 1, week: 3, last: at - 20 * hourMs },
    'nobody counts outside of Kubernetes',
  )
})

t.test('overview() has what changed most first', async (t) => {
  const heap = (workload: string, now: number | undefined, before: number): MadeSeries =>
    ofPod(
      workload,
      'inuse_space',
      [{ at: atMs.hour, total: before }, ...(now === undefined ? [] : [{ at, total: now }])],
      { workload },
    )
  const mib = 1024 * 1024
  const rows = overview({
    lastHour: [
      heap('steady', 900 * mib, 900 * mib),
      heap('small', 5 * mib, mib),
      heap('grown', 800 * mib, 400 * mib),
      heap('shrunk', 100 * mib, 800 * mib),
      heap('gone', undefined, 800 * mib),
    ],
  }).workloads
  t.strictSame(
    rows.map(({ labels }) => labels['workload']),
    ['gone', 'shrunk', 'grown', 'small', 'steady'],
  )
})
